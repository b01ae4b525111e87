using HvKernel.Cpu;
using HvKernel.Events;
using HvKernel.Guest;
using HvKernel.Link;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Stepping;
using HvKernel.Vmx;

namespace HvKernel.Breakpoints;

/// <summary>What breakpoints do to the processors: #BP exits, reads and writes of hidden pages, and the way on from a breakpoint.</summary>
public static unsafe class BreakpointTrap
{
    private const ulong BreakpointException = 1 << 3;

    /// <summary>The guest executed INT3. False: it is the guest's own, and goes to the guest.</summary>
    public static bool OnBreakpoint(VCpu* vcpu)
    {
        // One instruction is executed from the originals now: then an INT3 is one that stands there.
        if (vcpu->Step.IsPassing || vcpu->Step.Overlay != EptOverlay.None)
        {
            return false;
        }

        MachineLock.Acquire(vcpu);
        var isOurs = Handle(vcpu);
        MachineLock.Release(vcpu);
        return isOurs;
    }

    /// <summary>
    /// A read or a write that the current hierarchy forbids. True where a hidden page explains it: the instruction is executed in a hierarchy that allows it.
    /// </summary>
    public static bool OnDataAccess(VCpu* vcpu, ulong address, bool writes)
    {
        if (!vcpu->Machine->Hidden.Contains(address))
        {
            return false;
        }

        Enter(vcpu, writes ? EptOverlay.Write : EptOverlay.Read);
        return true;
    }

    /// <summary>Before the guest goes on: the instruction at RIP is executed although there is a breakpoint.</summary>
    public static void Pass(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        if (VmxInstruction.Read(Vmcs.GuestActivityState) != 0
            || !CodeAddress.TryPhysical(vcpu, VmxInstruction.Read(Vmcs.GuestRip), out var physical)
            || !machine->Breakpoints.IsSetAt(physical))
        {
            return;
        }

        var step = &vcpu->Step;
        step->IsPassing = true;
        step->Passed = physical;
        step->Rip = VmxInstruction.Read(Vmcs.GuestRip);
        step->Rsp = VmxInstruction.Read(Vmcs.GuestRsp);
        if (machine->HidesBreakpoints)
        {
            Enter(vcpu, EptOverlay.Read);
            return;
        }

        LockBytes(machine);
        VisibleBreakpoints.Lift(machine->Breakpoints, physical);
        UnlockBytes(machine);
    }

    /// <summary>One instruction was executed, or an event was delivered in its place: the processor goes back to its view.</summary>
    public static void Leave(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        var step = &vcpu->Step;
        var overlay = step->Overlay;
        if (overlay != EptOverlay.None)
        {
            step->Overlay = EptOverlay.None;
            VmxInstruction.Write(Vmcs.EptPointer, machine->Views.Pointer[(int)vcpu->View]);
            TransitionMechanism.Apply(vcpu);
        }

        if (overlay == EptOverlay.Write || step->IsPassing)
        {
            LockBytes(machine);
            TransitionMechanism.OnMemoryWritten(machine);
            if (overlay == EptOverlay.Write)
            {
                machine->Hidden.Refresh(machine->Breakpoints);
            }

            if (step->IsPassing)
            {
                if (!machine->HidesBreakpoints)
                {
                    VisibleBreakpoints.Sync(machine->Breakpoints);
                }

                if (CodeAddress.IsInHandlerOf(vcpu, step->Rip, step->Rsp))
                {
                    machine->Breakpoints.NoteRetry(step->Passed, step->Rsp, CodeAddress.Root(vcpu));
                }
            }

            UnlockBytes(machine);
        }

        step->IsPassing = false;
    }

    /// <summary>This processor forgets what it was doing: INIT has reset it.</summary>
    public static void Abandon(VCpu* vcpu)
    {
        if (vcpu->Step.Attention || vcpu->Step.Armed)
        {
            Leave(vcpu);
            StepEngine.Forget(vcpu);
        }
    }

    /// <summary>HvKernel has written guest memory.</summary>
    public static void MemoryChanged(Machine* machine)
    {
        if (machine->Hidden.Count != 0 || machine->HasShadowRoots)
        {
            LockBytes(machine);
            machine->Hidden.Refresh(machine->Breakpoints);
            TransitionMechanism.OnMemoryWritten(machine);
            UnlockBytes(machine);
        }
    }

    /// <summary>Makes the table count on all processors. The lock is held. False where there is no page left, or one cannot be hidden.</summary>
    public static bool Apply(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        var isOn = machine->Breakpoints.AnyEnabled;
        var result = true;
        if (!machine->HidesBreakpoints)
        {
            LockBytes(machine);
            VisibleBreakpoints.Sync(machine->Breakpoints);
            UnlockBytes(machine);
        }
        else if (isOn && machine->Hidden.HasAll(machine->Breakpoints))
        {
            MemoryChanged(machine);
        }
        else
        {
            return Rebuild(vcpu);
        }

        if (isOn != machine->BreakpointsExit)
        {
            machine->BreakpointsExit = isOn;
            Rendezvous.OnAll(vcpu, RemoteWork.Breakpoints);
        }

        return result;
    }

