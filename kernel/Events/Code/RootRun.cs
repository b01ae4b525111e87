using System.Runtime;
using HvKernel.Cpu;
using HvKernel.Events.Scripts;
using HvKernel.Guest;
using HvKernel.Link;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events.Code;

/// <summary>Machine code of events in VMX root, in the address space that holds nothing of HvKernel but the window.</summary>
public static unsafe class RootRun
{
    private const ulong VectorDebug = 1;
    private const ulong VectorNmi = 2;
    private const ulong VectorBreakpoint = 3;
    private const ulong VectorPageFault = 14;
    private const byte Int1Opcode = 0xF1;
    private const byte Int3Opcode = 0xCC;
    private const byte HaltOpcode = 0xF4;
    private const ulong Dr6SingleStep = 1 << 14;

    /// <summary>
    /// Runs the code that the context names. Where it is not known to end (<paramref name="stepped"/>) the trap flag brings every instruction back to the
    /// handler, which looks at the clock: VMX root has no timer of its own that the guest does not need.
    /// </summary>
    public static bool Run(VCpu* vcpu, bool stepped, BlobFlags flags, out ulong result)
    {
        var runner = &vcpu->Runner;
        var context = runner->Context;
        context->Rflags = stepped ? Rflags.Reserved1 | Rflags.Tf : Rflags.Reserved1;
        *(ulong*)(runner->StackTop - (RunnerWindow.StackTop - context->Stack)) = runner->WayBack;
        context->VectorArea = 0;
        if (stepped || (flags & BlobFlags.UsesVectorState) != 0)
        {
            CodeRunner.PrepareVectors(vcpu);
        }

        // Both are the guest's, and faults change them.
        context->Cr2 = ControlRegisters.ReadCr2();
        if (stepped)
        {
            context->Dr6 = ControlRegisters.ReadDr6();
        }

        var done = RunnerInstruction.RunInRoot(context);
        if (ControlRegisters.ReadCr2() != context->Cr2)
        {
            ControlRegisters.WriteCr2(context->Cr2);
        }

        if (stepped)
        {
            ControlRegisters.WriteDr6(context->Dr6);
        }

        result = context->Result;
        return done != 0;
    }

    /// <summary>An exception or interrupt during a run. True: the code goes on at the frame; false: the run is over.</summary>
    [RuntimeExport("HvkBlobException")]
    public static bool OnException(HostFrame* frame)
    {
        var vcpu = Processor.Context();
        var context = vcpu->Runner.Context;
        ulong address = 0;
        switch (frame->Vector)
        {
            case VectorNmi:
                if ((vcpu->Work & (uint)RemoteWork.Panic) != 0)
                {
                    PanicStop.Join(vcpu, frame->Rip);
                }

                vcpu->NmiPending |= !Rendezvous.TakeNmi(vcpu);
                return true;
            case VectorDebug when (ControlRegisters.ReadDr6() & Dr6SingleStep) != 0 && (context->Rflags & Rflags.Tf) != 0:
                return OnStep(frame, context);
            case ScriptGate.Vector when ScriptGate.IsCall(vcpu, frame):
                return OnCall(vcpu, frame, context);
            case VectorPageFault:
                var memory = Machine.Memory(vcpu->Machine);
                address = ControlRegisters.ReadCr2();
                if (vcpu->Runner.Space.Resolve(ref memory, KernelPaging.Current(vcpu), address, frame->ErrorCode) == BlobAccess.Mapped)
                {
                    // Without a step there may be no other chance to look at the clock, and each new page brings one.
                    return Processor.Tsc() < context->Deadline || TooLong(frame, context);
                }

                break;
        }

        CopyFrame(frame, context->Fault);
        context->Fault->Address = address;
        context->Fault->Kind = BlobFaultKind.Exception;
        context->Fault->Vector = (byte)frame->Vector;
        context->Fault->ErrorCode = frame->ErrorCode;
        context->Fault->Rip -= TrapLength(vcpu, frame);
        return false;
    }

    private static bool OnCall(VCpu* vcpu, HostFrame* frame, RunContext* context)
    {
        BlobFault failure = default;
        if (!ScriptGate.Answer(vcpu, frame, &failure))
        {
            CopyFrame(frame, context->Fault);
            context->Fault->Kind = failure.Kind;
            context->Fault->Detail = failure.Detail;
            context->Fault->Address = failure.Address;
        }
        else if (Processor.Tsc() < context->Deadline)
        {
            return true;
        }
        else
        {
            TooLong(frame, context);
        }

        context->Fault->Rip = ScriptGate.Caller(vcpu, frame);
        return false;
    }

    // INT3 and INT1 are traps: RIP stands behind them. Both have one byte, INT3 a second form of two.
    private static ulong TrapLength(VCpu* vcpu, HostFrame* frame)
    {
        if (frame->Vector is not (VectorDebug or VectorBreakpoint) || frame->Rip - RunnerWindow.Code - 1 >= RunnerWindow.CodeBytes)
        {
            return 0;
        }

        return *vcpu->Machine->Code.Own(frame->Rip - 1) is Int3Opcode or Int1Opcode ? 1UL : 2;
    }

    private static bool OnStep(HostFrame* frame, RunContext* context)
    {
        ControlRegisters.WriteDr6(context->Dr6 & ~Dr6SingleStep);
        if (frame->Rip - RunnerWindow.Text < RunnerWindow.TextBytes)
        {
            // On its way back.
            frame->Rflags &= ~Rflags.Tf;
            return true;
        }

        if (IsHalt(frame->Rip, context))
        {
            CopyFrame(frame, context->Fault);
            context->Fault->Kind = BlobFaultKind.ForbiddenInstruction;
            context->Fault->Detail = (uint)ExitReason.Hlt;
            return false;
        }

        return Processor.Tsc() < context->Deadline || TooLong(frame, context);
    }

    // With interrupts off nothing would end it, a step neither.
    private static bool IsHalt(ulong rip, RunContext* context) =>
        rip - RunnerWindow.Code < RunnerWindow.CodeBytes && *Processor.Context()->Machine->Code.Own(rip) == HaltOpcode;

    private static bool TooLong(HostFrame* frame, RunContext* context)
    {
        CopyFrame(frame, context->Fault);
        context->Fault->Kind = BlobFaultKind.TimeLimit;
        return false;
    }

    private static void CopyFrame(HostFrame* frame, BlobFault* fault)
    {
        *fault = default;
        fault->Rip = frame->Rip;
        fault->Rflags = frame->Rflags & ~Rflags.Tf;
        fault->Registers.Rax = frame->Rax;
        fault->Registers.Rcx = frame->Rcx;
        fault->Registers.Rdx = frame->Rdx;
        fault->Registers.Rbx = frame->Rbx;
        fault->Registers.Rsp = frame->Rsp;
        fault->Registers.Rbp = frame->Rbp;
        fault->Registers.Rsi = frame->Rsi;
        fault->Registers.Rdi = frame->Rdi;
        fault->Registers.R8 = frame->R8;
        fault->Registers.R9 = frame->R9;
        fault->Registers.R10 = frame->R10;
        fault->Registers.R11 = frame->R11;
        fault->Registers.R12 = frame->R12;
        fault->Registers.R13 = frame->R13;
        fault->Registers.R14 = frame->R14;
        fault->Registers.R15 = frame->R15;
    }
}
