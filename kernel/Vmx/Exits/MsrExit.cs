using HvKernel.Cpu;

namespace HvKernel.Vmx.Exits;

/// <summary>
/// RDMSR and WRMSR of registers that <see cref="MsrPolicy"/> watches, and of all indexes outside both ranges of the bitmap, which always
/// exit. What is not ours is performed on the processor; where it refuses, the guest gets the #GP, and EDX:EAX stay as they were.
/// </summary>
public static unsafe class MsrExit
{
    public static ExitAction HandleRead(VCpu* vcpu)
    {
        var index = (uint)vcpu->Registers->Rcx;
        ulong value;
        switch (MsrPolicy.OnRead(index))
        {
            case MsrTreatment.Refuse:
                return ExitAction.InjectGeneralProtection;
            case MsrTreatment.Emulate:
                // IA32_FEATURE_CONTROL as firmware without VMX leaves it; the update trigger reads as 0.
                value = index == Msr.Ia32FeatureControl ? FeatureControl.Locked : 0;
                break;
            default:
                if (!MsrAccess.TryRead(index, out value))
                {
                    return ExitAction.InjectGeneralProtection;
                }

                break;
        }

        vcpu->Registers->Rax = (uint)value;
        vcpu->Registers->Rdx = value >> 32;
        return ExitAction.Advance;
    }

    public static ExitAction HandleWrite(VCpu* vcpu)
    {
        var index = (uint)vcpu->Registers->Rcx;
        var value = (uint)vcpu->Registers->Rax | (vcpu->Registers->Rdx << 32);
        switch (MsrPolicy.OnWrite(index))
        {
            case MsrTreatment.Refuse:
                return ExitAction.InjectGeneralProtection;
            case MsrTreatment.Emulate:
                return ExitAction.Advance;
            default:
                return MsrAccess.TryWrite(index, value) ? ExitAction.Advance : ExitAction.InjectGeneralProtection;
        }
    }
}
