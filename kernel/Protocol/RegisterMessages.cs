using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>Sixteen general registers in the manual's order.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct GuestRegisters
{
    public ulong Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15;
}

/// <summary>Reply to <see cref="MessageType.ReadRegisters"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct RegistersReply
{
    public ReplyHeader Header;
    public GuestRegisters General;
    public ulong Rip, Rflags;
    public ushort Cs, Ss, Ds, Es, Fs, Gs, Tr, Ldtr;
    public ulong FsBase, GsBase, KernelGsBase, TrBase;
    public ulong GdtrBase, IdtrBase;
    public ushort GdtrLimit, IdtrLimit;
    public uint Reserved;
    public ulong Cr0, Cr2, Cr3, Cr4, Efer, Dr7;
}

/// <summary>Registers that <see cref="MessageType.WriteRegister"/> can change; 0 to 15 are <see cref="GuestRegisters"/> in order.</summary>
public enum RegisterId : uint
{
    Rax = 0, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15,
    Rip = 16,
    Rflags = 17,
}

/// <summary>Request <see cref="MessageType.WriteRegister"/>; needs a stopped guest.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct WriteRegisterRequest
{
    public uint Processor;
    public RegisterId Register;
    public ulong Value;
}

/// <summary>Request <see cref="MessageType.ReadMsr"/> (the value is ignored) and <see cref="MessageType.WriteMsr"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct MsrRequest
{
    public uint Processor;
    public uint Index;
    public ulong Value;
}

/// <summary>Reply to <see cref="MessageType.ReadMsr"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct MsrReply
{
    public ReplyHeader Header;
    public ulong Value;
}
