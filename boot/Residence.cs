using HvKernel.Boot.Uefi;
using HvKernel.Breakpoints;
using HvKernel.Cpu;
using HvKernel.Events;
using HvKernel.Events.Code;
using HvKernel.Events.Scripts;
using HvKernel.Link;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Boot;

/// <summary>Which step of preparing the resident part failed.</summary>
public enum ResidenceResult : byte
{
    Ready = 0,
    NoLoadedImage,
    NoReservedMemory,
    PoolTooSmall,
    BadRelocation,
    NoMemoryMap,
    NoOrders,
}

/// <summary>
/// Prepares what stays in memory after the firmware is gone: reserved pages, the relocated copy of the image, page tables, the EPT and one
/// place for each processor. Nothing runs there yet.
/// </summary>
public static unsafe class Residence
{
    // Ranges whose memory type is not uniform: the first GiB and the one below 4 GiB on every PC, and a few more on large ones.
    private const ulong SplitGigabytes = 16;
    private const ulong SplitLargePages = 48;

    /// <summary>Fills reserved memory; <paramref name="machine"/> points into it where the answer is Ready.</summary>
    public static ResidenceResult Prepare(in Firmware firmware, in VmxCapabilities capabilities, Configuration* configuration, in SurvivingLog log, uint processors, out Machine* machine)
    {
        machine = null;
        var self = firmware.Self;
        if (self == null)
        {
            return ResidenceResult.NoLoadedImage;
        }

        RamMap ram = default;
        if (!firmware.ReadMemoryMap(ref ram))
        {
            return ResidenceResult.NoMemoryMap;
        }

        var image = new PeImage((byte*)self->ImageBase);
        var bytes = BytesNeeded(image, capabilities, ram.End, processors);
        var start = Reserve(firmware, bytes);
        if (start == 0)
        {
            return ResidenceResult.NoReservedMemory;
        }

        PagePool pool = default;
        pool.Initialize((byte*)start, bytes);
        var result = Fill(firmware, capabilities, configuration, log, image, ram, processors, start, bytes, ref pool, out machine);
        if (result != ResidenceResult.Ready)
        {
            firmware.Free(start, Page.Count(bytes));
        }

        return result;
    }

    private static ResidenceResult Fill(
        in Firmware firmware, in VmxCapabilities capabilities, Configuration* configuration, in SurvivingLog log, in PeImage image, in RamMap ram,
        uint processors, ulong start, ulong bytes, ref PagePool pool, out Machine* machine)
    {
        machine = null;
        var built = (Machine*)pool.Take(Page.Count((ulong)sizeof(Machine)));
        built->Capabilities = capabilities;
        built->HasModeBasedExecute = (CapabilityGate.Missing(capabilities) & CapabilityGate.ModeBasedExecuteMissing) == 0;
        built->HasShadowRoots = !built->HasModeBasedExecute && CapabilityGate.AllowsShadowRoots(capabilities);
        built->Ram = ram;
        built->HiddenStart = start;
        built->HiddenEnd = start + bytes;
        built->ProcessorCount = processors;
        image.BuildId(built->BuildId);
        image.Functions(out built->Functions, out built->FunctionCount);
        if (!CopyImage(image, built, ref pool))
        {
            return ResidenceResult.BadRelocation;
        }

        if (!BuildTables(image, built, ref pool) || !BuildShared(built, configuration, log, ref pool) || !BuildProcessors(firmware, built, ref pool))
        {
            return ResidenceResult.PoolTooSmall;
        }

        machine = built;
        return ResidenceResult.Ready;
    }

    /// <summary>Gives all of it back; nothing of it may be in use.</summary>
    public static void Release(in Firmware firmware, Machine* machine) =>
        firmware.Free(machine->HiddenStart, Page.Count(machine->HiddenEnd - machine->HiddenStart));

    /// <summary>Where an address of this image is in the resident copy.</summary>
    public static ulong Resident(Machine* machine, in Firmware firmware, ulong address) =>
        address - (ulong)firmware.Self->ImageBase + machine->ImageBase;

