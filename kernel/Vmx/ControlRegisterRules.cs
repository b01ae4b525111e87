using HvKernel.Cpu;

namespace HvKernel.Vmx;

/// <summary>
/// Which writes to control registers the processor would refuse with #GP (SDM vol. 2B, "MOV—Move to/from Control Registers"), and what of an
/// accepted one goes into the VMCS. Pure.
/// </summary>
public static class ControlRegisterRules
{
    /// <summary>CR0 bits that exist.</summary>
    public const ulong Cr0Defined = Cr0.Pe | Cr0.Mp | Cr0.Em | Cr0.Ts | Cr0.Et | Cr0.Ne | Cr0.Wp | Cr0.Am | Cr0.Nw | Cr0.Cd | Cr0.Pg;

    /// <summary>CR4 bits that never reach the processor on the guest's behalf: VMXE is ours, CPUID denies the others.</summary>
    public const ulong Cr4Denied = Cr4.Vmxe | Cr4.La57;

    /// <summary>Bit 63 of the operand of MOV to CR3 with PCIDs: keep translations.</summary>
    public const ulong Cr3NoFlush = 1UL << 63;

    // Bits 2:1 and 8:5.
    private const ulong PdpteReserved = 0x1E6;

    /// <summary>Whether the guest may load <paramref name="value"/> into CR0.</summary>
    public static bool IsValidCr0(ulong value, ulong cr4, ulong efer, bool codeSegmentIsLong)
    {
        if ((value >> 32) != 0)
        {
            return false;
        }

        var paging = (value & Cr0.Pg) != 0;
        if ((paging && (value & Cr0.Pe) == 0) || ((value & Cr0.Nw) != 0 && (value & Cr0.Cd) == 0))
        {
            return false;
        }

        if (paging)
        {
            // Entering IA-32e mode needs PAE, and a code segment that is not a 64-bit one.
            var entersLongMode = (efer & Efer.Lme) != 0 && (efer & Efer.Lma) == 0;
            return !entersLongMode || ((cr4 & Cr4.Pae) != 0 && !codeSegmentIsLong);
        }

        return (cr4 & Cr4.Pcide) == 0 && !codeSegmentIsLong;
    }

    /// <summary>
    /// Whether the guest may load <paramref name="value"/> into CR4. <paramref name="fixed1"/> is IA32_VMX_CR4_FIXED1: its clear bits do not exist.
    /// </summary>
    public static bool IsValidCr4(ulong value, ulong oldValue, ulong fixed1, ulong efer, ulong cr3)
    {
        if ((value & (~fixed1 | Cr4Denied | ~Cr4.GuestOwned)) != 0)
        {
            return false;
        }

        var longMode = (efer & Efer.Lma) != 0;
        if (longMode && (value & Cr4.Pae) == 0)
        {
            return false;
        }

        var setsPcide = (value & Cr4.Pcide) != 0 && (oldValue & Cr4.Pcide) == 0;
        return !setsPcide || (longMode && (cr3 & 0xFFF) == 0);
    }

    /// <summary>Whether the guest may load <paramref name="value"/> into CR3.</summary>
    public static bool IsValidCr3(ulong value, ulong cr4, ulong efer, int physicalAddressBits)
    {
        if ((efer & Efer.Lma) == 0)
        {
            return true;
        }

        if ((cr4 & Cr4.Pcide) != 0)
        {
            value &= ~Cr3NoFlush;
        }

        return (value >> physicalAddressBits) == 0;
    }

    /// <summary>
    /// Whether PAE paging may load this page-directory-pointer-table entry (SDM vol. 3A, table "Format of a PAE Page-Directory-Pointer-Table
    /// Entry"): VM entry would refuse one with a reserved bit.
    /// </summary>
    public static bool IsValidPdpte(ulong entry, int physicalAddressBits) =>
        (entry & 1) == 0 || ((entry & PdpteReserved) == 0 && (entry >> physicalAddressBits) == 0);

    /// <summary>Whether going from one CR4 to another drops all translations (SDM vol. 3A, "Operations that Invalidate TLBs").</summary>
    public static bool Cr4ChangeFlushes(ulong oldValue, ulong value)
    {
        var changed = oldValue ^ value;
        return (changed & (Cr4.Pge | Cr4.Pae | Cr4.Pse)) != 0
            || (changed & oldValue & Cr4.Pcide) != 0
            || (changed & value & (Cr4.Smep | Cr4.Smap | Cr4.Pke)) != 0;
    }
}
