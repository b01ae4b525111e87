namespace HvKernel.Cpu;

/// <summary>Model-specific registers by their SDM names (SDM vol. 4).</summary>
public static class Msr
{
    public const uint Ia32ApicBase = 0x1B;
    public const uint Ia32FeatureControl = 0x3A;
    public const uint Ia32BiosUpdtTrig = 0x79;
    public const uint Ia32MtrrCap = 0xFE;
    public const uint Ia32SysenterCs = 0x174;
    public const uint Ia32SysenterEsp = 0x175;
    public const uint Ia32SysenterEip = 0x176;
    public const uint Ia32DebugCtl = 0x1D9;
    public const uint Ia32MtrrPhysBase0 = 0x200;
    public const uint Ia32MtrrFix64K00000 = 0x250;
    public const uint Ia32MtrrFix16K80000 = 0x258;
    public const uint Ia32MtrrFix16KA0000 = 0x259;
    public const uint Ia32MtrrFix4KC0000 = 0x268;
    public const uint Ia32Pat = 0x277;
    public const uint Ia32MtrrDefType = 0x2FF;
    public const uint Ia32VmxBasic = 0x480;
    public const uint Ia32VmxPinbasedCtls = 0x481;
    public const uint Ia32VmxProcbasedCtls = 0x482;
    public const uint Ia32VmxExitCtls = 0x483;
    public const uint Ia32VmxEntryCtls = 0x484;
    public const uint Ia32VmxMisc = 0x485;
    public const uint Ia32VmxCr0Fixed0 = 0x486;
    public const uint Ia32VmxCr0Fixed1 = 0x487;
    public const uint Ia32VmxCr4Fixed0 = 0x488;
    public const uint Ia32VmxCr4Fixed1 = 0x489;
    public const uint Ia32VmxProcbasedCtls2 = 0x48B;
    public const uint Ia32VmxEptVpidCap = 0x48C;
    public const uint Ia32VmxTruePinbasedCtls = 0x48D;
    public const uint Ia32VmxTrueProcbasedCtls = 0x48E;
    public const uint Ia32VmxTrueExitCtls = 0x48F;
    public const uint Ia32VmxTrueEntryCtls = 0x490;

    /// <summary>Last of the VMX capability registers that exist today (IA32_VMX_EXIT_CTLS2).</summary>
    public const uint Ia32VmxExitCtls2 = 0x493;
    public const uint Ia32X2ApicIcr = 0x830;
    public const uint Ia32Efer = 0xC000_0080;
    public const uint Ia32Star = 0xC000_0081;
    public const uint Ia32Lstar = 0xC000_0082;
    public const uint Ia32FsBase = 0xC000_0100;
    public const uint Ia32GsBase = 0xC000_0101;
    public const uint Ia32KernelGsBase = 0xC000_0102;
}

/// <summary>Bits of IA32_FEATURE_CONTROL.</summary>
public static class FeatureControl
{
    public const ulong Locked = 1;
    public const ulong VmxOutsideSmx = 1 << 2;
}

/// <summary>Bits of IA32_EFER.</summary>
public static class Efer
{
    public const ulong Lme = 1 << 8;
    public const ulong Lma = 1 << 10;
    public const ulong Nxe = 1 << 11;
}
