using System.Runtime;
using System.Runtime.CompilerServices;

namespace HvKernel.Cpu;

/// <summary>The control registers of this processor as they are now. Bodies: boot/asm/cpu.asm.</summary>
public static class ControlRegisters
{
    [RuntimeImport("*", "HvkReadCr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr0();

    [RuntimeImport("*", "HvkWriteCr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr0(ulong value);

    [RuntimeImport("*", "HvkReadCr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr2();

    [RuntimeImport("*", "HvkWriteCr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr2(ulong value);

    [RuntimeImport("*", "HvkReadCr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr3();

    [RuntimeImport("*", "HvkReadCr4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr4();

    [RuntimeImport("*", "HvkWriteCr4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr4(ulong value);

    [RuntimeImport("*", "HvkReadCr8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadCr8();

    [RuntimeImport("*", "HvkReadDr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadDr0();

    [RuntimeImport("*", "HvkWriteDr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr0(ulong value);

    [RuntimeImport("*", "HvkReadDr1")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadDr1();

    [RuntimeImport("*", "HvkWriteDr1")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr1(ulong value);

    [RuntimeImport("*", "HvkReadDr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadDr2();

    [RuntimeImport("*", "HvkWriteDr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr2(ulong value);

    [RuntimeImport("*", "HvkReadDr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadDr3();

    [RuntimeImport("*", "HvkWriteDr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr3(ulong value);

    [RuntimeImport("*", "HvkReadDr7")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadDr7();

    [RuntimeImport("*", "HvkReadDr6")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadDr6();

    [RuntimeImport("*", "HvkWriteDr6")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr6(ulong value);

    /// <summary>Sets DR0 to DR3 to 0.</summary>
    [RuntimeImport("*", "HvkClearBreakpointAddresses")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void ClearBreakpointAddresses();
}
