using HvKernel.Breakpoints;
using HvKernel.Cpu;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events;

/// <summary>
/// The other way to forbid execution by mode, for processors without mode-based execute control: while a watched process is current CR3 holds a
/// shadow root (<see cref="ShadowRoots"/>), and the first fetch in the other half is a page fault. The page-fault error-code mask lets all faults but those of
/// fetches pass without an exit (SDM vol. 3C, "Exception Bitmap").
/// </summary>
public static unsafe class ShadowTrap
{
    private const ulong AddressBits = 0x000F_FFFF_FFFF_F000;
    private const ulong ErrorFetch = 1 << 4;

    // Bit 14 of the exception bitmap is set for ever. No error code under the mask equals the one, fetches' equal the other.
    private const ulong MatchNone = uint.MaxValue;
    private const ulong MatchFetch = ErrorFetch;

    /// <summary>Exceptions that exit, in the bitmap's bits.</summary>
    public const ulong Exceptions = 1 << 14;

    /// <summary>Sets the controls that stay: page faults exit where their error code matches, and at first none does.</summary>
    public static void SetUp()
    {
        VmxInstruction.Write(Vmcs.ExceptionBitmap, Exceptions);
        VmxInstruction.Write(Vmcs.PageFaultErrorCodeMask, ErrorFetch);
        VmxInstruction.Write(Vmcs.PageFaultErrorCodeMatch, MatchNone);
    }

    /// <summary>What of the guest's paging mode keeps shadow roots from working.</summary>
    public static ShadowObstacle Obstacle()
    {
        var efer = VmxInstruction.Read(Vmcs.GuestIa32Efer);
        if ((efer & Efer.Lma) == 0)
        {
            return ShadowObstacle.NotFourLevel;
        }

        if ((VmxInstruction.Read(Vmcs.GuestCr4) & Cr4.La57) != 0)
        {
            return ShadowObstacle.FiveLevel;
        }

        return (efer & Efer.Nxe) == 0 ? ShadowObstacle.NoExecuteDisable : ShadowObstacle.None;
    }

    /// <summary>Whether a process can be caught here now, from one of its roots.</summary>
    public static bool CanWatch(VCpu* vcpu, int watch, ulong root) =>
        vcpu->Machine->Shadows.Find(watch, root, EptView.KernelExecuteOff) != 0 && Obstacle() == ShadowObstacle.None;

    /// <summary>
    /// Makes copies of the roots that the events need, and gives back the others. Whoever calls it holds the lock, and then lets every processor
    /// reconsider what it traps.
    /// </summary>
    public static void Update(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        if (machine->Shadows.IsCurrent(machine->Events))
        {
            return;
        }

        var memory = Machine.Memory(machine);
        BreakpointTrap.LockBytes(machine);
        machine->Shadows.SyncAll(ref memory);
        var fits = machine->Shadows.Plan(machine->Events);
        machine->Shadows.Show(machine->Views);
        BreakpointTrap.UnlockBytes(machine);

        // Afterwards no processor uses a set that changes, and none can write to a root unseen.
        Rendezvous.OnAll(vcpu, RemoteWork.Refresh | RemoteWork.Breakpoints);
        if (fits)
        {
            BreakpointTrap.LockBytes(machine);
            machine->Shadows.Fill(ref memory);
            BreakpointTrap.UnlockBytes(machine);
        }
    }

    /// <summary>Guest memory was written other than through a view. The lock of what follows it is held (<see cref="BreakpointTrap.LockBytes"/>).</summary>
    public static void OnMemoryWritten(Machine* machine)
    {
        var memory = Machine.Memory(machine);
        machine->Shadows.SyncAll(ref memory);
    }

