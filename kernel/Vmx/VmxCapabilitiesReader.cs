using HvKernel.Cpu;

namespace HvKernel.Vmx;

/// <summary>Reads <see cref="VmxCapabilities"/> from this processor.</summary>
public static unsafe class VmxCapabilitiesReader
{
    /// <summary>Reads CPUID, and the VMX registers where the processor has VMX. Faulting registers read as 0.</summary>
    public static void Read(out VmxCapabilities capabilities)
    {
        capabilities = default;
        CpuidResult leaf;
        Processor.Cpuid(1, 0, &leaf);
        capabilities.HasVmx = (leaf.Ecx & (1 << 5)) != 0;
        capabilities.HasXsave = (leaf.Ecx & (1 << 26)) != 0;
        Processor.Cpuid(0, 0, &leaf);
        var highestBasicLeaf = leaf.Eax;
        Processor.Cpuid(0x8000_0001, 0, &leaf);
        capabilities.HasGigabytePages = (leaf.Edx & (1 << 26)) != 0;
        capabilities.HasRdtscp = (leaf.Edx & (1 << 27)) != 0;
        Processor.Cpuid(0x8000_0008, 0, &leaf);
        capabilities.PhysicalAddressBits = (int)(leaf.Eax & 0xFF);
        if (highestBasicLeaf >= 7)
        {
            Processor.Cpuid(7, 0, &leaf);
            capabilities.HasInvpcid = (leaf.Ebx & (1 << 10)) != 0;
            capabilities.HasWaitpkg = (leaf.Ecx & (1 << 5)) != 0;
        }

        if (highestBasicLeaf >= 0xD)
        {
            Processor.Cpuid(0xD, 0, &leaf);
            capabilities.XsaveBytes = leaf.Ecx;
            Processor.Cpuid(0xD, 1, &leaf);
            capabilities.HasXsaves = (leaf.Eax & (1 << 3)) != 0;
        }

        if (!capabilities.HasVmx)
        {
            return;
        }

        capabilities.FeatureControl = MsrAccess.Read(Msr.Ia32FeatureControl);
        capabilities.Basic = MsrAccess.Read(Msr.Ia32VmxBasic);
        var hasTrueControls = (capabilities.Basic & VmxCapabilities.BasicTrueControls) != 0;
        capabilities.PinBased = MsrAccess.Read(hasTrueControls ? Msr.Ia32VmxTruePinbasedCtls : Msr.Ia32VmxPinbasedCtls);
        capabilities.PrimaryBased = MsrAccess.Read(hasTrueControls ? Msr.Ia32VmxTrueProcbasedCtls : Msr.Ia32VmxProcbasedCtls);
        capabilities.Exit = MsrAccess.Read(hasTrueControls ? Msr.Ia32VmxTrueExitCtls : Msr.Ia32VmxExitCtls);
        capabilities.Entry = MsrAccess.Read(hasTrueControls ? Msr.Ia32VmxTrueEntryCtls : Msr.Ia32VmxEntryCtls);
        capabilities.Misc = MsrAccess.Read(Msr.Ia32VmxMisc);
        capabilities.Cr0Fixed0 = MsrAccess.Read(Msr.Ia32VmxCr0Fixed0);
        capabilities.Cr0Fixed1 = MsrAccess.Read(Msr.Ia32VmxCr0Fixed1);
        capabilities.Cr4Fixed0 = MsrAccess.Read(Msr.Ia32VmxCr4Fixed0);
        capabilities.Cr4Fixed1 = MsrAccess.Read(Msr.Ia32VmxCr4Fixed1);
        if ((capabilities.PrimaryBased >> 32 & PrimaryBased.ActivateSecondaryControls) != 0)
        {
            capabilities.SecondaryBased = MsrAccess.Read(Msr.Ia32VmxProcbasedCtls2);
            capabilities.EptVpid = MsrAccess.Read(Msr.Ia32VmxEptVpidCap);
        }
    }
}
