using HvKernel.Cpu;
using HvKernel.Events.Scripts;
using HvKernel.Guest;
using HvKernel.Link;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events;

/// <summary>
/// Catches the transitions of watched processes: loads of CR3 tell when one becomes current on a processor, and while it is, the processor
/// runs in the view that lacks execute permission for the other mode. The first fetch there is the transition.
/// </summary>
public static unsafe class ModeTrap
{
    /// <summary>Context value of events: user mode was reached.</summary>
    public const byte UserReached = 3;

    /// <summary>Context value of events: the kernel was reached.</summary>
    public const byte KernelReached = 0;

    private const ulong RootMask = 0x000F_FFFF_FFFF_F000;

    /// <summary>An instruction fetch that the current restricted view forbids.</summary>
    public static void OnTransition(VCpu* vcpu)
    {
        MachineLock.Acquire(vcpu);
        var hold = Handle(vcpu, out var watch);
        MachineLock.Release(vcpu);
        if (hold != HoldKind.None)
        {
            ShortCircuit.Hold(vcpu, watch, hold);
        }
    }

    private static HoldKind Handle(VCpu* vcpu, out int watch)
    {
        // While this processor waited for the lock its view may have been lifted.
        watch = vcpu->CurrentWatch;
        if (vcpu->View == EptView.Normal)
        {
            return HoldKind.None;
        }

        var context = vcpu->View == EptView.UserExecuteOff ? UserReached : KernelReached;

        // SDM vol. 3C, "Mode-Based Execute Control": which permission applies follows from the page's U/S bit, not from the CPL. Kernel code
        // that runs on a user page (no SMEP, or paging just turned off) is no transition; the view comes back with the next CR3 load.
        if (context == UserReached != (GuestState.Cpl() == 3) || watch < 0)
        {
            Leave(vcpu);
            return HoldKind.None;
        }

        var machine = vcpu->Machine;
        SetView(vcpu, context == UserReached ? EptView.KernelExecuteOff : EptView.UserExecuteOff);
        if (machine->Events.Watches[watch].Kind == ProcessKeyKind.Pid
            && !GuestProcess.IsCurrent(vcpu, machine->Events.Watches[watch].Pid))
        {
            return HoldKind.None;
        }

        if (context == UserReached && machine->Events.Watches[watch].Parked)
        {
            // The same episode: it was reported when it began.
            SetView(vcpu, EptView.UserExecuteOff);
            return HoldKind.User;
        }

        TriggerOutcome outcome;
        EventActions.Trigger(vcpu, watch, context, &outcome);
        if (machine->Scripts.Effects.HasAny)
        {
            ScriptEvents.Apply(vcpu);
        }

        if (machine->Events.Stale)
        {
            machine->Events.Stale = false;
            RefreshAll(vcpu);
        }

        // After all others had their turn, because the console may change the table while the guest stands.
        if (outcome.Breaks)
        {
            StopLoop.Enter(vcpu, StopReason.Event, outcome.BreakingEvent, context);
        }

        return outcome.ShortCircuits ? ShortCircuit.Apply(vcpu, watch, context) : HoldKind.None;
    }

    /// <summary>The guest loaded CR3.</summary>
    public static void OnAddressSpaceLoaded(VCpu* vcpu, ulong cr3)
    {
        MachineLock.Acquire(vcpu);
        Follow(vcpu, cr3);
        MachineLock.Release(vcpu);
    }

    /// <summary>This processor has nothing of a process any more: INIT has reset it.</summary>
    public static void Abandon(VCpu* vcpu)
    {
        Leave(vcpu);
        SetCr3Exiting(vcpu, false);
    }

    private static void Follow(VCpu* vcpu, ulong cr3)
    {
        var root = cr3 & RootMask;
        var current = vcpu->CurrentWatch;
        if (current >= 0)
        {
            var watch = &vcpu->Machine->Events.Watches[current];
            if (watch->HasRoot(root))
            {
                // The same address space under another PCID, or the first load of its other half.
                LoadTargets(vcpu, watch, cr3);
                TransitionMechanism.Apply(vcpu);
                return;
            }

            if (watch->Kind == ProcessKeyKind.Pid)
            {
                GuestProcess.OnLeave(vcpu, current);
                if (watch->State != WatchState.Armed)
                {
                    // Perhaps the last one: then CR3 loads need not exit any more.
                    RefreshAll(vcpu);
                    return;
                }

                TransitionMechanism.Update(vcpu);
            }
        }

        Attach(vcpu, cr3);
    }

