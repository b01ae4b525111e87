using HvKernel.Breakpoints;
using HvKernel.Cpu;
using HvKernel.Events.Code;
using HvKernel.Link;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events;

/// <summary>What the events on one transition want to happen after their actions.</summary>
public struct TriggerOutcome
{
    /// <summary>Some event stops the guest; the first that does.</summary>
    public bool Breaks;
    public uint BreakingEvent;

    /// <summary>Some event wants the transition not to take effect.</summary>
    public bool ShortCircuits;
}

/// <summary>
/// Carries out events on a transition, oldest first: enabled, core, process, direction, condition, then the actions in the order given, then the
/// decision about short-circuiting, which any event can ask for.
/// </summary>
public static unsafe class EventActions
{
    /// <summary>All events of the process that is current here.</summary>
    public static void Trigger(VCpu* vcpu, int watch, byte context, TriggerOutcome* outcome)
    {
        *outcome = default;
        var events = &vcpu->Machine->Events;
        var triggered = events->Events;
        for (var i = 0; i < events->Count; i++, triggered++)
        {
            if (triggered->Watch != watch || !triggered->Matches(context, vcpu->Number))
            {
                continue;
            }

            if (triggered->Plain != ModeEvent.NotPlain)
            {
                Count(triggered, context);
                if (triggered->Plain != EventAction.Count)
                {
                    Plain(vcpu, triggered, triggered->Plain, context, outcome);
                }

                continue;
            }

            var start = Processor.Tsc();
            Run(vcpu, triggered, context, outcome);
            BreakpointTrap.MemoryChanged(vcpu->Machine);
            triggered->ActionTicks += Processor.Tsc() - start;
        }
    }

    private static void Run(VCpu* vcpu, ModeEvent* triggered, byte context, TriggerOutcome* outcome)
    {
        RunSubject subject;
        subject.EventId = triggered->Id;
        subject.Context = context;
        subject.Buffer = 0;
        subject.Pid = vcpu->Machine->Events.Watches[triggered->Watch].Pid;
        subject.GsBase = 0;
        CodeRunner.Open(vcpu);
        var control = vcpu->Runner.Registers;
        BlobFault fault;
        if (triggered->Detail->Condition.Address != 0)
        {
            subject.Part = EventPart.Condition;
            if (!CodeRunner.Run(vcpu, &triggered->Detail->Condition, subject, out var isTrue, &fault))
            {
                Fail(vcpu, triggered, &fault);
                return;
            }

            Pause(vcpu, triggered, context, outcome);
            if (isTrue == 0)
            {
                triggered->ConditionFalse++;
                return;
            }

            CodeRunner.Commit(vcpu);
        }

        Count(triggered, context);
        var shortCircuits = (triggered->Flags & EventFlags.ShortCircuit) != 0;
        for (var i = 0; i < triggered->Actions; i++)
        {
            var action = triggered->Action(i);
            if (!ModeEvent.RunsCode(action->Kind))
            {
                Plain(vcpu, triggered, action->Kind, context, outcome);
                continue;
            }

            subject.Part = (uint)i;
            subject.Buffer = action->Buffer;
            control->ShortCircuit = shortCircuits ? 1UL : 0UL;
            if (!CodeRunner.Run(vcpu, &action->Code, subject, out var pointer, &fault))
            {
                Fail(vcpu, triggered, &fault);
                return;
            }

            shortCircuits = control->ShortCircuit != 0;
            Pause(vcpu, triggered, context, outcome);
            if (action->BufferBytes != 0 && pointer != 0)
            {
                BufferDelivery.Send(vcpu, triggered, i, context, pointer);
            }

            CodeRunner.Commit(vcpu);
        }

        if (shortCircuits)
        {
            outcome->ShortCircuits = true;
            triggered->Condition |= EventCondition.Asked;
        }
    }

    // What a script asked for as its last word about itself; a break in all but its cause.
    private static void Pause(VCpu* vcpu, ModeEvent* triggered, byte context, TriggerOutcome* outcome)
    {
        ref var effects = ref vcpu->Machine->Scripts.Effects;
        if (effects.Pause)
        {
            effects.Pause = false;
            Plain(vcpu, triggered, EventAction.Break, context, outcome);
        }
    }

    private static void Count(ModeEvent* triggered, byte context)
    {
        if (context == ModeTrap.UserReached)
        {
            triggered->UserReached++;
        }
        else
        {
            triggered->KernelReached++;
        }
    }

    private static void Plain(VCpu* vcpu, ModeEvent* triggered, EventAction kind, byte context, TriggerOutcome* outcome)
    {
        if (kind == EventAction.Log)
        {
            var start = Processor.Tsc();
            LinkService.Log(vcpu, triggered, context, start);
            triggered->ActionTicks += Processor.Tsc() - start;
        }
        else if (kind == EventAction.Break)
        {
            if (vcpu->Machine->ObserveOnly)
            {
                triggered->BreaksSuppressed++;
            }
            else if (!outcome->Breaks)
            {
                outcome->Breaks = true;
                outcome->BreakingEvent = triggered->Id;
            }
        }
    }

    // The guest goes on as if the code had not been there; the event does not come back by itself.
    private static void Fail(VCpu* vcpu, ModeEvent* triggered, BlobFault* fault)
    {
        CodeRunner.Discard(vcpu);
        triggered->Enabled = false;
        triggered->Condition |= EventCondition.Faulted;
        LinkService.Report(vcpu->Machine, fault);
        vcpu->Machine->Events.Stale = true;
    }
}
