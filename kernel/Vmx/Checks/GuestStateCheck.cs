using System;

namespace HvKernel.Vmx.Checks;

/// <summary>
/// The processor's checks of the guest-state area at VM entry, once more: it answers a failed one with a reason and nothing else, and a person would have
/// to find it among a hundred rules. Used when an entry has failed. Each answer is the rule that is broken, empty where none is. Pure.
/// </summary>
public static class GuestStateCheck
{
    /// <summary>The first rule that is broken, in the manual's order; empty where no rule known here is.</summary>
    public static ReadOnlySpan<byte> FirstFailure<TFields>(ref TFields fields, in VmxCapabilities capabilities)
        where TFields : struct, IVmcsFields
    {
        var broken = RegisterChecks.FirstFailure(ref fields, capabilities);
        if (broken.Length == 0)
        {
            broken = SegmentChecks.FirstFailure(ref fields);
        }

        return broken.Length == 0 ? ActivityChecks.FirstFailure(ref fields) : broken;
    }

    internal static bool IsCanonical(ulong address) => (ulong)((long)(address << 16) >> 16) == address;

    internal static bool IsIa32eGuest<TFields>(ref TFields fields)
        where TFields : struct, IVmcsFields
        => (fields.Read(Vmcs.VmEntryControls) & EntryControl.Ia32eModeGuest) != 0;
}
