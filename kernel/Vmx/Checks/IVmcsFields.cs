namespace HvKernel.Vmx.Checks;

/// <summary>Where the values of VMCS fields come from: the processor's current VMCS, or a test.</summary>
public interface IVmcsFields
{
    /// <summary>Value of a field by its encoding.</summary>
    ulong Read(uint field);
}
