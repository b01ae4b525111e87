using HvKernel.Cpu;

namespace HvKernel.Vmx.Exits;

/// <summary>CPUID: the processor's own answer through <see cref="CpuidFilter"/>.</summary>
public static unsafe class CpuidExit
{
    public static ExitAction Handle(VCpu* vcpu)
    {
        var leaf = (uint)vcpu->Registers->Rax;
        var subleaf = (uint)vcpu->Registers->Rcx;
        CpuidResult result;
        Processor.Cpuid(leaf, subleaf, &result);
        CpuidFilter.Apply(leaf, subleaf, VmxInstruction.Read(Vmcs.GuestCr4), GuestState.Is64BitCode(), ref result);
        vcpu->Registers->Rax = result.Eax;
        vcpu->Registers->Rbx = result.Ebx;
        vcpu->Registers->Rcx = result.Ecx;
        vcpu->Registers->Rdx = result.Edx;
        return ExitAction.Advance;
    }
}
