using System.Runtime;
using System.Runtime.CompilerServices;

namespace HvKernel.Cpu;

/// <summary>Descriptor-table registers and segment selectors of this processor. Bodies: boot/asm/cpu.asm.</summary>
public static unsafe class Descriptors
{
    [RuntimeImport("*", "HvkSgdt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void StoreGdtr(DescriptorTable* table);

    [RuntimeImport("*", "HvkSidt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void StoreIdtr(DescriptorTable* table);

    [RuntimeImport("*", "HvkLidt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void LoadIdtr(DescriptorTable* table);

    [RuntimeImport("*", "HvkReadCs")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ushort ReadCs();

    [RuntimeImport("*", "HvkReadSs")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ushort ReadSs();

    [RuntimeImport("*", "HvkReadDs")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ushort ReadDs();

    [RuntimeImport("*", "HvkReadEs")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ushort ReadEs();

    [RuntimeImport("*", "HvkReadFs")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ushort ReadFs();

    [RuntimeImport("*", "HvkReadGs")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ushort ReadGs();

    [RuntimeImport("*", "HvkReadTr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ushort ReadTr();

    [RuntimeImport("*", "HvkReadLdtr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ushort ReadLdtr();
}
