namespace HvKernel.Vmx;

/// <summary>
/// The CR3-target values while a watched process is current: its own. A kernel that isolates page tables loads CR3 twice in each system call,
/// and none of these loads is news (SDM vol. 3C, "CR3-Target Controls": the whole 64-bit operand is compared).
/// </summary>
public static unsafe class Cr3Targets
{
    /// <summary>Makes the set current on this processor, as far as it has fields for it.</summary>
    public static void Load(VCpu* vcpu, in Cr3TargetSet set)
    {
        var fields = (int)(vcpu->Machine->Capabilities.Misc >> 16) & 0x1FF;
        var count = set.Count < fields ? set.Count : fields;
        for (var i = 0; i < count; i++)
        {
            if (vcpu->Cr3Targets.Values[i] != set.Values[i])
            {
                vcpu->Cr3Targets.Values[i] = set.Values[i];
                VmxInstruction.Write(Vmcs.Cr3Target0 + (2 * (uint)i), set.Values[i]);
            }
        }

        if (vcpu->Cr3Targets.Count != count)
        {
            vcpu->Cr3Targets.Count = count;
            VmxInstruction.Write(Vmcs.Cr3TargetCount, (ulong)count);
        }
    }
}
