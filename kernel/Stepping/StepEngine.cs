using HvKernel.Breakpoints;
using HvKernel.Cpu;
using HvKernel.Link;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Stepping;

/// <summary>
/// Steps of a processor. One instruction is ended by the monitor trap flag, or by the exit that carries it out; what is run through (a call, a system call) by a breakpoint of the step's
/// own behind it, which counts only with the same stack and in the same address space.
/// </summary>
public static unsafe class StepEngine
{
    private const uint Valid = 1U << 31;
    private const ulong BlockingByStiOrMovSs = 3;
    private const ulong BlockingBySti = 1;
    private const ulong PendingSingleStep = 1 << 14;
    private const ulong BranchTrapFlag = 1 << 1;
    private const ulong Active = 0;

    // RET may take arguments off the stack.
    private const ulong MostArguments = 4096;

    /// <summary>Starts a step of this processor; the guest stands still, and goes on with it.</summary>
    public static void Begin(VCpu* vcpu, StepKind kind, bool holdsOthers, ulong limit)
    {
        var machine = vcpu->Machine;
        var step = &vcpu->Step;
        step->Kind = kind;
        step->Phase = StepPhase.Fresh;
        step->Remaining = limit;
        step->Handlers = 0;
        step->PassesBreakpoint = true;
        step->Attention = true;

        // A step does not wait for an interrupt: as with the trap flag, the processor goes on behind HLT.
        VmxInstruction.Write(Vmcs.GuestActivityState, Active);
        machine->StepOwner = vcpu->Number;
        machine->Stepper = vcpu->Number;
        machine->State = holdsOthers ? TargetState.Stepping : TargetState.Running;
    }

    /// <summary>The console lets the guest go on: where the processor in front stands at a breakpoint, it passes it.</summary>
    public static void PassHere(VCpu* vcpu)
    {
        vcpu->Step.PassesBreakpoint = true;
        vcpu->Step.Attention = true;
    }

    /// <summary>
    /// The last thing before the guest goes on, where there is something to do. False: the machine may have been stopped meanwhile, and it must be asked again.
    /// </summary>
    public static bool Prepare(VCpu* vcpu)
    {
        var step = &vcpu->Step;
        if (step->Phase == StepPhase.Fresh && !Look(vcpu))
        {
            return false;
        }

        if (step->PassesBreakpoint)
        {
            step->PassesBreakpoint = false;
            BreakpointTrap.Pass(vcpu);
        }

        var single = step->Phase == StepPhase.Single || step->IsPassing || step->Overlay != EptOverlay.None;
        step->Armed = single;
        step->Attention = single;
        SetMonitorTrap(vcpu, single);
        if (single)
        {
            BlockInterrupts();
        }

        return true;
    }

    /// <summary>One instruction was executed, or an event was delivered in its place.</summary>
    public static void OnBoundary(VCpu* vcpu)
    {
        BreakpointTrap.Leave(vcpu);
        vcpu->Step.Armed = false;
        vcpu->Step.Attention = true;
        if (vcpu->Step.Phase == StepPhase.Single)
        {
            Follow(vcpu);
        }
    }

    /// <summary>What the step runs through has come back, perhaps on another processor than it left. The lock is held.</summary>
    public static void Arrive(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        var owner = machine->Processors[machine->StepOwner];
        machine->Breakpoints.Entries[BreakpointTable.StepSlot] = default;
        BreakpointTrap.Apply(vcpu);
        var step = &vcpu->Step;
        if (owner != vcpu)
        {
            step->Kind = owner->Step.Kind;
            step->Remaining = owner->Step.Remaining;
            step->Handlers = owner->Step.Handlers;
            step->HandledRip = owner->Step.HandledRip;
            step->HandledRsp = owner->Step.HandledRsp;
            owner->Step.Phase = StepPhase.None;
            machine->StepOwner = vcpu->Number;
        }

        if (step->Kind == StepKind.Over && step->Handlers == 0)
        {
            End(vcpu, StepEnd.Completed);
        }
        else
        {
            step->Phase = StepPhase.Fresh;
        }
    }

    /// <summary>The guest stands still: whatever was stepped is over. The lock is held.</summary>
    public static void Cancel(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            machine->Processors[i]->Step.Phase = StepPhase.None;
        }

