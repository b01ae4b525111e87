using System.Runtime;
using System.Runtime.CompilerServices;

namespace HvKernel.Guests.Lab;

/// <summary>Memory that is handed out and never taken back, in pages and in small blocks. Addresses are virtual, in the direct map.</summary>
internal unsafe struct Pool
{
    public const int PageBytes = 4096;
    private const ulong HeaderBytes = 16;

    private byte* _next;
    private byte* _end;
    private byte* _small;
    private ulong _smallLeft;

    /// <summary>Starts over page-aligned memory.</summary>
    public void Initialize(byte* start, ulong bytes)
    {
        this = default;
        _next = start;
        _end = start + bytes;
    }

    /// <summary>The same, of which nothing small was handed out yet, once physical addresses are valid in the direct map only.</summary>
    public readonly Pool InDirectMap()
    {
        Pool moved = default;
        moved._next = KernelSpace.At((ulong)_next);
        moved._end = KernelSpace.At((ulong)_end);
        return moved;
    }

    /// <summary>Consecutive zeroed pages. The guest ends where there are none left: its scenarios ask for too much.</summary>
    public byte* Pages(ulong count)
    {
        var taken = _next;
        if (count * PageBytes > (ulong)(_end - _next))
        {
            Fatal.Stop("out of memory: fewer scenarios in one boot"u8);
        }

        _next += count * PageBytes;
        var words = (ulong*)taken;
        for (ulong i = 0; i < count * PageBytes / 8; i++)
        {
            words[i] = 0;
        }

        return taken;
    }

    /// <summary>Two consecutive pages, the first at an even page number.</summary>
    public byte* Pair()
    {
        if (((ulong)_next & PageBytes) != 0)
        {
            Pages(1);
        }

        return Pages(2);
    }

    /// <summary>
    /// The kernel's allocation routine for its objects: kind, bytes and a four-letter tag, in the registers in which Windows' takes them.
    /// </summary>
    [RuntimeExport("LabAllocate")]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static byte* Allocate(ulong kind, ulong bytes, uint tag)
    {
        var kernel = Machine.Current()->Kernel;
        var block = kernel->Pool.Small(bytes);
        *(uint*)block = tag;
        *(ulong*)(block + 8) = bytes;
        kernel->LastBlock = block + HeaderBytes;
        return kernel->LastBlock;
    }

    /// <summary>The tag of a block that <see cref="Allocate"/> gave out.</summary>
    public static uint TagOf(byte* block) => *(uint*)(block - HeaderBytes);

    /// <summary>Takes the block back that was given out last, of that many bytes.</summary>
    public void TakeBack(ulong bytes)
    {
        var taken = SmallBytes(bytes);
        _small -= taken;
        _smallLeft += taken;
    }

    private static ulong SmallBytes(ulong bytes) => (bytes + HeaderBytes + 15) & ~15UL;

    private byte* Small(ulong bytes)
    {
        var needed = SmallBytes(bytes);
        if (needed > _smallLeft)
        {
            var pages = (needed + PageBytes - 1) / PageBytes;
            _small = Pages(pages);
            _smallLeft = pages * PageBytes;
        }

        var block = _small;
        _small += needed;
        _smallLeft -= needed;
        return block;
    }
}
