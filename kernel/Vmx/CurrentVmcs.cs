using HvKernel.Vmx.Checks;

namespace HvKernel.Vmx;

/// <summary>The fields of the VMCS that is current.</summary>
public struct CurrentVmcs : IVmcsFields
{
    public readonly ulong Read(uint field) => VmxInstruction.Read(field);
}
