namespace HvKernel.Vmx;

/// <summary>What the processor says about itself, gathered once: input of <see cref="CapabilityGate"/> and of the control words. A plain value.</summary>
public struct VmxCapabilities
{
    /// <summary>CPUID.1:ECX[5].</summary>
    public bool HasVmx;
    public ulong FeatureControl;
    public ulong Basic;
    public ulong PinBased;
    public ulong PrimaryBased;
    public ulong SecondaryBased;
    public ulong Exit;
    public ulong Entry;
    public ulong Misc;
    public ulong EptVpid;
    public ulong Cr0Fixed0;
    public ulong Cr0Fixed1;
    public ulong Cr4Fixed0;
    public ulong Cr4Fixed1;

    /// <summary>CPUID.80000008H:EAX[7:0].</summary>
    public int PhysicalAddressBits;

    /// <summary>CPUID.80000001H:EDX[26].</summary>
    public bool HasGigabytePages;

    /// <summary>CPUID.1:ECX[26]: XSAVE, and with it CR4.OSXSAVE.</summary>
    public bool HasXsave;

    /// <summary>CPUID.(0DH,0):ECX: bytes of an XSAVE area for all state that the processor has; 0 without XSAVE.</summary>
    public uint XsaveBytes;

    /// <summary>CPUID.80000001H:EDX[27], CPUID.7:EBX[10], CPUID.(0DH,1):EAX[3], CPUID.7:ECX[5].</summary>
    public bool HasRdtscp;
    public bool HasInvpcid;
    public bool HasXsaves;
    public bool HasWaitpkg;

    /// <summary>Bit 55 of IA32_VMX_BASIC: the TRUE capability registers exist.</summary>
    public const ulong BasicTrueControls = 1UL << 55;

    /// <summary>VMCS revision identifier.</summary>
    public readonly uint Revision => (uint)Basic & 0x7FFF_FFFF;
}

/// <summary>Bits of IA32_VMX_EPT_VPID_CAP (SDM vol. 3D, appendix A.10).</summary>
public static class EptVpidCapability
{
    public const ulong ExecuteOnly = 1;
    public const ulong PageWalkLength4 = 1 << 6;
    public const ulong WriteBack = 1 << 14;
    public const ulong LargePages2M = 1 << 16;
    public const ulong LargePages1G = 1 << 17;
    public const ulong Invept = 1 << 20;
    public const ulong InveptSingleContext = 1 << 25;
    public const ulong InveptAllContexts = 1 << 26;
    public const ulong Invvpid = 1UL << 32;
    public const ulong InvvpidSingleContext = 1UL << 41;
    public const ulong InvvpidSingleContextRetainingGlobals = 1UL << 43;
}