    /// <summary>Brings CR3 in line with view and watch: a shadow root, or the guest's own.</summary>
    public static void Apply(VCpu* vcpu)
    {
        var own = GuestState.Cr3(vcpu);
        if (vcpu->Step.Overlay != EptOverlay.None)
        {
            // For the one instruction the guest's own root: the copies are not there to be walked, and what is cached is what the guest allows.
            if (vcpu->UsesShadow)
            {
                VmxInstruction.Write(Vmcs.GuestCr3, own);
            }

            return;
        }

        var table = vcpu->View == EptView.Normal || vcpu->CurrentWatch < 0
            ? 0
            : vcpu->Machine->Shadows.Find(vcpu->CurrentWatch, own & AddressBits, vcpu->View);
        if (table != 0)
        {
            VmxInstruction.Write(Vmcs.GuestCr3, table | (own & ~AddressBits));
            if (!vcpu->UsesShadow)
            {
                vcpu->OwnCr3 = own;
                vcpu->UsesShadow = true;
                SetExits(vcpu, PrimaryBased.Cr3StoreExiting, MatchFetch);
            }
        }
        else if (vcpu->UsesShadow)
        {
            vcpu->UsesShadow = false;
            VmxInstruction.Write(Vmcs.GuestCr3, own);
            SetExits(vcpu, 0, MatchNone);
        }
    }

    /// <summary>A fetch faulted under a shadow root.</summary>
    public static ExitAction OnFetchFault(VCpu* vcpu, uint information)
    {
        var address = VmxInstruction.Read(Vmcs.ExitQualification);
        var errorCode = VmxInstruction.Read(Vmcs.VmExitInterruptionErrorCode);
        var memory = Machine.Memory(vcpu->Machine);
        var kind = FetchFault.Classify(ref memory, GuestState.Paging(vcpu), vcpu->View, GuestState.Cpl(), address, errorCode);
        if (kind == FetchFaultKind.Stale && vcpu->StaleFetch != address)
        {
            // Once: should the processor insist, it knows of something that forbids the fetch and that we do not.
            vcpu->StaleFetch = address;
            GuestState.FlushTranslations(vcpu, globalsToo: true);
            return ExitAction.Resume;
        }

        vcpu->StaleFetch = 0;
        switch (kind)
        {
            case FetchFaultKind.Transition:
                ModeTrap.OnTransition(vcpu);
                Apply(vcpu);
                break;
            case FetchFaultKind.OtherHalf:
                ModeTrap.Lift(vcpu);
                break;
            default:
                // The exit came before CR2 was written (SDM vol. 3C, "Exit Qualification for Page-Fault Exceptions").
                ControlRegisters.WriteCr2(address);
                Injection.Reflect(information, errorCode);
                break;
        }

        return ExitAction.Resume;
    }

    /// <summary>
    /// An EPT violation where views forbid no execution: a write to a watched process's root, or to a copy. False where it is neither.
    /// </summary>
    public static bool TryHandleViolation(VCpu* vcpu, ulong qualification)
    {
        // SDM vol. 3D, table "Exit Qualification for EPT Violations".
        const ulong DataWrite = 1 << 1;
        const ulong HasLinearAddress = 1 << 7;
        const ulong IsTranslation = 1 << 8;
        if ((qualification & DataWrite) == 0)
        {
            return false;
        }

        var machine = vcpu->Machine;
        var address = VmxInstruction.Read(Vmcs.GuestPhysicalAddress);
        if (machine->Shadows.IsTable(address) && (qualification & (HasLinearAddress | IsTranslation)) == HasLinearAddress)
        {
            var memory = Machine.Memory(machine);
            var index = (int)(VmxInstruction.Read(Vmcs.GuestLinearAddress) >> 39) & (ShadowRoot.Entries - 1);
            machine->Shadows.SetAccessed(ref memory, address & ~Page.Mask, index);
            return true;
        }

        if ((EptPatches.Find(machine->Views.Root(EptView.Normal), address) & EptEntry.Write) != 0)
        {
            // Protected no more. The violation itself has dropped the translation (SDM vol. 3C, "Operations that Invalidate Cached Mappings").
            return true;
        }

        // There roots can be written, and the copies' own place shows the dummy page: a write to it is lost as it is everywhere in HvKernel's memory.
        BreakpointTrap.Enter(vcpu, EptOverlay.Write);
        return true;
    }

    private static void SetExits(VCpu* vcpu, uint cr3Store, ulong match)
    {
        SetPrimary(vcpu, (vcpu->PrimaryControls & ~PrimaryBased.Cr3StoreExiting) | cr3Store);
        VmxInstruction.Write(Vmcs.PageFaultErrorCodeMatch, match);
    }

    private static void SetPrimary(VCpu* vcpu, uint controls)
    {
        if (controls != vcpu->PrimaryControls)
        {
            vcpu->PrimaryControls = controls;
            VmxInstruction.Write(Vmcs.PrimaryProcessorBasedControls, controls);
        }
    }
}
