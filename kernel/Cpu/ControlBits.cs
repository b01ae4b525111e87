namespace HvKernel.Cpu;

/// <summary>Bits of CR0 (SDM vol. 3A, "Control Registers").</summary>
public static class Cr0
{
    public const ulong Pe = 1;
    public const ulong Mp = 1 << 1;
    public const ulong Em = 1 << 2;
    public const ulong Ts = 1 << 3;
    public const ulong Et = 1 << 4;
    public const ulong Ne = 1 << 5;
    public const ulong Wp = 1 << 16;
    public const ulong Am = 1 << 18;
    public const ulong Nw = 1 << 29;
    public const ulong Cd = 1 << 30;
    public const ulong Pg = 1UL << 31;
}

/// <summary>Bits of CR4 (SDM vol. 3A, "Control Registers").</summary>
public static class Cr4
{
    public const ulong Pse = 1 << 4;
    public const ulong Pae = 1 << 5;
    public const ulong Pge = 1 << 7;
    public const ulong OsFxsr = 1 << 9;
    public const ulong OsXmmExcpt = 1 << 10;
    public const ulong La57 = 1 << 12;
    public const ulong Vmxe = 1 << 13;
    public const ulong Pcide = 1 << 17;
    public const ulong OsXsave = 1 << 18;
    public const ulong Smep = 1 << 20;
    public const ulong Smap = 1 << 21;
    public const ulong Pke = 1 << 22;

    /// <summary>
    /// Bits that the guest changes without our seeing it: VME, PVI, TSD, DE, PSE, PAE, MCE, PGE, PCE, OSFXSR, OSXMMEXCPT, UMIP, FSGSBASE,
    /// PCIDE, OSXSAVE, SMEP, SMAP, PKE. Every other bit exits, so that one we do not know cannot be set unnoticed.
    /// </summary>
    public const ulong GuestOwned = 0x0077_0FFF & ~La57;
}

/// <summary>Bits of RFLAGS.</summary>
public static class Rflags
{
    public const ulong Cf = 1;
    public const ulong Reserved1 = 2;
    public const ulong Pf = 1 << 2;
    public const ulong Af = 1 << 4;
    public const ulong Zf = 1 << 6;
    public const ulong Sf = 1 << 7;
    public const ulong Tf = 1 << 8;
    public const ulong If = 1 << 9;
    public const ulong Df = 1 << 10;
    public const ulong Of = 1 << 11;
    public const ulong Rf = 1 << 16;
    public const ulong Ac = 1 << 18;
}