        machine->Breakpoints.Entries[BreakpointTable.StepSlot] = default;
        BreakpointTrap.Settle(vcpu);
    }

    /// <summary>INIT has reset this processor.</summary>
    public static void Forget(VCpu* vcpu)
    {
        vcpu->Step = default;
        SetMonitorTrap(vcpu, false);
    }

    // Looks at the instruction that comes next, and lets the guest run through it where it is one of those that the step does not go into.
    private static bool Look(VCpu* vcpu)
    {
        var step = &vcpu->Step;
        var code = stackalloc byte[16];
        step->Class = InstructionClass.Of(code, CodeAddress.Read(vcpu, code), GuestState.CodeBits());
        step->Rip = VmxInstruction.Read(Vmcs.GuestRip);
        step->Rsp = VmxInstruction.Read(Vmcs.GuestRsp);
        step->Root = CodeAddress.Root(vcpu);
        if (step->Kind == StepKind.Into || step->Class.Length == 0)
        {
            step->Phase = StepPhase.Single;
            return true;
        }

        RunTo(vcpu, step->Rip + step->Class.Length);
        return false;
    }

    private static void Follow(VCpu* vcpu)
    {
        var step = &vcpu->Step;
        if (step->Kind == StepKind.Into)
        {
            Finish(vcpu, StepEnd.Completed);
        }
        else if (CodeAddress.IsInHandlerOf(vcpu, step->Rip, step->Rsp))
        {
            if (step->Handlers++ == 0)
            {
                step->HandledRip = step->Rip;
                step->HandledRsp = step->Rsp;
            }

            GoOn(vcpu);
        }
        else if (step->Class.Kind == InstructionKind.Call)
        {
            if (CodeAddress.TryReturnAddress(vcpu, out var address))
            {
                RunTo(vcpu, address);
            }
            else
            {
                Finish(vcpu, StepEnd.NoPlaceToStop);
            }
        }
        else if (step->Handlers != 0)
        {
            LeaveHandler(vcpu);
        }
        else if (step->Kind == StepKind.Over || step->Class.Kind is InstructionKind.Return or InstructionKind.InterruptReturn)
        {
            Finish(vcpu, StepEnd.Completed);
        }
        else
        {
            GoOn(vcpu);
        }
    }

    // The handler goes back to the instruction, which is executed anew then, or elsewhere: to a fix-up, to a signal handler, behind it.
    private static void LeaveHandler(VCpu* vcpu)
    {
        var step = &vcpu->Step;
        if (step->Class.Kind == InstructionKind.InterruptReturn
            && --step->Handlers == 0
            && step->Kind == StepKind.Over
            && (VmxInstruction.Read(Vmcs.GuestRip) != step->HandledRip || VmxInstruction.Read(Vmcs.GuestRsp) != step->HandledRsp))
        {
            Finish(vcpu, StepEnd.Completed);
            return;
        }

        GoOn(vcpu);
    }

    private static void GoOn(VCpu* vcpu)
    {
        var step = &vcpu->Step;
        if (step->Remaining <= 1)
        {
            Finish(vcpu, StepEnd.LimitReached);
            return;
        }

        step->Remaining--;
        step->Phase = StepPhase.Fresh;
    }

    private static void RunTo(VCpu* vcpu, ulong address)
    {
        var machine = vcpu->Machine;
        var step = &vcpu->Step;
        var phase = step->Phase;
        MachineLock.Acquire(vcpu);
        if (step->Phase == phase)
        {
            step->Phase = StepPhase.Running;
            if (!Await(vcpu, address))
            {
                machine->Breakpoints.Entries[BreakpointTable.StepSlot] = default;
                BreakpointTrap.Apply(vcpu);
                End(vcpu, StepEnd.NoPlaceToStop);
            }
        }

        MachineLock.Release(vcpu);
    }

    private static bool Await(VCpu* vcpu, ulong address)
    {
        var step = &vcpu->Step;
        if (!CodeAddress.TryPhysical(vcpu, address, out var physical))
        {
            return false;
        }

        vcpu->Machine->Breakpoints.WaitAt(address, physical, step->Rsp, step->Rsp + MostArguments, step->Root);
        return BreakpointTrap.Apply(vcpu);
    }

    private static void Finish(VCpu* vcpu, StepEnd end)
    {
        MachineLock.Acquire(vcpu);
        if (vcpu->Step.Phase != StepPhase.None)
        {
            End(vcpu, end);
        }

        MachineLock.Release(vcpu);
    }

    // The lock is held.
    private static void End(VCpu* vcpu, StepEnd end)
    {
        vcpu->Step.Phase = StepPhase.None;
        if (!vcpu->Machine->ObserveOnly)
        {
            StopLoop.Enter(vcpu, StopReason.Step, 0, (byte)end);
            return;
        }

        // A console that only observes has come meanwhile.
        vcpu->Machine->State = TargetState.Running;
    }

    private static void SetMonitorTrap(VCpu* vcpu, bool on)
    {
        var controls = on ? vcpu->PrimaryControls | PrimaryBased.MonitorTrapFlag : vcpu->PrimaryControls & ~PrimaryBased.MonitorTrapFlag;
        if (controls != vcpu->PrimaryControls)
        {
            vcpu->PrimaryControls = controls;
            VmxInstruction.Write(Vmcs.PrimaryProcessorBasedControls, controls);
        }
    }

    // An interrupt would be delivered in the place of the instruction. Blocking by STI holds them back for just one; VM entry accepts it with IF set, the processor active, nothing
    // to inject, and a single-step trap pending exactly where TF asks for one (SDM vol. 3C, "Checks on Guest Non-Register State").
    private static void BlockInterrupts()
    {
        var rflags = VmxInstruction.Read(Vmcs.GuestRflags);
        var blocking = VmxInstruction.Read(Vmcs.GuestInterruptibilityState);
        if ((rflags & Rflags.If) == 0
            || (blocking & BlockingByStiOrMovSs) != 0
            || (VmxInstruction.Read(Vmcs.VmEntryInterruptionInformation) & Valid) != 0
            || VmxInstruction.Read(Vmcs.GuestActivityState) != Active)
        {
            return;
        }

        var traps = (rflags & Rflags.Tf) != 0 && (VmxInstruction.Read(Vmcs.GuestIa32DebugCtl) & BranchTrapFlag) == 0;
        var isPending = (VmxInstruction.Read(Vmcs.GuestPendingDebugExceptions) & PendingSingleStep) != 0;
        if (traps == isPending)
        {
            VmxInstruction.Write(Vmcs.GuestInterruptibilityState, blocking | BlockingBySti);
        }
    }
}
