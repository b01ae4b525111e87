using System.Runtime.InteropServices;

namespace HvKernel.Cpu;

/// <summary>Operand of LGDT, SGDT, LIDT, SIDT in 64-bit mode: 16 bits of limit, 64 bits of base.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DescriptorTable
{
    public ushort Limit;
    public ulong Base;
}
