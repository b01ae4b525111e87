using HvKernel.Memory;

namespace HvKernel.Guest;

/// <summary>What lies at a page-table root and at its neighbour, the address with bit 12 inverted.</summary>
public enum PageRootKind : byte
{
    /// <summary>The root itself is not in guest RAM.</summary>
    NotRam,

    /// <summary>One root for user and kernel mode: the neighbour is something else.</summary>
    Single,

    /// <summary>Two roots of one address space, the lower one with the kernel in full, the upper one for user mode.</summary>
    Pair,
}

/// <summary>
/// Tells, without knowing the guest's OS, whether an address space has two roots as in Linux' page-table isolation: an aligned pair of
/// 4-KiB pages whose user halves hold the same entries.
/// </summary>
public static unsafe class PageRootPair
{
    /// <summary>The bits of CR3 that hold the root's address in the 64-bit modes: neither PCID, nor bit 63, nor the LAM bits 61 and 62.</summary>
    public const ulong AddressBits = 0x000F_FFFF_FFFF_F000;

    /// <summary>The bit in which the two roots of a pair differ.</summary>
    public const ulong PairBit = 1 << 12;

    private const ulong Present = 1;

    // The kernel half's copies forbid execution; accessed and dirty bits are set by whoever walks first.
    private const ulong Ignored = (1UL << 63) | (1 << 5) | (1 << 6);
    private const int UserEntries = 256;

    /// <summary>
    /// Classifies the root in <paramref name="cr3"/> (of a 64-bit mode). A pair has all 256 user-half entries equal but for the
    /// no-execute, accessed and dirty bits, and at least one of them present.
    /// </summary>
    public static PageRootKind Classify<TMemory>(ref TMemory memory, ulong cr3)
        where TMemory : struct, IPhysicalMemory
    {
        var root = cr3 & AddressBits;
        var here = (ulong*)memory.Map(root, UserEntries * sizeof(ulong));
        if (here == null)
            return PageRootKind.NotRam;
        var there = (ulong*)memory.Map(root ^ PairBit, UserEntries * sizeof(ulong));
        if (there == null)
            return PageRootKind.Single;

        var present = false;
        for (var i = 0; i < UserEntries; i++)
        {
            var entry = here[i];
            if (((entry ^ there[i]) & ~Ignored) != 0)
                return PageRootKind.Single;
            present |= (entry & Present) != 0;
        }
        return present ? PageRootKind.Pair : PageRootKind.Single;
    }
}
