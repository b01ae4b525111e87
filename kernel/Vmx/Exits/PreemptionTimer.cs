using HvKernel.Cpu;
using HvKernel.Link;

namespace HvKernel.Vmx.Exits;

/// <summary>The VMX-preemption timer: the beat at which the debug link is looked at, whatever the guest does.</summary>
public static unsafe class PreemptionTimer
{
    public static ExitAction Handle(VCpu* vcpu)
    {
        Beat(vcpu);
        return ExitAction.Resume;
    }

    /// <summary>
    /// Looks at the link and starts the next interval. The timer counts in the guest only: where another exit follows every few hundred
    /// instructions most of the time is spent in root, so such an exit looks at the link itself when the time has come.
    /// </summary>
    public static void Beat(VCpu* vcpu)
    {
        Arm(vcpu);
        LinkService.Poll(vcpu);
        BootProof.Watch(vcpu);
    }

    /// <summary>Starts the next interval. The timer counts down by 1 each time a TSC bit changes; IA32_VMX_MISC[4:0] names the bit.</summary>
    public static void Arm(VCpu* vcpu)
    {
        vcpu->NextPollTick = Processor.Tsc() + vcpu->Machine->PollTicks;
        var ticks = vcpu->Machine->PollTicks >> (int)(vcpu->Machine->Capabilities.Misc & 31);
        VmxInstruction.Write(Vmcs.PreemptionTimerValue, ticks > uint.MaxValue ? uint.MaxValue : ticks);
    }
}
