using System;
using HvKernel.Cpu;

namespace HvKernel.Vmx;

/// <summary>
/// Everything that HvKernel requires of a processor, on one screen, top to bottom. Pure: values in, a bit set of missing items out, so that
/// the refusal of every item is tested without a processor that lacks it.
/// </summary>
public static class CapabilityGate
{
    /// <summary>Number of items; bit i of a result is item i of <see cref="Name"/>.</summary>
    public const int Items = 22;

    /// <summary>Item 21, the one that is reported and not required: shadow roots stand in for it.</summary>
    public const uint ModeBasedExecuteMissing = 1U << 21;

    private const uint RequiredPin = PinBased.NmiExiting | PinBased.VirtualNmis | PinBased.ActivatePreemptionTimer;

    /// <summary>Bit set of what is missing; 0 where nothing is. Ignore <see cref="ModeBasedExecuteMissing"/> to decide on launching.</summary>
    public static uint Missing(in VmxCapabilities c)
    {
        if (!c.HasVmx)
        {
            return 1;
        }

        uint missing = 0;
        var locked = (c.FeatureControl & FeatureControl.Locked) != 0;
        var pin = (uint)(c.PinBased >> 32);
        var primary = (uint)(c.PrimaryBased >> 32);
        var secondary = (uint)(c.SecondaryBased >> 32);
        var exit = (uint)(c.Exit >> 32);
        var entry = (uint)(c.Entry >> 32);
        Need(ref missing, 1, !locked || (c.FeatureControl & FeatureControl.VmxOutsideSmx) != 0);
        Need(ref missing, 2, (c.Basic & VmxCapabilities.BasicTrueControls) != 0);
        Need(ref missing, 3, ((c.Basic >> 50) & 15) == 6);
        Need(ref missing, 4, (pin & PinBased.NmiExiting) != 0 && (pin & PinBased.VirtualNmis) != 0);
        Need(ref missing, 5, (pin & PinBased.ActivatePreemptionTimer) != 0);
        Need(ref missing, 6, (exit & ExitControl.SavePreemptionTimerValue) != 0);
        Need(ref missing, 7, (primary & PrimaryBased.UseMsrBitmaps) != 0);
        Need(ref missing, 8, (primary & PrimaryBased.UseIoBitmaps) != 0);
        Need(ref missing, 9, (primary & PrimaryBased.ActivateSecondaryControls) != 0);
        Need(ref missing, 10, (secondary & SecondaryBased.EnableEpt) != 0);
        Need(ref missing, 11, (secondary & SecondaryBased.UnrestrictedGuest) != 0);
        Need(ref missing, 12, (c.EptVpid & EptVpidCapability.PageWalkLength4) != 0);
        Need(ref missing, 13, (c.EptVpid & EptVpidCapability.WriteBack) != 0);
        Need(ref missing, 14, (c.EptVpid & EptVpidCapability.LargePages2M) != 0);
        Need(ref missing, 15, (c.EptVpid & EptVpidCapability.Invept) != 0 && (c.EptVpid & EptVpidCapability.InveptSingleContext) != 0);
        Need(ref missing, 16, (exit & ExitControl.SaveIa32Efer) != 0 && (exit & ExitControl.LoadIa32Efer) != 0 && (entry & EntryControl.LoadIa32Efer) != 0);
        Need(ref missing, 17, (exit & ExitControl.SaveIa32Pat) != 0 && (exit & ExitControl.LoadIa32Pat) != 0 && (entry & EntryControl.LoadIa32Pat) != 0);
        Need(ref missing, 18, (c.Misc & (1 << 5)) != 0);
        Need(ref missing, 19, (c.PrimaryBased & PrimaryBased.Cr3LoadExiting) == 0 && (primary & PrimaryBased.Cr3LoadExiting) != 0);
        Need(ref missing, 20, (c.Misc & (1 << 8)) != 0);
        Need(ref missing, 21, (secondary & SecondaryBased.ModeBasedExecuteControl) != 0);
        return missing;
    }

    /// <summary>Whether shadow roots can stand in for mode-based execute control: the guest's writes to its own roots are stepped over.</summary>
    public static bool AllowsShadowRoots(in VmxCapabilities c)
    {
        const uint Needed = PrimaryBased.MonitorTrapFlag | PrimaryBased.Cr3StoreExiting;
        return ((uint)(c.PrimaryBased >> 32) & Needed) == Needed && (c.PrimaryBased & Needed) == 0;
    }

    /// <summary>The SDM's name of an item.</summary>
    public static ReadOnlySpan<byte> Name(int item) => item switch
    {
        0 => "CPUID.01H:ECX.VMX[bit 5]"u8,
        1 => "IA32_FEATURE_CONTROL: locked with \"Enable VMX outside SMX operation\" clear (firmware setup: Intel Virtualization Technology)"u8,
        2 => "IA32_VMX_BASIC[bit 55]: true control capabilities"u8,
        3 => "IA32_VMX_BASIC[53:50]: write-back VMCS memory"u8,
        4 => "\"NMI exiting\" and \"virtual NMIs\""u8,
        5 => "\"activate VMX-preemption timer\""u8,
        6 => "\"save VMX-preemption timer value\""u8,
        7 => "\"use MSR bitmaps\""u8,
        8 => "\"use I/O bitmaps\""u8,
        9 => "\"activate secondary controls\""u8,
        10 => "\"enable EPT\""u8,
        11 => "\"unrestricted guest\""u8,
        12 => "IA32_VMX_EPT_VPID_CAP[bit 6]: page-walk length of 4"u8,
        13 => "IA32_VMX_EPT_VPID_CAP[bit 14]: write-back paging structures"u8,
        14 => "IA32_VMX_EPT_VPID_CAP[bit 16]: 2-MByte pages"u8,
        15 => "INVEPT, single-context"u8,
        16 => "\"save IA32_EFER\" and \"load IA32_EFER\""u8,
        17 => "\"save IA32_PAT\" and \"load IA32_PAT\""u8,
        18 => "IA32_VMX_MISC[bit 5]: VM exits store EFER.LMA in \"IA-32e mode guest\""u8,
        19 => "\"CR3-load exiting\" that can be off"u8,
        20 => "IA32_VMX_MISC[bit 8]: activity state wait-for-SIPI"u8,
        21 => "\"mode-based execute control for EPT\" (!mode uses shadow page roots instead)"u8,
        _ => "?"u8,
    };

    private static void Need(ref uint missing, int item, bool present)
    {
        if (!present)
        {
            missing |= 1U << item;
        }
    }
}
