using HvKernel.Cpu;

namespace HvKernel.Vmx;

/// <summary>
/// What the guest is told otherwise than by the processor: features that HvKernel keeps to itself, features whose CR4 bit the guest may not set
/// (<see cref="ControlRegisterRules.IsValidCr4"/>) or whose instructions need a control that is off (PCONFIG, RDMSRLIST), and bits that mirror a
/// CR4 or a mode which in root is not the guest's. Pure.
/// </summary>
public static class CpuidFilter
{
    private const uint Leaf1EcxVmx = 1 << 5;
    private const uint Leaf1EcxSmx = 1 << 6;
    private const uint Leaf1EcxOsxsave = 1 << 27;
    private const uint Leaf1EcxHypervisor = 1U << 31;
    private const uint Leaf7EcxOspke = 1 << 4;
    private const uint Leaf7EcxCetShadowStack = 1 << 7;
    private const uint Leaf7EcxLa57 = 1 << 16;
    private const uint Leaf7EcxKeyLocker = 1 << 23;
    private const uint Leaf7EcxPks = 1U << 31;
    private const uint Leaf7EdxUintr = 1 << 5;
    private const uint Leaf7EdxPconfig = 1 << 18;
    private const uint Leaf7EdxCetIbt = 1 << 20;
    private const uint Leaf71EaxLass = 1 << 6;
    private const uint Leaf71EaxFred = 1 << 17;
    private const uint Leaf71EaxLam = 1 << 26;
    private const uint Leaf71EaxMsrList = 1 << 27;
    private const uint ExtendedEdxSyscall = 1 << 11;

    /// <summary>
    /// Corrects the processor's answer for a guest whose CR4 is <paramref name="cr4"/>, and whose code is 64-bit code or not.
    /// </summary>
    public static void Apply(uint leaf, uint subleaf, ulong cr4, bool is64BitCode, ref CpuidResult result)
    {
        if (leaf is >= 0x4000_0000 and <= 0x4FFF_FFFF)
        {
            // No hypervisor is announced, so its leaves are as empty as on a bare machine.
            result = default;
            return;
        }

        switch (leaf)
        {
            case 1:
                result.Ecx &= ~(Leaf1EcxVmx | Leaf1EcxSmx | Leaf1EcxHypervisor | Leaf1EcxOsxsave);
                if ((cr4 & Cr4.OsXsave) != 0)
                {
                    result.Ecx |= Leaf1EcxOsxsave;
                }

                break;
            case 7 when subleaf == 0:
                result.Ecx &= ~(Leaf7EcxOspke | Leaf7EcxCetShadowStack | Leaf7EcxLa57 | Leaf7EcxKeyLocker | Leaf7EcxPks);
                result.Edx &= ~(Leaf7EdxUintr | Leaf7EdxPconfig | Leaf7EdxCetIbt);
                if ((cr4 & Cr4.Pke) != 0)
                {
                    result.Ecx |= Leaf7EcxOspke;
                }

                break;
            case 7 when subleaf == 1:
                result.Eax &= ~(Leaf71EaxLass | Leaf71EaxFred | Leaf71EaxLam | Leaf71EaxMsrList);
                break;
            case 0x8000_0001 when !is64BitCode:
                // SDM vol. 2A, "CPUID": SYSCALL and SYSRET are available only in 64-bit mode, and so is their bit.
                result.Edx &= ~ExtendedEdxSyscall;
                break;
        }
    }
}
