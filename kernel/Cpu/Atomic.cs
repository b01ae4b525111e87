using System.Runtime;
using System.Runtime.CompilerServices;

namespace HvKernel.Cpu;

/// <summary>Words that several processors write. Bodies: boot/asm/atomic.asm. Each is also a fence for the processor and for the compiler.</summary>
public static unsafe class Atomic
{
    /// <summary>Writes a value and answers the one before.</summary>
    [RuntimeImport("*", "HvkExchange")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern uint Exchange(uint* place, uint value);

    /// <summary>Writes a value where <paramref name="expected"/> stands, and answers what stood there.</summary>
    [RuntimeImport("*", "HvkCompareExchange")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern uint CompareExchange(uint* place, uint value, uint expected);

    /// <summary>Stores before it are seen by others before loads behind it are made.</summary>
    [RuntimeImport("*", "HvkFence")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Fence();
}
