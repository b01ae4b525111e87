using HvKernel.Cpu;

namespace HvKernel.Vmx.Exits;

/// <summary>
/// XSETBV: performed in root, where CR4.OSXSAVE is set; a value that the processor refuses is the guest's #GP. Root's privilege would let ring 3
/// through: the SDM gives that #GP priority over the exit, but not every implementation does.
/// </summary>
public static unsafe class XsetbvExit
{
    public static ExitAction Handle(VCpu* vcpu)
    {
        if (GuestState.Cpl() != 0)
        {
            return ExitAction.InjectGeneralProtection;
        }

        var value = (uint)vcpu->Registers->Rax | (vcpu->Registers->Rdx << 32);
        return MsrAccess.TryXsetbv((uint)vcpu->Registers->Rcx, value) ? ExitAction.Advance : ExitAction.InjectGeneralProtection;
    }
}
