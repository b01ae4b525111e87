using HvKernel.Breakpoints;
using HvKernel.Cpu;
using HvKernel.Events;
using HvKernel.Link;
using HvKernel.Link.Requests;
using HvKernel.Protocol;

namespace HvKernel.Vmx;

/// <summary>
/// How processors meet in root: one posts work or stops the guest, the others notice at the end of their exits, or in the loop in which they
/// wait; those in the guest are fetched by an NMI, and at the latest by their preemption timer. Only the holder of <see cref="MachineLock"/> posts.
/// </summary>
public static unsafe class Rendezvous
{
    /// <summary>A processor that has not come after this part of a second is not waited for.</summary>
    private const ulong PatiencesPerSecond = 10;

    /// <summary>This processor is in a loop that serves: what others want of it is done without an NMI.</summary>
    public static void Stand(VCpu* vcpu) => Atomic.Exchange(&vcpu->Standing, vcpu->Standing + 1);

    /// <summary>It goes on. Whoever stops the guest from now on sends an NMI, or is seen at the end of the exit.</summary>
    public static void Leave(VCpu* vcpu) => Atomic.Exchange(&vcpu->Standing, vcpu->Standing - 1);

    /// <summary>At the end of each exit: does what others want, and waits as long as the guest stands still.</summary>
    public static void Attend(VCpu* vcpu)
    {
        var start = Processor.Tsc();
        while (IsWanted(vcpu))
        {
            Stand(vcpu);
            while (IsWanted(vcpu))
            {
                Serve(vcpu);
                Processor.Pause();
            }

            // Somebody may have counted on it a moment before: so it is asked again.
            Leave(vcpu);
        }

        vcpu->WaitTicks += Processor.Tsc() - start;
    }

    /// <summary>Does what other processors want of this one, if anything.</summary>
    public static void Serve(VCpu* vcpu)
    {
        if (vcpu->Work == 0)
        {
            return;
        }

        // In this order, so that whoever finds no work left and nothing under way knows that it is done.
        Atomic.Exchange(&vcpu->Working, 1);
        Do(vcpu, (RemoteWork)Atomic.Exchange(&vcpu->Work, 0));
        Atomic.Exchange(&vcpu->Working, 0);
    }

    /// <summary>
    /// Has work done on every processor, this one too. One that waits for SIPI does it when it is started, and one that does not come in time before it
    /// executes anything of the guest.
    /// </summary>
    public static void OnAll(VCpu* vcpu, RemoteWork work)
    {
        Do(vcpu, work);
        var machine = vcpu->Machine;
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            if (i != vcpu->Number)
            {
                Post(machine->Processors[i], work);
            }
        }

        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            if (i != vcpu->Number)
            {
                Wait(machine->Processors[i], work);
            }
        }
    }

    /// <summary>Has work done on one other processor; false where it waits for SIPI or does not come, and will not do it any more.</summary>
    public static bool On(VCpu* target, RemoteWork work)
    {
        if (target->WaitsForStartup)
        {
            return false;
        }

        Post(target, work);
        if (Wait(target, work))
        {
            return true;
        }

        for (; ; )
        {
            var posted = target->Work;
            if ((posted & (uint)work) == 0)
            {
                // Begun after all: it is bounded.
                while (target->Working != 0)
                {
                    Processor.Pause();
                }

                return true;
            }

            if (Atomic.CompareExchange(&target->Work, posted & ~(uint)work, posted) == posted)
            {
                return false;
            }
        }
    }

    /// <summary>Stops all other processors after <see cref="Machine.State"/> said so; those that do not come are known by <see cref="IsStopped"/>.</summary>
    public static void StopOthers(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            if (i != vcpu->Number)
            {
                Fetch(machine->Processors[i]);
            }
        }

        var end = Processor.Tsc() + (machine->TickFrequency / PatiencesPerSecond);
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            while (i != vcpu->Number && !IsStopped(machine->Processors[i]) && Processor.Tsc() < end)
            {
                Processor.Pause();
            }
        }
    }

    /// <summary>Whether a processor executes nothing of the guest as long as the guest is stopped.</summary>
    public static bool IsStopped(VCpu* vcpu) => vcpu->Standing != 0 || vcpu->WaitsForStartup;

    /// <summary>An NMI arrived at this processor. True: another processor has sent it, and the guest must not see it.</summary>
    public static bool TakeNmi(VCpu* vcpu) => Atomic.Exchange(&vcpu->Fetched, 0) != 0;

    private static bool IsWanted(VCpu* vcpu) => vcpu->Work != 0 || vcpu->Machine->State switch
    {
        TargetState.Running => false,
        TargetState.Stepping => vcpu->Machine->Stepper != vcpu->Number,
        _ => true,
    };

    private static void Post(VCpu* target, RemoteWork work)
    {
        for (; ; )
        {
            var posted = target->Work;
            if (Atomic.CompareExchange(&target->Work, posted | (uint)work, posted) == posted)
            {
                break;
            }
        }

        Fetch(target);
    }

    private static bool Wait(VCpu* target, RemoteWork work)
    {
        var end = Processor.Tsc() + (target->Machine->TickFrequency / PatiencesPerSecond);
        while ((target->Work & (uint)work) != 0 || target->Working != 0)
        {
            if (target->WaitsForStartup || Processor.Tsc() >= end)
            {
                return false;
            }

            Processor.Pause();
        }

        return true;
    }

    // One NMI under way at a time: a second one would be taken for the guest's.
    private static void Fetch(VCpu* target)
    {
        if (!IsStopped(target) && Atomic.Exchange(&target->Fetched, 1) == 0 && !LocalApic.TrySendNmi(target->ApicId))
        {
            Atomic.Exchange(&target->Fetched, 0);
        }
    }

    private static void Do(VCpu* vcpu, RemoteWork work)
    {
        if ((work & RemoteWork.Panic) != 0)
        {
            PanicStop.Join(vcpu, 0);
        }

        var machine = vcpu->Machine;
        if ((work & RemoteWork.Refresh) != 0)
        {
            ModeTrap.Refresh(vcpu);
        }

        if ((work & RemoteWork.Breakpoints) != 0)
        {
            BreakpointTrap.Refresh(vcpu);
        }

        if ((work & RemoteWork.Request) != 0)
        {
            var request = &machine->Remote;
            request->ReplyLength = RequestDispatch.Handle(vcpu, request->Type, request->Payload, request->Length, request->Reply);
        }

        if ((work & RemoteWork.Describe) != 0)
        {
            ProcessorRequests.Describe(vcpu, (ProcessorRow*)machine->Remote.Reply);
        }
    }
}
