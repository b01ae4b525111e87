using HvKernel.Breakpoints;
using HvKernel.Cpu;
using HvKernel.Events;
using HvKernel.Memory;
using HvKernel.Vmx.Exits;

namespace HvKernel.Vmx;

/// <summary>
/// What INIT and SIPI do to the guest's processor (SDM vol. 3A, table "IA-32 and Intel 64 Processor States Following Power-up, Reset, or INIT"; vol. 3A,
/// "MP Initialization Protocol"). Any number of times: an OS takes processors off line and back, and another OS may come after it. Nothing is told here: the
/// sender waits microseconds, and a start-up signal that finds the processor in root is lost.
/// </summary>
public static unsafe class ProcessorStartup
{
    private const uint ActivityActive = 0;
    private const uint ActivityWaitForSipi = 3;
    private const ulong CacheBits = Cr0.Cd | Cr0.Nw;
    private const ulong Dr6AfterInit = 0xFFFF_0FF0;
    private const ulong Dr7AfterInit = 0x400;
    private const uint DataSegment = 0x93;
    private const uint CodeSegment = 0x9B;
    private const uint LocalDescriptorTable = 0x82;
    private const uint BusyTss = 0x8B;
    private const ulong SegmentLimit = 0xFFFF;

    // ES CS SS DS FS GS LDTR TR, as the VMCS has them.
    private const uint CodeIndex = 1;
    private const uint DataSegments = 6;
    private const uint LdtrIndex = 6;
    private const uint TrIndex = 7;

    /// <summary>INIT: the state that it leaves, and the wait for SIPI. What was to be delivered is gone.</summary>
    public static void Init(VCpu* vcpu)
    {
        vcpu->NmiPending = false;
        Injection.CloseNmiWindow(vcpu);
        VmxInstruction.Write(Vmcs.VmEntryInterruptionInformation, 0);
        VmxInstruction.Write(Vmcs.GuestInterruptibilityState, 0);
        VmxInstruction.Write(Vmcs.GuestPendingDebugExceptions, 0);
        BreakpointTrap.Abandon(vcpu);
        ModeTrap.Abandon(vcpu);
        ResetRegisters(vcpu);
        ResetSegments();
        vcpu->PerCpuBase = 0;
        vcpu->CurrentTask = null;
        vcpu->KnownTask = 0;
        GuestState.FlushTranslations(vcpu, globalsToo: true);
        VmxInstruction.Write(Vmcs.GuestActivityState, ActivityWaitForSipi);
        Atomic.Fence();
        vcpu->WaitsForStartup = true;
    }

    /// <summary>SIPI: real mode at the page that the vector names.</summary>
    public static void Start(VCpu* vcpu, uint vector)
    {
        VmxInstruction.Write(Vmcs.GuestCsSelector, (ulong)vector << 8);
        VmxInstruction.Write(Vmcs.GuestCsBase, (ulong)vector << 12);
        VmxInstruction.Write(Vmcs.GuestRip, 0);
        VmxInstruction.Write(Vmcs.GuestActivityState, ActivityActive);
        PreemptionTimer.Arm(vcpu);
        vcpu->WaitsForStartup = false;
        vcpu->JustStarted = true;

        // Events may have come and gone meanwhile.
        MachineLock.Acquire(vcpu);
        ModeTrap.Refresh(vcpu);
        MachineLock.Release(vcpu);
    }

    private static void ResetRegisters(VCpu* vcpu)
    {
        CpuidResult signature;
        Processor.Cpuid(1, 0, &signature);
        *vcpu->Registers = default;
        vcpu->Registers->Rdx = signature.Eax;
        VmxInstruction.Write(Vmcs.GuestRsp, 0);
        VmxInstruction.Write(Vmcs.GuestRip, 0xFFF0);
        VmxInstruction.Write(Vmcs.GuestRflags, Rflags.Reserved1);

        // INIT leaves the cache bits alone, and XCR0, MTRRs, TSC and most other MSRs.
        var visible = (VmxInstruction.Read(Vmcs.GuestCr0) & CacheBits) | Cr0.Et;
        VmxInstruction.Write(Vmcs.GuestCr0, visible | ControlRegisterAccess.RequiredCr0(vcpu));
        VmxInstruction.Write(Vmcs.Cr0ReadShadow, visible);
        VmxInstruction.Write(Vmcs.GuestCr3, 0);
        VmxInstruction.Write(Vmcs.GuestCr4, vcpu->Machine->Capabilities.Cr4Fixed0);
        VmxInstruction.Write(Vmcs.Cr4ReadShadow, 0);
        VmxInstruction.Write(Vmcs.GuestIa32Efer, 0);
        var entry = VmxInstruction.Read(Vmcs.VmEntryControls);
        VmxInstruction.Write(Vmcs.VmEntryControls, entry & ~(ulong)EntryControl.Ia32eModeGuest);
        VmxInstruction.Write(Vmcs.GuestDr7, Dr7AfterInit);
        VmxInstruction.Write(Vmcs.GuestIa32DebugCtl, 0);
        ControlRegisters.WriteDr6(Dr6AfterInit);
        ControlRegisters.ClearBreakpointAddresses();
        ControlRegisters.WriteCr2(0);
    }

    private static void ResetSegments()
    {
        for (uint i = 0; i < DataSegments; i++)
        {
            Write(i, 0, i == CodeIndex ? CodeSegment : DataSegment);
        }

        VmxInstruction.Write(Vmcs.GuestCsSelector, 0xF000);
        VmxInstruction.Write(Vmcs.GuestCsBase, 0xFFFF_0000);
        Write(LdtrIndex, 0, LocalDescriptorTable);
        Write(TrIndex, 0, BusyTss);
        VmxInstruction.Write(Vmcs.GuestGdtrBase, 0);
        VmxInstruction.Write(Vmcs.GuestGdtrLimit, SegmentLimit);
        VmxInstruction.Write(Vmcs.GuestIdtrBase, 0);
        VmxInstruction.Write(Vmcs.GuestIdtrLimit, SegmentLimit);
    }

    private static void Write(uint index, ulong selector, uint rights)
    {
        VmxInstruction.Write(Vmcs.GuestEsSelector + (2 * index), selector);
        VmxInstruction.Write(Vmcs.GuestEsBase + (2 * index), 0);
        VmxInstruction.Write(Vmcs.GuestEsLimit + (2 * index), SegmentLimit);
        VmxInstruction.Write(Vmcs.GuestEsAccessRights + (2 * index), rights);
    }
}
