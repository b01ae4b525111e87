using HvKernel.Vmx;

namespace HvKernel.Tests.Vmx;

/// <summary>Capability values as processors report them.</summary>
public static class Processors
{
    /// <summary>
    /// A processor with everything that HvKernel asks for. The words are put together from SDM vol. 3D, appendix A: bits 31:0 must be 1 where
    /// set, bits 63:32 may be 1 where set; the reserved bits of the default1 class are those of the TRUE registers.
    /// </summary>
    public static VmxCapabilities Complete()
    {
        VmxCapabilities c = default;
        c.HasVmx = true;
        c.FeatureControl = 5;                                           // locked, VMX outside SMX
        c.Basic = (1UL << 55) | (1UL << 54) | (6UL << 50) | (4096UL << 32) | 4;
        c.PinBased = Word(mustBeOne: 0x16, mayBeOne: 0x7F);
        c.PrimaryBased = Word(mustBeOne: 0x0400_6172, mayBeOne: 0xFFF9_FFFE);
        c.SecondaryBased = Word(mustBeOne: 0, mayBeOne: 0x075F_FFFF);
        c.Exit = Word(mustBeOne: 0x0003_6DFB, mayBeOne: 0x01FF_FFFF);
        c.Entry = Word(mustBeOne: 0x0000_11FB, mayBeOne: 0x0003_FFFF);
        c.Misc = (1UL << 30) | (4UL << 16) | (7UL << 6) | (1UL << 5) | 5;
        c.EptVpid = 0x0F01_0673_4141;
        c.Cr0Fixed0 = 0x8000_0021;
        c.Cr0Fixed1 = 0xFFFF_FFFF;
        c.Cr4Fixed0 = 0x2000;
        c.Cr4Fixed1 = 0x0077_2FFF;
        c.PhysicalAddressBits = 39;
        c.HasGigabytePages = true;
        c.HasXsave = true;
        c.HasRdtscp = true;
        c.HasInvpcid = true;
        c.HasXsaves = true;
        return c;
    }

    public static ulong Word(uint mustBeOne, uint mayBeOne) => mustBeOne | ((ulong)(mustBeOne | mayBeOne) << 32);
}
