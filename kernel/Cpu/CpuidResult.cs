namespace HvKernel.Cpu;

/// <summary>Four registers that CPUID fills, in the order in which boot/asm/cpu.asm stores them.</summary>
public struct CpuidResult
{
    public uint Eax;
    public uint Ebx;
    public uint Ecx;
    public uint Edx;
}
