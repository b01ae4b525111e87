namespace HvKernel.Memory;

/// <summary>How the guest translates linear addresses; the names are those of SDM vol. 3A, "Paging Modes and Control Bits".</summary>
public enum GuestPagingMode : byte
{
    /// <summary>CR0.PG = 0: a linear address is a physical one, 32 bits wide.</summary>
    Off,

    /// <summary>32-bit paging: two levels of 4-byte entries.</summary>
    Bits32,

    /// <summary>PAE paging: three levels of 8-byte entries, the uppermost of four entries.</summary>
    Pae,

    /// <summary>4-level paging.</summary>
    Level4,

    /// <summary>5-level paging.</summary>
    Level5,
}

/// <summary>The registers that decide how the guest translates linear addresses.</summary>
public struct GuestPaging
{
    private const ulong Cr0Paging = 1UL << 31;
    private const ulong Cr4PhysicalAddressExtension = 1UL << 5;
    private const ulong Cr4LinearAddress57 = 1UL << 12;
    private const ulong EferLongModeActive = 1UL << 10;

    public ulong Cr0;
    public ulong Cr3;
    public ulong Cr4;
    public ulong Efer;

    public GuestPaging(ulong cr0, ulong cr3, ulong cr4, ulong efer)
    {
        Cr0 = cr0;
        Cr3 = cr3;
        Cr4 = cr4;
        Efer = efer;
    }

    public readonly GuestPagingMode Mode
    {
        get
        {
            if ((Cr0 & Cr0Paging) == 0)
                return GuestPagingMode.Off;
            if ((Cr4 & Cr4PhysicalAddressExtension) == 0)
                return GuestPagingMode.Bits32;
            if ((Efer & EferLongModeActive) == 0)
                return GuestPagingMode.Pae;
            return (Cr4 & Cr4LinearAddress57) == 0 ? GuestPagingMode.Level4 : GuestPagingMode.Level5;
        }
    }

    /// <summary>The same translation from another root.</summary>
    public readonly GuestPaging WithRoot(ulong cr3) => new(Cr0, cr3, Cr4, Efer);
}
