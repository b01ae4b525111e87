using System.Runtime.CompilerServices;
using System.Threading;

// The image's own are assembly; these stand in for them.
namespace HvKernel.Cpu;

/// <summary>Words that several processors write, by the runtime's own means.</summary>
public static unsafe class Atomic
{
    public static uint Exchange(uint* place, uint value) => Interlocked.Exchange(ref Unsafe.AsRef<uint>(place), value);

    public static uint CompareExchange(uint* place, uint value, uint expected) =>
        Interlocked.CompareExchange(ref Unsafe.AsRef<uint>(place), value, expected);

    public static void Fence() => Interlocked.MemoryBarrier();
}