    /// <summary>Brings all processors in line with the events as they are now. The caller holds the lock.</summary>
    public static void RefreshAll(VCpu* vcpu)
    {
        TransitionMechanism.Update(vcpu);
        Rendezvous.OnAll(vcpu, RemoteWork.Refresh);
    }

    /// <summary>The guest turns paging on or off: shadow roots do not outlive it.</summary>
    public static void OnPagingChanging(VCpu* vcpu)
    {
        if (vcpu->UsesShadow)
        {
            Leave(vcpu);
        }
    }

    /// <summary>Lets this processor run what it wants until the next load of CR3.</summary>
    public static void Lift(VCpu* vcpu) => Leave(vcpu);

    /// <summary>
    /// Brings this processor in line with the events as they are now: what no event needs costs nothing. Whoever asks for it holds the lock.
    /// </summary>
    public static void Refresh(VCpu* vcpu)
    {
        var cr3 = GuestState.Cr3(vcpu);
        var armed = vcpu->Machine->Events.AnyArmed();
        SetCr3Exiting(vcpu, armed);
        if (armed)
        {
            Attach(vcpu, cr3);
        }
        else
        {
            Leave(vcpu);
        }
    }

    private static void Attach(VCpu* vcpu, ulong cr3)
    {
        var root = cr3 & RootMask;
        var events = &vcpu->Machine->Events;
        for (var i = 0; i < EventTable.Capacity; i++)
        {
            var watch = &events->Watches[i];
            if (!watch->InUse || !watch->HasRoot(root) || watch->State != WatchState.Armed || !events->IsWatched(i))
            {
                continue;
            }

            if (watch->Kind == ProcessKeyKind.Pid && !GuestProcess.OwnsAddressSpace(vcpu, i))
            {
                continue;
            }

            if (!TransitionMechanism.CanWatch(vcpu, i, root))
            {
                break;
            }

            // A view that stands is right, and the transition that it catches may be under way.
            if (vcpu->CurrentWatch != i || vcpu->View == EptView.Normal)
            {
                SetView(vcpu, GuestState.Cpl() == 3 ? EptView.KernelExecuteOff : EptView.UserExecuteOff);
            }

            vcpu->CurrentWatch = i;
            LoadTargets(vcpu, watch, cr3);
            TransitionMechanism.Apply(vcpu);
            return;
        }

        Leave(vcpu);
    }

    private static void Leave(VCpu* vcpu)
    {
        vcpu->CurrentWatch = -1;
        Cr3Targets.Load(vcpu, default);
        SetView(vcpu, EptView.Normal);
        TransitionMechanism.Apply(vcpu);
    }

    private static void LoadTargets(VCpu* vcpu, ProcessWatch* watch, ulong cr3)
    {
        // A load that does not exit would put the guest's own root in the place of its shadow.
        if (vcpu->Machine->HasShadowRoots)
        {
            return;
        }

        var usesPcid = (VmxInstruction.Read(Vmcs.GuestCr4) & Cr4.Pcide) != 0;
        Cr3Targets.Load(vcpu, Cr3TargetSet.Of(cr3, watch->Root, watch->PairedRoot, usesPcid));
    }

    /// <summary>Makes a view current on this processor.</summary>
    public static void SetView(VCpu* vcpu, EptView view)
    {
        if (vcpu->View != view)
        {
            vcpu->View = view;

            // Where one instruction is executed in another hierarchy, the view comes behind it.
            if (vcpu->Step.Overlay == EptOverlay.None)
            {
                VmxInstruction.Write(Vmcs.EptPointer, vcpu->Machine->Views.Pointer[(int)view]);
            }
        }
    }

    private static void SetCr3Exiting(VCpu* vcpu, bool on)
    {
        var controls = on ? vcpu->PrimaryControls | PrimaryBased.Cr3LoadExiting : vcpu->PrimaryControls & ~PrimaryBased.Cr3LoadExiting;
        if (controls != vcpu->PrimaryControls)
        {
            vcpu->PrimaryControls = controls;
            VmxInstruction.Write(Vmcs.PrimaryProcessorBasedControls, controls);
        }
    }
}