    private static ulong BytesNeeded(in PeImage image, in VmxCapabilities c, ulong ramEnd, uint processors)
    {
        var pages = Page.Count((ulong)sizeof(Machine)) + Page.Count(image.Bytes);
        pages += EptBuilder.PagesNeeded(c.PhysicalAddressBits, HasGigabyteEpt(c), SplitGigabytes, SplitLargePages) + 2;

        // Views of their own and copies of page roots, where execution cannot be forbidden by mode.
        pages += (CapabilityGate.Missing(c) & CapabilityGate.ModeBasedExecuteMissing) != 0 ? ShadowRoots.PagesNeeded + 1 : 0;
        pages += Page.Count(DebugLink.MemoryBytes) + Page.Count((ulong)EventTable.MemoryBytes) + Page.Count((ulong)LinkService.RecordBytes);
        pages += processors * (HostEnvironment.PagesNeeded + Runner.PagesNeeded(c.XsaveBytes) + 2 + Page.Count((ulong)sizeof(VCpu)));
        pages += LogRing.MemoryBytes / Page.Bytes;
        pages += CodeMemory.PagesNeeded + ScriptMemory.PagesNeeded + Page.Count(LinkProtocol.StagingBytes) + Page.Count(LinkProtocol.MaximumBuffer);

        pages += HiddenPages.PagesNeeded + Page.Count((ulong)BreakpointTable.MemoryBytes);

        // Bitmaps, dummy page, processor list, collected messages, tables of the local APIC's page.
        pages += 9;
        pages += HostPageTables.PagesNeeded(ramEnd + Page.GigaBytes, c.HasGigabytePages, (pages * Page.Bytes) + (8 * Page.LargeBytes));

        // The EPT splits each large page of this memory itself.
        pages += (pages * Page.Bytes / Page.LargeBytes) + 1;
        return (pages * Page.Bytes + Page.LargeBytes - 1) & ~(Page.LargeBytes - 1);
    }

    // Aligned to 2 MiB, so that hiding it splits no more large pages than it covers; what is left at both ends goes back.
    private static ulong Reserve(in Firmware firmware, ulong bytes)
    {
        var pages = Page.Count(bytes);
        var spare = Page.Count(Page.LargeBytes);
        var start = firmware.Allocate(MemoryKind.Reserved, pages + spare);
        if (start == 0)
        {
            return 0;
        }

        var aligned = (start + Page.LargeBytes - 1) & ~(Page.LargeBytes - 1);
        var before = (aligned - start) / Page.Bytes;
        if (before != 0)
        {
            firmware.Free(start, before);
        }

        if (spare != before)
        {
            firmware.Free(aligned + bytes, spare - before);
        }

        return aligned;
    }

    private static bool CopyImage(in PeImage image, Machine* machine, ref PagePool pool)
    {
        var copy = pool.Take(Page.Count(image.Bytes));
        if (copy == null)
        {
            return false;
        }

        var source = (ulong*)image.Base;
        for (uint i = 0; i < image.Bytes / 8; i++)
        {
            ((ulong*)copy)[i] = source[i];
        }

        machine->ImageBase = (ulong)copy;
        machine->ImageBytes = image.Bytes;
        return image.Relocate(copy);
    }

    private static bool BuildTables(in PeImage image, Machine* machine, ref PagePool pool)
    {
        ref var c = ref machine->Capabilities;
        var end = machine->Ram.End > machine->HiddenEnd ? machine->Ram.End : machine->HiddenEnd;
        var host = HostPageTables.Build(end, c.HasGigabytePages, ref pool);
        if (host == null || !HostPageTables.Protect(host, machine->HiddenStart, machine->HiddenEnd, HostAccess.ReadWrite, ref pool))
        {
            return false;
        }

        // Headers and everything between sections is read-only.
        if (!HostPageTables.Protect(host, machine->ImageBase, machine->ImageBase + image.Bytes, HostAccess.ReadOnly, ref pool))
        {
            return false;
        }

        for (var i = 0; i < image.Sections; i++)
        {
            image.Section(i, out var start, out var sectionEnd, out var writable, out var executable);
            var access = executable ? HostAccess.ReadExecute : writable ? HostAccess.ReadWrite : HostAccess.ReadOnly;
            if (!HostPageTables.Protect(host, machine->ImageBase + start, machine->ImageBase + sectionEnd, access, ref pool))
            {
                return false;
            }
        }

        if (!HostPageTables.MapDevice(host, LocalApic.DefaultBase, ref pool))
        {
            return false;
        }

        machine->HostRoot = host;

        EptPlan plan;
        plan.PhysicalAddressBits = c.PhysicalAddressBits;
        plan.HasGigabytePages = HasGigabyteEpt(c);
        plan.HiddenStart = machine->HiddenStart;
        plan.HiddenEnd = machine->HiddenEnd;
        plan.DummyPage = (ulong)pool.Take(1);
        MtrrState mtrrs;
        MtrrReader.Read(&mtrrs, c.PhysicalAddressBits);
        var root = plan.DummyPage == 0 ? null : EptBuilder.Build(plan, mtrrs, ref pool);
        machine->HidesBreakpoints = (c.EptVpid & EptVpidCapability.ExecuteOnly) != 0;
        var breakpoints = pool.Take(Page.Count((ulong)BreakpointTable.MemoryBytes));
        if (root == null || breakpoints == null)
        {
            return false;
        }

        machine->Breakpoints.Initialize(breakpoints);
        var viewsStand = machine->HasShadowRoots
            ? machine->Views.BuildTags(root, ref pool) && machine->Shadows.Initialize(root, ref pool)
            : machine->Views.Build(root, ref pool);
        return viewsStand && machine->Hidden.Build(root, ref pool);
    }

