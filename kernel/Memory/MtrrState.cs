namespace HvKernel.Memory;

/// <summary>The MTRRs of one processor as values. Filled from the MSRs in the image, from tables in tests.</summary>
public unsafe struct MtrrState
{
    /// <summary>Variable ranges that are kept; IA32_MTRRCAP.VCNT is at most this on existing processors (10).</summary>
    public const int MaximumVariable = 16;

    /// <summary>IA32_MTRR_DEF_TYPE: default type in bits 7:0, fixed-range enable in bit 10, enable in bit 11.</summary>
    public ulong DefaultType;

    /// <summary>Whether IA32_MTRRCAP says that there are fixed ranges.</summary>
    public bool HasFixed;
    public int VariableCount;
    public int PhysicalAddressBits;

    /// <summary>IA32_MTRR_PHYSBASEn and IA32_MTRR_PHYSMASKn in turn.</summary>
    public fixed ulong Variable[2 * MaximumVariable];

    /// <summary>One type byte for each fixed sub-range, from address 0: 8 of 64 KiB, 16 of 16 KiB, 64 of 4 KiB.</summary>
    public fixed byte Fixed[FixedSubRanges];

    public const int FixedSubRanges = 88;
    public const ulong DefTypeFixedEnable = 1 << 10;
    public const ulong DefTypeEnable = 1 << 11;
    public const ulong MaskValid = 1 << 11;
}
