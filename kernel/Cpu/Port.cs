using System.Runtime;
using System.Runtime.CompilerServices;

namespace HvKernel.Cpu;

/// <summary>I/O ports, a byte at a time. Bodies: boot/asm/cpu.asm.</summary>
public static class Port
{
    [RuntimeImport("*", "HvkIn8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern byte In8(ushort port);

    [RuntimeImport("*", "HvkOut8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Out8(ushort port, byte value);
}