    private static bool BuildShared(Machine* machine, Configuration* configuration, in SurvivingLog log, ref PagePool pool)
    {
        var ioBitmapA = pool.Take(1);
        var ioBitmapB = pool.Take(1);
        var msrBitmap = pool.Take(1);
        var link = pool.Take(Page.Count(DebugLink.MemoryBytes));
        var events = pool.Take(Page.Count((ulong)EventTable.MemoryBytes));
        machine->Records = pool.Take(Page.Count((ulong)LinkService.RecordBytes));
        machine->Processors = (VCpu**)pool.Take(1);
        machine->Gathered = pool.Take(1);
        machine->Staging = pool.Take(Page.Count(LinkProtocol.StagingBytes));
        machine->PreviousLog = pool.Take(LogRing.MemoryBytes / Page.Bytes);
        machine->Scratch = pool.Take(Page.Count(LinkProtocol.MaximumBuffer));
        if (ioBitmapA == null || ioBitmapB == null || msrBitmap == null || link == null || events == null || machine->Records == null
            || machine->Processors == null || machine->Gathered == null || machine->Staging == null || machine->Scratch == null || machine->PreviousLog == null
            || !machine->Code.Build(ref pool) || !machine->Scripts.Memory.Build(ref pool))
        {
            return false;
        }

        machine->IoBitmapA = (ulong)ioBitmapA;
        machine->IoBitmapB = (ulong)ioBitmapB;
        machine->MsrBitmap = (ulong)msrBitmap;
        MsrPolicy.FillBitmap(msrBitmap);
        machine->Configuration.DebugPort = configuration->DebugPort;
        machine->Configuration.Baud = configuration->Baud;
        machine->Configuration.WaitForDebugger = configuration->WaitForDebugger;
        machine->Configuration.ResetOnPanic = configuration->OnPanic == OnPanic.Reset;
        machine->Log = log.Current;
        machine->PreviousLogBytes = log.PreviousBytes;
        for (uint i = 0; i < log.PreviousBytes; i++)
        {
            machine->PreviousLog[i] = log.Previous[i];
        }

        machine->Link.Initialize(link);
        machine->Events.Initialize(events);
        return true;
    }

    private static bool BuildProcessors(in Firmware firmware, Machine* machine, ref PagePool pool)
    {
        RunnerImage code;
        RunnerHandlers handlers;
        RunnerInstruction.Locate(&code, &handlers);
        code.Start = Resident(machine, firmware, code.Start);
        code.End = Resident(machine, firmware, code.End);
        code.Enter = Resident(machine, firmware, code.Enter);
        code.Return = Resident(machine, firmware, code.Return);
        code.Gate = Resident(machine, firmware, code.Gate);
        handlers.Host = Resident(machine, firmware, handlers.Host);
        handlers.Blob = Resident(machine, firmware, handlers.Blob);
        machine->WindowText = code.Start;
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            var vcpu = (VCpu*)pool.Take(Page.Count((ulong)sizeof(VCpu)));
            var vmxon = pool.Take(1);
            var vmcs = pool.Take(1);
            if (vcpu == null || vmxon == null || vmcs == null)
            {
                return false;
            }

            vcpu->Self = vcpu;
            vcpu->Machine = machine;
            vcpu->Number = i;
            vcpu->WaitsForStartup = true;
            vcpu->VmxonRegion = (ulong)vmxon;
            vcpu->VmcsRegion = (ulong)vmcs;
            machine->Processors[i] = vcpu;
            if (!HostEnvironment.Build(vcpu, code, ref pool, out var window)
                || !vcpu->Runner.Build(vcpu, code, window, handlers, ref pool))
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasGigabyteEpt(in VmxCapabilities c) => (c.EptVpid & EptVpidCapability.LargePages1G) != 0;
}
