using HvKernel.Memory;

namespace HvKernel.Guest.Linux;

/// <summary>Where the guest kernel's image lies. Linux maps it as one run of physical memory, 2-MiB aligned at both ends.</summary>
public struct LinuxImage
{
    /// <summary>The region of the kernel's image mapping: __START_KERNEL_map up to the modules (x86 mm.rst of the kernel's documentation).</summary>
    public const ulong RegionStart = 0xFFFF_FFFF_8000_0000;
    public const ulong RegionEnd = 0xFFFF_FFFF_C000_0000;

    private const ulong Step = 2 << 20;
    private const ulong MaximumSize = 256 << 20;

    // With page-table isolation the kernel unmaps its freed initialisation code, which lies before the uninitialised data.
    private const ulong MaximumHole = 32 << 20;

    /// <summary>The linear address of the image's first byte, _text.</summary>
    public ulong Base;

    /// <summary>The guest-physical address of <see cref="Base"/>.</summary>
    public ulong Physical;

    /// <summary>Bytes, from the first mapped page to the last.</summary>
    public uint Size;

    public readonly bool Contains(ulong address) => address - Base < Size;

    /// <summary>
    /// Finds the extent of the image around <paramref name="inside"/>, an address in its code, by asking the guest's page tables every
    /// 2 MiB. Returns false when that address is not mapped.
    /// </summary>
    public static bool TryFind<TMemory>(ref TMemory memory, in GuestPaging paging, ulong inside, out LinuxImage image)
        where TMemory : struct, IPhysicalMemory
    {
        image = default;
        var start = inside & ~(Step - 1);
        if (!TryPhysical(ref memory, in paging, start, out var physical))
            return false;

        var steps = MaximumSize / Step;
        for (; steps > 0 && start > RegionStart; steps--)
        {
            if (!TryPhysical(ref memory, in paging, start - Step, out var below) || below != physical - Step)
                break;
            start -= Step;
            physical -= Step;
        }

        var end = Step;
        for (var offset = Step; offset < MaximumSize && start + offset < RegionEnd && offset - end < MaximumHole; offset += Step)
        {
            if (!TryPhysical(ref memory, in paging, start + offset, out var here))
                continue;
            if (here != physical + offset)
                break;
            end = offset + Step;
        }

        image.Base = start;
        image.Physical = physical;
        image.Size = (uint)end;
        return true;
    }

    /// <summary>
    /// The root of the kernel's own page tables, given a CR3 value that may hold the user half's root of a kernel with page-table
    /// isolation (<see cref="PageRootPair"/>): of the two candidates the one under which more of the kernel around
    /// <paramref name="inside"/> is mapped. The user half maps the entry code and little else.
    /// </summary>
    public static ulong KernelRoot<TMemory>(ref TMemory memory, in GuestPaging paging, ulong inside)
        where TMemory : struct, IPhysicalMemory
    {
        var root = paging.Cr3 & PageRootPair.AddressBits;
        var other = root & ~PageRootPair.PairBit;
        if (other == root)
            return root;
        return MappedAround(ref memory, paging.WithRoot(other), inside) > MappedAround(ref memory, paging.WithRoot(root), inside) ? other : root;
    }

    private static int MappedAround<TMemory>(ref TMemory memory, in GuestPaging paging, ulong inside)
        where TMemory : struct, IPhysicalMemory
    {
        const int Reach = 8;
        var mapped = 0;
        for (var i = -Reach; i <= Reach; i++)
        {
            if (TryPhysical(ref memory, in paging, (inside & ~(Step - 1)) + (ulong)i * Step, out _))
                mapped++;
        }
        return mapped;
    }

    private static bool TryPhysical<TMemory>(ref TMemory memory, in GuestPaging paging, ulong address, out ulong physical)
        where TMemory : struct, IPhysicalMemory
    {
        var result = GuestPageWalk.Translate(ref memory, in paging, address, out var walk);
        physical = walk.Physical;
        return result == GuestWalkResult.Mapped;
    }
}
