namespace HvKernel.Cpu;

/// <summary>What the entry stubs leave on the stack (boot/asm/interrupts.asm), from the lowest address.</summary>
public struct HostFrame
{
    public ulong R15, R14, R13, R12, R11, R10, R9, R8, Rdi, Rsi, Rbp, Rbx, Rdx, Rcx, Rax;
    public ulong Vector;
    public ulong ErrorCode;
    public ulong Rip;
    public ulong Cs;
    public ulong Rflags;
    public ulong Rsp;
    public ulong Ss;
}
