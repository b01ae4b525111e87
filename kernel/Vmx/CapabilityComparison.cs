using System;

namespace HvKernel.Vmx;

/// <summary>
/// Whether two processors can run with the same control words: they are computed once, and a processor with other capabilities would refuse them at VM
/// entry. Pure.
/// </summary>
public static class CapabilityComparison
{
    public const int Items = 13;

    /// <summary>The first capability in which they differ, or -1. IA32_FEATURE_CONTROL is set on each processor by itself.</summary>
    public static int FirstDifference(in VmxCapabilities one, in VmxCapabilities other)
    {
        for (var item = 0; item < Items; item++)
        {
            if (Value(one, item) != Value(other, item))
            {
                return item;
            }
        }

        return -1;
    }

    /// <summary>Value of a capability.</summary>
    public static ulong Value(in VmxCapabilities c, int item) => item switch
    {
        0 => c.Basic,
        1 => c.PinBased,
        2 => c.PrimaryBased,
        3 => c.SecondaryBased,
        4 => c.Exit,
        5 => c.Entry,
        6 => c.Misc,
        7 => c.EptVpid,
        8 => c.Cr0Fixed0,
        9 => c.Cr0Fixed1,
        10 => c.Cr4Fixed0,
        11 => c.Cr4Fixed1,
        _ => (ulong)c.PhysicalAddressBits,
    };

    /// <summary>Its SDM name.</summary>
    public static ReadOnlySpan<byte> Name(int item) => item switch
    {
        0 => "IA32_VMX_BASIC"u8,
        1 => "IA32_VMX_TRUE_PINBASED_CTLS"u8,
        2 => "IA32_VMX_TRUE_PROCBASED_CTLS"u8,
        3 => "IA32_VMX_PROCBASED_CTLS2"u8,
        4 => "IA32_VMX_TRUE_EXIT_CTLS"u8,
        5 => "IA32_VMX_TRUE_ENTRY_CTLS"u8,
        6 => "IA32_VMX_MISC"u8,
        7 => "IA32_VMX_EPT_VPID_CAP"u8,
        8 => "IA32_VMX_CR0_FIXED0"u8,
        9 => "IA32_VMX_CR0_FIXED1"u8,
        10 => "IA32_VMX_CR4_FIXED0"u8,
        11 => "IA32_VMX_CR4_FIXED1"u8,
        _ => "MAXPHYADDR"u8,
    };
}
