using HvKernel.Cpu;
using HvKernel.Link;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;
using HvKernel.Vmx.Exits;

namespace HvKernel.Events;

/// <summary>How a processor waits after a transition that shall not take effect.</summary>
public enum HoldKind : byte
{
    None = 0,

    /// <summary>At the edge of user mode, as long as the process is parked.</summary>
    User = 1,

    /// <summary>At the edge of the kernel, for a limited time.</summary>
    Kernel = 2,
}

/// <summary>
/// Transitions that do not take effect. User mode: the process is parked at its next instruction; its processor waits in root for the guest's interrupts,
/// which the guest gets, so that the kernel runs, and schedules others, as ever. Kernel: the processor waits with nothing delivered, for a limited time.
/// </summary>
public static unsafe class ShortCircuit
{
    // Interrupts stand still meanwhile, so this is what a kernel's watchdogs and a person must endure.
    private const ulong KernelHoldsPerSecond = 5;
    private const uint Valid = 1U << 31;

    /// <summary>Notes what the events that asked for it want; the processor holds when it has given back the lock.</summary>
    public static HoldKind Apply(VCpu* vcpu, int watch, byte context)
    {
        var events = &vcpu->Machine->Events;
        var any = false;
        for (var i = 0; i < events->Count; i++)
        {
            var asking = &events->Events[i];
            var asks = asking->Watch == watch && asking->Enabled && (asking->Condition & EventCondition.Asked) != 0;
            asking->Condition &= ~EventCondition.Asked;
            if (!asks || (context == ModeTrap.KernelReached && (asking->Condition & EventCondition.HoldSpent) != 0))
            {
                continue;
            }

            any = true;
            asking->ShortCircuited++;
            asking->Condition |= context == ModeTrap.UserReached ? EventCondition.Parked : EventCondition.Holding;
        }

        if (!any)
        {
            return HoldKind.None;
        }

        if (context == ModeTrap.KernelReached)
        {
            return HoldKind.Kernel;
        }

        events->Watches[watch].Parked = true;
        LinkService.NotifyAll(vcpu, watch, EventCondition.Parked, EventNoticeKind.Parked);
        ModeTrap.SetView(vcpu, EptView.UserExecuteOff);
        return HoldKind.User;
    }

    /// <summary>Whether the process is parked still: called when an event was disabled, cleared, or shall short-circuit no longer.</summary>
    public static void Reconsider(VCpu* vcpu, int watch)
    {
        var events = &vcpu->Machine->Events;
        if (!events->Watches[watch].Parked)
        {
            return;
        }

        for (var i = 0; i < events->Count; i++)
        {
            if (events->Events[i].Watch == watch && (events->Events[i].Condition & EventCondition.Parked) != 0)
            {
                return;
            }
        }

        events->Watches[watch].Parked = false;
    }

    /// <summary>Waits as <see cref="Apply"/> said; the lock is not held.</summary>
    public static void Hold(VCpu* vcpu, int watch, HoldKind kind)
    {
        var start = Processor.Tsc();
        var waited = vcpu->WaitTicks;
        if (kind == HoldKind.User)
        {
            HoldUser(vcpu, watch);
        }
        else
        {
            HoldKernel(vcpu, watch);
        }

        // Other waits inside it are part of it.
        vcpu->WaitTicks = waited + Processor.Tsc() - start;
    }

    /// <summary>
    /// Waits at the edge of user mode until the guest has an interrupt to take or the process is let go. The guest's interrupts are let through to root one at a
    /// time and handed to the guest as they came: its interrupt controller sees no difference.
    /// </summary>
    private static void HoldUser(VCpu* vcpu, int watch)
    {
        var mayTake = (VmxInstruction.Read(Vmcs.GuestRflags) & Rflags.If) != 0 && VmxInstruction.Read(Vmcs.GuestInterruptibilityState) == 0;
        while (vcpu->Machine->Events.Watches[watch].Parked)
        {
            if (vcpu->NmiPending || ((uint)VmxInstruction.Read(Vmcs.VmEntryInterruptionInformation) & Valid) != 0)
            {
                return;
            }

            if (mayTake)
            {
                Processor.TakeInterrupt();
                if (vcpu->TakenInterrupt != 0)
                {
                    Injection.ExternalInterrupt(vcpu->TakenInterrupt);
                    vcpu->TakenInterrupt = 0;
                    return;
                }
            }

            Beat(vcpu);
        }
    }

    /// <summary>Waits at the edge of the kernel, with nothing delivered.</summary>
    private static void HoldKernel(VCpu* vcpu, int watch)
    {
        var events = &vcpu->Machine->Events;
        var end = Processor.Tsc() + (vcpu->Machine->TickFrequency / KernelHoldsPerSecond);
        while (Processor.Tsc() < end && AnyHolding(events, watch))
        {
            Beat(vcpu);
        }

        MachineLock.Acquire(vcpu);
        LinkService.NotifyAll(vcpu, watch, EventCondition.Holding, EventNoticeKind.KernelHoldEnded);
        for (var i = 0; i < events->Count; i++)
        {
            var held = &events->Events[i];
            if (held->Watch == watch && (held->Condition & EventCondition.Holding) != 0)
            {
                held->Condition = (held->Condition & ~EventCondition.Holding) | EventCondition.HoldSpent;
            }
        }

        MachineLock.Release(vcpu);
    }

    private static bool AnyHolding(EventTable* events, int watch)
    {
        for (var i = 0; i < events->Count; i++)
        {
            if (events->Events[i].Watch == watch && events->Events[i].Enabled && (events->Events[i].Condition & EventCondition.Holding) != 0)
            {
                return true;
            }
        }

        return false;
    }

    private static void Beat(VCpu* vcpu)
    {
        if (Processor.Tsc() >= vcpu->NextPollTick)
        {
            PreemptionTimer.Beat(vcpu);
        }

        Rendezvous.Attend(vcpu);
        Processor.Pause();
    }
}
