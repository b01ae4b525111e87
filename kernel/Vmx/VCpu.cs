using HvKernel.Events;
using HvKernel.Events.Code;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Stepping;

namespace HvKernel.Vmx;

/// <summary>
/// One processor: stands in reserved pages of its own, GS points to it in VMX root, and its address stands at the top of its stack.
/// </summary>
public unsafe struct VCpu
{
    /// <summary>Its own address; offset 0 is known to boot/asm/cpu.asm.</summary>
    public VCpu* Self;
    public Machine* Machine;

    /// <summary>The guest's general registers of the exit being handled; RSP is filled in by <see cref="GuestState.SyncRsp"/>.</summary>
    public GuestRegisters* Registers;
    public uint Number;
    public uint ApicId;

    /// <summary>An NMI arrived in root, or exited, and the guest has not had it yet.</summary>
    public bool NmiPending;

    /// <summary>An NMI to this processor is under way that another one has sent.</summary>
    public uint Fetched;

    /// <summary>Not 0: it is in a loop of root that serves others (<see cref="Rendezvous.Stand"/>).</summary>
    public uint Standing;

    /// <summary>What others want of it, <see cref="RemoteWork"/>; and not 0 while it does something of that.</summary>
    public uint Work;
    public uint Working;

    /// <summary>An INIT signal arrived in a context of root's own, and the guest has not had it yet.</summary>
    public bool InitPending;

    /// <summary>A SIPI has started it, and it may not have executed anything since.</summary>
    public bool JustStarted;

    /// <summary>It runs under HvKernel's control.</summary>
    public bool Launched;

    /// <summary>It waits for SIPI, or for its launch: it executes nothing of the guest, and nothing can be asked of it.</summary>
    public bool WaitsForStartup;

    /// <summary>The VMCS of the context for machine code is current, not the guest's.</summary>
    public bool InContained;
    public EptView View;

    /// <summary>What it executes in steps.</summary>
    public StepState Step;

    /// <summary>CR3 of the VMCS holds a shadow root; the guest's own value is <see cref="OwnCr3"/> (<see cref="GuestState.Cr3"/>).</summary>
    public bool UsesShadow;

    public ulong OwnCr3;

    /// <summary>Where a fetch faulted last that nothing seemed to forbid; 0: nowhere.</summary>
    public ulong StaleFetch;

    /// <summary>As they are in the VMCS.</summary>
    public uint PrimaryControls;

    /// <summary>As they are in the VMCS.</summary>
    public Cr3TargetSet Cr3Targets;

    /// <summary>The watched process whose address space is current here, or -1.</summary>
    public int CurrentWatch;

    /// <summary>Base of the guest kernel's per-CPU area, once known; else 0.</summary>
    public ulong PerCpuBase;

    /// <summary>Where the guest kernel keeps the current task of this processor, once known; else null.</summary>
    public ulong* CurrentTask;

    /// <summary>The last task seen there, and where its process id stands.</summary>
    public ulong KnownTask;
    public uint* KnownPid;

    /// <summary>Time-stamp counter at launch, and ticks spent in root since, waits not counted.</summary>
    public ulong LaunchTick;
    public ulong RootTicks;

    /// <summary>Ticks that exits have waited: for other processors, in a stopped guest, with a held process. Not part of <see cref="RootTicks"/>.</summary>
    public ulong WaitTicks;

    /// <summary>The exit that took longest, without waits, and its basic reason.</summary>
    public ulong LongestTicks;
    public uint LongestReason;

    /// <summary>Time-stamp counter at which the debug link is due.</summary>
    public ulong NextPollTick;

    /// <summary>Basic exit reason of the exit being handled, for panics.</summary>
    public uint ExitReason;

    /// <summary>Physical addresses of the VMXON region and the VMCS.</summary>
    public ulong VmxonRegion;
    public ulong VmcsRegion;
    public ulong HostStackTop;

    /// <summary>CR3 in VMX root: HvKernel's own address space with this processor's window.</summary>
    public ulong HostCr3;

    /// <summary>How machine code of events runs here.</summary>
    public Runner Runner;

    /// <summary>Vector of an external interrupt that was let through in root and is the guest's; 0: none.</summary>
    public uint TakenInterrupt;

    /// <summary>It stands still because another processor panics: where in root (0: at the end of an exit), and where in the guest.</summary>
    public uint PanicStopped;
    public ulong PanicRip;
    public ulong PanicGuestRip;
    public ulong PanicGuestRsp;
    public ulong PanicGuestCr3;

    /// <summary>Exits by basic reason.</summary>
    public fixed ulong Exits[LinkProtocol.ExitReasonSlots];
}
