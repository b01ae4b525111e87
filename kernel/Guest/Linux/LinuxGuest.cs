using HvKernel.Memory;

namespace HvKernel.Guest.Linux;

/// <summary>
/// Everything that is known of the Linux kernel in the guest. Plain values only: addresses of the guest and offsets in its image, no
/// pointer of ours, so that it may be kept for as long as the kernel runs.
/// </summary>
public struct LinuxGuest
{
    // Documentation/arch/x86/x86_64/mm.rst: the regions' places where they are not randomised.
    internal const ulong DefaultDirectMap = 0xFFFF_8880_0000_0000;
    internal const ulong DefaultVmemmap = 0xFFFF_EA00_0000_0000;
    private const ulong LinkedAt = 0xFFFF_FFFF_8100_0000;

    public LinuxImage Image;

    /// <summary>How to translate kernel addresses, from any context: the guest's mode with the root of its init_top_pgt.</summary>
    public GuestPaging Kernel;

    /// <summary>page_offset_base: where all physical memory is mapped, address by address.</summary>
    public ulong DirectMap;

    /// <summary>vmemmap_base: where the array of struct page begins.</summary>
    public ulong Vmemmap;

    public KallsymsTables Tables;
    public LinuxSymbols Symbols;
    public LinuxOffsets Offsets;

    /// <summary>BTF, as an offset in the image; and its length in bytes.</summary>
    public uint BtfOffset;
    public uint BtfSize;

    /// <summary>Elements of __per_cpu_offset that count: nr_cpu_ids.</summary>
    public uint Processors;

    /// <summary>The kernel isolates page tables (KPTI): each address space has a second root, at its first plus 4 KiB.</summary>
    public bool PageTableIsolation;

    /// <summary>How far KASLR moved the kernel from the address it was linked at.</summary>
    public readonly ulong Slide => Image.Base - LinkedAt;

    /// <summary>The kernel's own variable of this name: physical = address in the image - 0xFFFFFFFF80000000 + this, modulo 2^64.</summary>
    public readonly ulong PhysBase => Image.Physical - (Image.Base - LinuxImage.RegionStart);

    /// <summary>
    /// Looks for a Linux kernel, in the state of one stopped processor, and fills in <paramref name="guest"/>, which is complete only if the
    /// result is Found. Reads some 10 million bytes of the guest's image; needs nothing but the guest's memory.
    /// </summary>
    public static DiscoveryResult Discover<TMemory>(ref TMemory memory, in GuestState state, ref LinuxGuest guest)
        where TMemory : struct, IPhysicalMemory
        => LinuxDiscovery.Run(ref memory, in state, ref guest);

    /// <summary>The image's bytes as they are now. False when they are no longer in guest RAM.</summary>
    public readonly unsafe bool TryOpenImage<TMemory>(ref TMemory memory, out ImageBytes bytes)
        where TMemory : struct, IPhysicalMemory
    {
        var start = memory.Map(Image.Physical, Image.Size);
        bytes = new ImageBytes(start, start == null ? 0 : Image.Size);
        return start != null;
    }

    /// <summary>The kernel's symbol table, for as long as the memory stays mapped.</summary>
    public readonly bool TryOpenSymbols<TMemory>(ref TMemory memory, out Kallsyms symbols)
        where TMemory : struct, IPhysicalMemory
    {
        var opened = TryOpenImage(ref memory, out var bytes);
        symbols = new Kallsyms(in bytes, Image.Base, in Tables);
        return opened && Tables.Form != KallsymsForm.None;
    }

    /// <summary>
    /// The root of an address space in the form in which it identifies it: the kernel half's root, without PCID, the no-flush bit and
    /// the LAM bits. Two values of CR3 are of one address space if this is the same for both.
    /// </summary>
    /// <remarks>Without page-table isolation bit 12 belongs to the address: kernels after 6.12 then allocate single pages for roots.</remarks>
    public readonly ulong PageRoot(ulong cr3)
    {
        var root = cr3 & PageRootPair.AddressBits;
        return PageTableIsolation ? root & ~PageRootPair.PairBit : root;
    }

    /// <summary>Whether two values of CR3 are of one address space.</summary>
    public readonly bool SamePageRoot(ulong one, ulong other) => PageRoot(one) == PageRoot(other);
}
