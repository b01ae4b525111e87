using System.Runtime;
using HvKernel.Cpu;
using HvKernel.Link;
using HvKernel.Protocol;
using HvKernel.Stepping;
using HvKernel.Vmx.Exits;

namespace HvKernel.Vmx;

/// <summary>Where every VM exit arrives, and the one place in which the guest is made ready to go on.</summary>
public static unsafe class ExitDispatch
{
    private const uint EntryFailure = 1U << 31;

    /// <summary>Called by the exit stub (boot/asm/vmexit.asm) on the processor's own stack, interrupts off.</summary>
    [RuntimeExport("HvkVmExit")]
    public static void OnExit(VCpu* vcpu, GuestRegisters* registers)
    {
        var start = Processor.Tsc();
        var waited = vcpu->WaitTicks;
        vcpu->Registers = registers;
        var reason = (uint)VmxInstruction.Read(Vmcs.ExitReason);
        var basic = reason & 0xFFFF;
        vcpu->ExitReason = basic;
        if ((reason & EntryFailure) != 0 || basic >= LinkProtocol.ExitReasonSlots)
        {
            if (EntryRepair.TryMend(vcpu, reason))
            {
                return;
            }

            EntryFailures.Report(vcpu, reason);
        }

        vcpu->Exits[basic]++;

        // A redelivery is set up first, so that a handler which injects something of its own replaces it knowingly.
        if (basic != (uint)ExitReason.ExceptionOrNmi && (int)(uint)VmxInstruction.Read(Vmcs.IdtVectoringInformation) < 0)
        {
            Injection.RedoInterruptedDelivery();
        }

        switch (Handle(vcpu, (ExitReason)basic))
        {
            case ExitAction.Advance:
                GuestState.Advance();
                if (vcpu->Step.Armed)
                {
                    // An instruction that exits leaves no monitor trap pending: it ends here.
                    StepEngine.OnBoundary(vcpu);
                }

                break;
            case ExitAction.Resume:
                break;
            case ExitAction.InjectInvalidOpcode:
                Injection.InvalidOpcode();
                break;
            case ExitAction.InjectGeneralProtection:
                Injection.GeneralProtection();
                break;
            default:
                Panic.UnexpectedExit(vcpu, basic);
                break;
        }

        if (start >= vcpu->NextPollTick)
        {
            PreemptionTimer.Beat(vcpu);
        }

        if (vcpu->InitPending)
        {
            StartupExits.InitSignal(vcpu);
        }

        do
        {
            if (vcpu->Work != 0 || vcpu->Machine->State != TargetState.Running)
            {
                Rendezvous.Attend(vcpu);
            }
        }
        while (vcpu->Step.Attention && !StepEngine.Prepare(vcpu));

        // In the place of an instruction that is stepped nothing is delivered; the exit behind it comes soon.
        if (vcpu->NmiPending && !vcpu->Step.Armed)
        {
            Injection.DeliverPendingNmi(vcpu);
        }

        // What was waited for is nobody's fault here: what is left says whether some exit took long by itself.
        var spent = Processor.Tsc() - start - (vcpu->WaitTicks - waited);
        vcpu->RootTicks += spent;
        if (spent > vcpu->LongestTicks)
        {
            vcpu->LongestTicks = spent;
            vcpu->LongestReason = basic;
        }
    }

    private static ExitAction Handle(VCpu* vcpu, ExitReason reason)
    {
        switch (reason)
        {
            case ExitReason.EptViolation:
                return EptViolation.Handle(vcpu);
            case ExitReason.ControlRegisterAccess:
                return ControlRegisterAccess.Handle(vcpu);
            case ExitReason.PreemptionTimerExpired:
                return PreemptionTimer.Handle(vcpu);
            case ExitReason.Cpuid:
                return CpuidExit.Handle(vcpu);
            case ExitReason.Rdmsr:
                return MsrExit.HandleRead(vcpu);
            case ExitReason.Wrmsr:
                return MsrExit.HandleWrite(vcpu);
            case ExitReason.ExceptionOrNmi:
                return ExceptionOrNmi.Handle(vcpu);
            case ExitReason.NmiWindow:
                return ExceptionOrNmi.HandleWindow(vcpu);
            case ExitReason.MonitorTrapFlag:
                StepEngine.OnBoundary(vcpu);
                return ExitAction.Resume;
            case ExitReason.IoInstruction:
                return IoInstruction.Handle(vcpu);
            case ExitReason.Xsetbv:
                return XsetbvExit.Handle(vcpu);
            case ExitReason.Invd:
                return InvdExit.Handle();
            case ExitReason.TripleFault:
                return ShutdownExits.TripleFault(vcpu);
            case ExitReason.InitSignal:
                return StartupExits.InitSignal(vcpu);
            case ExitReason.StartupIpi:
                return StartupExits.StartupIpi(vcpu);
            case ExitReason.EptMisconfiguration:
                return EptViolation.HandleMisconfiguration(vcpu);
            case ExitReason.TaskSwitch:
                return ShutdownExits.TaskSwitch();
            case ExitReason.Vmcall:
            case ExitReason.Vmclear:
            case ExitReason.Vmlaunch:
            case ExitReason.Vmptrld:
            case ExitReason.Vmptrst:
            case ExitReason.Vmread:
            case ExitReason.Vmresume:
            case ExitReason.Vmwrite:
            case ExitReason.Vmxoff:
            case ExitReason.Vmxon:
            case ExitReason.Invept:
            case ExitReason.Invvpid:
            case ExitReason.Getsec:
            case ExitReason.Rsm:
                // CPUID says that there is no VMX and no SMX, so these are undefined opcodes.
                return ExitAction.InjectInvalidOpcode;
            default:
                return ExitAction.Panic;
        }
    }
}
