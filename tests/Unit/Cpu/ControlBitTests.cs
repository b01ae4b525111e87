using System.Linq;
using HvKernel.Cpu;
using Xunit;

namespace HvKernel.Tests.Cpu;

/// <summary>Positions of bits by SDM vol. 3A, "Control Registers", and numbers of registers by vol. 4, table "IA-32 Architectural MSRs".</summary>
public class ControlBitTests
{
    // VME, PVI, TSD, DE, PSE, PAE, MCE, PGE, PCE, OSFXSR, OSXMMEXCPT, UMIP; FSGSBASE, PCIDE, OSXSAVE; SMEP, SMAP, PKE.
    private static readonly int[] GuestOwnedCr4 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 20, 21, 22];

    [Fact]
    public void Bits_of_CR0() => Constants.ShouldBeBits(
        typeof(Cr0), ("Pe", 0), ("Mp", 1), ("Em", 2), ("Ts", 3), ("Et", 4), ("Ne", 5), ("Wp", 16), ("Am", 18), ("Nw", 29), ("Cd", 30), ("Pg", 31));

    [Fact]
    public void Bits_of_CR4() => Constants.ShouldBe(
        typeof(Cr4),
        [
            ("Pse", 1UL << 4), ("Pae", 1UL << 5), ("Pge", 1UL << 7), ("OsFxsr", 1UL << 9), ("OsXmmExcpt", 1UL << 10), ("La57", 1UL << 12),
            ("Vmxe", 1UL << 13), ("Pcide", 1UL << 17), ("OsXsave", 1UL << 18), ("Smep", 1UL << 20), ("Smap", 1UL << 21), ("Pke", 1UL << 22),
            ("GuestOwned", GuestOwnedCr4.Aggregate(0UL, (mask, bit) => mask | (1UL << bit))),
        ]);

    [Fact]
    public void Bits_of_RFLAGS() => Constants.ShouldBeBits(
        typeof(Rflags), ("Cf", 0), ("Reserved1", 1), ("Pf", 2), ("Af", 4), ("Zf", 6), ("Sf", 7), ("Tf", 8), ("If", 9), ("Df", 10), ("Of", 11), ("Rf", 16), ("Ac", 18));

    [Fact]
    public void Bits_of_IA32_EFER() => Constants.ShouldBeBits(typeof(Efer), ("Lme", 8), ("Lma", 10), ("Nxe", 11));

    [Fact]
    public void Bits_of_IA32_FEATURE_CONTROL() => Constants.ShouldBeBits(typeof(FeatureControl), ("Locked", 0), ("VmxOutsideSmx", 2));

    [Fact]
    public void Numbers_of_MSRs() => Constants.ShouldBe(
        typeof(Msr),
        ("Ia32ApicBase", 0x1B),
        ("Ia32FeatureControl", 0x3A),
        ("Ia32BiosUpdtTrig", 0x79),
        ("Ia32MtrrCap", 0xFE),
        ("Ia32SysenterCs", 0x174),
        ("Ia32SysenterEsp", 0x175),
        ("Ia32SysenterEip", 0x176),
        ("Ia32DebugCtl", 0x1D9),
        ("Ia32MtrrPhysBase0", 0x200),
        ("Ia32MtrrFix64K00000", 0x250),
        ("Ia32MtrrFix16K80000", 0x258),
        ("Ia32MtrrFix16KA0000", 0x259),
        ("Ia32MtrrFix4KC0000", 0x268),
        ("Ia32Pat", 0x277),
        ("Ia32MtrrDefType", 0x2FF),
        ("Ia32VmxBasic", 0x480),
        ("Ia32VmxPinbasedCtls", 0x481),
        ("Ia32VmxProcbasedCtls", 0x482),
        ("Ia32VmxExitCtls", 0x483),
        ("Ia32VmxEntryCtls", 0x484),
        ("Ia32VmxMisc", 0x485),
        ("Ia32VmxCr0Fixed0", 0x486),
        ("Ia32VmxCr0Fixed1", 0x487),
        ("Ia32VmxCr4Fixed0", 0x488),
        ("Ia32VmxCr4Fixed1", 0x489),
        ("Ia32VmxProcbasedCtls2", 0x48B),
        ("Ia32VmxEptVpidCap", 0x48C),
        ("Ia32VmxTruePinbasedCtls", 0x48D),
        ("Ia32VmxTrueProcbasedCtls", 0x48E),
        ("Ia32VmxTrueExitCtls", 0x48F),
        ("Ia32VmxTrueEntryCtls", 0x490),
        ("Ia32VmxExitCtls2", 0x493),
        ("Ia32X2ApicIcr", 0x830),
        ("Ia32Efer", 0xC000_0080),
        ("Ia32Star", 0xC000_0081),
        ("Ia32Lstar", 0xC000_0082),
        ("Ia32FsBase", 0xC000_0100),
        ("Ia32GsBase", 0xC000_0101),
        ("Ia32KernelGsBase", 0xC000_0102));
}