    /// <summary>The guest stands still: pages that no breakpoint needs any more become whole again. The lock is held.</summary>
    public static void Settle(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        if (machine->HidesBreakpoints ? machine->Hidden.HasMore(machine->Breakpoints) : machine->BreakpointsExit != machine->Breakpoints.AnyEnabled)
        {
            _ = machine->HidesBreakpoints ? Rebuild(vcpu) : Apply(vcpu);
        }
    }

    /// <summary>Brings this processor in line with the breakpoints as they are now.</summary>
    public static void Refresh(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        VmxInstruction.Write(
            Vmcs.ExceptionBitmap, TransitionMechanism.Exceptions(machine) | (machine->BreakpointsExit ? BreakpointException : 0));
        InvalidationDescriptor descriptor = default;
        for (var view = EptView.Normal; view <= EptView.UserExecuteOff; view++)
        {
            descriptor.Context = machine->Views.Pointer[(int)view];
            VmxInstruction.Invept(VmxInstruction.InvalidateSingleContext, &descriptor);
        }

        for (var overlay = EptOverlay.Read; overlay <= EptOverlay.Write; overlay++)
        {
            descriptor.Context = machine->Hidden.Pointer(overlay);
            VmxInstruction.Invept(VmxInstruction.InvalidateSingleContext, &descriptor);
        }
    }

    // No processor executes anything of the guest while the tables change, so that no entry is used that is half old and half new
    // (hypervisor-checklist B4-54), and each drops its translations before it goes on.
    private static bool Rebuild(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        var before = machine->State;
        if (before == TargetState.Running)
        {
            machine->Stepper = vcpu->Number;
            machine->State = TargetState.Stepping;
            Rendezvous.StopOthers(vcpu);
        }

        LockBytes(machine);
        var result = machine->Hidden.Rebuild(machine->Breakpoints);
        TransitionMechanism.OnTablesChanged(machine);
        UnlockBytes(machine);
        machine->BreakpointsExit = machine->Breakpoints.AnyEnabled;
        Rendezvous.OnAll(vcpu, RemoteWork.Breakpoints);
        if (before == TargetState.Running)
        {
            machine->State = TargetState.Running;
        }

        return result;
    }

    private static bool Handle(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        var rip = VmxInstruction.Read(Vmcs.GuestRip);
        if (!CodeAddress.TryPhysical(vcpu, rip, out var physical))
        {
            return false;
        }

        var table = &machine->Breakpoints;
        if (!table->IsSetAt(physical))
        {
            // Cleared while this processor waited for the lock: then another instruction stands there now.
            return *(byte*)physical != BreakpointTable.Instruction;
        }

        vcpu->Step.PassesBreakpoint = true;
        vcpu->Step.Attention = true;
        var rsp = VmxInstruction.Read(Vmcs.GuestRsp);
        var root = CodeAddress.Root(vcpu);
        var stopping = LinkProtocol.All;
        for (var i = 0; i < BreakpointTable.Capacity; i++)
        {
            var entry = &table->Entries[i];
            if (!table->IsSet(i) || entry->Physical != physical || !IsFor(vcpu, entry) || table->TakeRetry(i, rsp, root))
            {
                continue;
            }

            entry->Hits++;
            stopping = entry->Id < stopping ? entry->Id : stopping;
        }

        if (stopping != LinkProtocol.All && !machine->ObserveOnly)
        {
            StopLoop.Enter(vcpu, StopReason.Breakpoint, stopping, 0);
        }
        else if (table->IsAwaited(physical, rsp, root))
        {
            StepEngine.Arrive(vcpu);
        }

        return true;
    }

    private static bool IsFor(VCpu* vcpu, Breakpoint* entry) =>
        (entry->Core == LinkProtocol.All || entry->Core == vcpu->Number)
        && (entry->Pid == LinkProtocol.All || GuestProcess.IsCurrent(vcpu, entry->Pid));

    /// <summary>Lets the processor execute one instruction in a hierarchy that allows more than its view.</summary>
    public static void Enter(VCpu* vcpu, EptOverlay overlay)
    {
        vcpu->Step.Attention = true;
        if (overlay > vcpu->Step.Overlay)
        {
            vcpu->Step.Overlay = overlay;
            TransitionMechanism.Apply(vcpu);
            VmxInstruction.Write(Vmcs.EptPointer, vcpu->Machine->Hidden.Pointer(overlay));
        }
    }

    /// <summary>
    /// Takes the lock of what follows guest memory: copies and bytes are also brought up to date behind single instructions, without the machine's lock. Nobody
    /// waits for anything while he holds this one.
    /// </summary>
    public static void LockBytes(Machine* machine)
    {
        while (Atomic.Exchange(&machine->BreakpointBytesLock, 1) != 0)
        {
            Processor.Pause();
        }
    }

    /// <summary>Gives the lock back.</summary>
    public static void UnlockBytes(Machine* machine) => Atomic.Exchange(&machine->BreakpointBytesLock, 0);
}
