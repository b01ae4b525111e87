namespace HvKernel.Vmx;

/// <summary>Values of CR3 whose loads do not exit. Pure.</summary>
public unsafe struct Cr3TargetSet
{
    /// <summary>Fields that every processor with VMX has had; IA32_VMX_MISC[24:16] says how many there are.</summary>
    public const int Maximum = 4;

    private const ulong RootMask = 0x000F_FFFF_FFFF_F000;

    // Linux marks the PCID of a user half by this bit.
    private const ulong UserPcidBit = 0x800;

    public int Count;
    public fixed ulong Values[Maximum];

    /// <summary>
    /// The values that a process loads while it runs, from one that it has loaded: both page roots with their PCIDs, each with and
    /// without the bit that keeps translations. Where it has one root, that.
    /// </summary>
    public static Cr3TargetSet Of(ulong cr3, ulong root, ulong pairedRoot, bool usesPcid)
    {
        Cr3TargetSet set = default;
        var pcid = usesPcid ? cr3 & 0xFFF & ~UserPcidBit : cr3 & 0xFFF;
        Add(ref set, root | pcid, usesPcid);
        if (pairedRoot != root)
        {
            Add(ref set, pairedRoot | pcid | (usesPcid ? UserPcidBit : 0), usesPcid);
        }
        else if (usesPcid && (cr3 & UserPcidBit) != 0)
        {
            set.Count = 0;
            Add(ref set, cr3 & (RootMask | 0xFFF), usesPcid);
        }

        return set;
    }

    private static void Add(ref Cr3TargetSet set, ulong value, bool usesPcid)
    {
        set.Values[set.Count++] = value;
        if (usesPcid)
        {
            set.Values[set.Count++] = value | ControlRegisterRules.Cr3NoFlush;
        }
    }
}
