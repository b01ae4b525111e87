using HvKernel.Memory;

namespace HvKernel.Guest.Linux;

/// <summary>The steps from IA32_LSTAR to a known kernel. Each failure has its name, and leaves the guest untouched.</summary>
internal static class LinuxDiscovery
{
    private const uint MostProcessors = 8192;

    // X86_FEATURE_PTI: word 7, bit 11 of the kernel's capability words; its place has not changed since it was introduced.
    private const uint IsolationWord = 7;
    private const uint IsolationBit = 1 << 11;

    public static DiscoveryResult Run<TMemory>(ref TMemory memory, in GuestState state, ref LinuxGuest guest)
        where TMemory : struct, IPhysicalMemory
    {
        guest = default;
        if (state.Paging.Mode is not (GuestPagingMode.Level4 or GuestPagingMode.Level5))
            return DiscoveryResult.NotLongMode;
        if (state.Lstar == 0)
            return DiscoveryResult.LstarNotSet;
        if (state.Lstar is < LinuxImage.RegionStart or >= LinuxImage.RegionEnd)
            return DiscoveryResult.LstarNotKernel;

        guest.Kernel = state.Paging.WithRoot(LinuxImage.KernelRoot(ref memory, state.Paging, state.Lstar));
        if (!LinuxImage.TryFind(ref memory, in guest.Kernel, state.Lstar, out guest.Image))
            return DiscoveryResult.ImageNotFound;
        if (!guest.TryOpenImage(ref memory, out var image))
            return DiscoveryResult.ImageNotRam;

        var result = ReadSymbols(in image, state.Lstar, ref guest);
        if (result == DiscoveryResult.Found)
            result = ReadTypes(in image, ref guest);
        if (result == DiscoveryResult.Found)
            result = ReadVariables(ref memory, in image, state.Lstar, ref guest);
        return result;
    }

    private static DiscoveryResult ReadSymbols(in ImageBytes image, ulong lstar, ref LinuxGuest guest)
    {
        if (!KallsymsFinder.TryFind(in image, guest.Image.Base, out guest.Tables))
            return DiscoveryResult.KallsymsNotFound;
        var symbols = new Kallsyms(in image, guest.Image.Base, in guest.Tables);
        if (!LinuxSymbols.TryRead(in symbols, out guest.Symbols))
            return DiscoveryResult.SymbolMissing;
        if (guest.Symbols.EntrySyscall != lstar)
            return DiscoveryResult.EntryMismatch;

        var banner = guest.Symbols.Banner - guest.Image.Base;
        return banner < image.Length && image.StartsWith((uint)banner, "Linux version "u8) ? DiscoveryResult.Found : DiscoveryResult.BannerMismatch;
    }

    private static DiscoveryResult ReadTypes(in ImageBytes image, ref LinuxGuest guest)
    {
        var offset = guest.Symbols.StartBtf - guest.Image.Base;
        guest.BtfOffset = (uint)offset;
        if (guest.Symbols.StartBtf == 0 || offset >= image.Length || !Btf.TryOpen(in image, (uint)offset, out var btf))
        {
            // The symbol is the linker's, and not all versions list those.
            if (!Btf.TryFind(in image, out guest.BtfOffset, out btf))
                return DiscoveryResult.BtfNotFound;
        }
        guest.BtfSize = btf.Size;
        return LinuxOffsets.TryRead(in btf, out guest.Offsets) ? DiscoveryResult.Found : DiscoveryResult.MemberMissing;
    }

    private static DiscoveryResult ReadVariables<TMemory>(ref TMemory memory, in ImageBytes image, ulong lstar, ref LinuxGuest guest)
        where TMemory : struct, IPhysicalMemory
    {
        guest.DirectMap = Value(in image, in guest, guest.Symbols.PageOffsetBase, LinuxGuest.DefaultDirectMap);
        guest.Vmemmap = Value(in image, in guest, guest.Symbols.VmemmapBase, LinuxGuest.DefaultVmemmap);
        guest.Symbols.CurrentTask += guest.Offsets.HotCurrentTask;

        // From here on the kernel's own root, which is never freed, in place of that of whatever process was current.
        guest.Kernel = guest.Kernel.WithRoot(guest.Symbols.KernelRoot - guest.Image.Base + guest.Image.Physical);
        if (!guest.Image.Contains(guest.Symbols.KernelRoot)
            || GuestPageWalk.Translate(ref memory, in guest.Kernel, lstar, out var walk) != GuestWalkResult.Mapped
            || walk.Physical != lstar - guest.Image.Base + guest.Image.Physical)
            return DiscoveryResult.RootMismatch;

        // "swapper", and a processor's number later on.
        var comm = guest.Symbols.InitTask + guest.Offsets.TaskComm - guest.Image.Base;
        if (comm >= image.Length || !image.StartsWith((uint)comm, "swapper"u8))
            return DiscoveryResult.InitTaskMismatch;

        var processors = (uint)Value(in image, in guest, guest.Symbols.ProcessorCount, MostProcessors);
        guest.Processors = processors is 0 or > MostProcessors ? MostProcessors : processors;
        var capability = guest.Symbols.BootProcessor + guest.Offsets.ProcessorCapability + IsolationWord * 4;
        guest.PageTableIsolation = ((uint)Value(in image, in guest, capability, 0) & IsolationBit) != 0;
        return DiscoveryResult.Found;
    }

    // A variable of the image; `otherwise` when there is none.
    private static ulong Value(in ImageBytes image, in LinuxGuest guest, ulong address, ulong otherwise)
        => address != 0 && guest.Image.Contains(address) ? image.UInt64((uint)(address - guest.Image.Base)) : otherwise;
}
