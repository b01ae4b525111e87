using System;

namespace HvKernel.Vmx;

/// <summary>Features of the processor that HvKernel does without, although they are there: what <c>mask</c> in the configuration names.</summary>
[Flags]
public enum MaskedFeatures : uint
{
    None = 0,
    ModeBasedExecute = 1,
    Vpid = 2,
    ExecuteOnly = 4,
    GigabytePages = 8,
    MonitorTrap = 16,
    PreemptionTimer = 32,
    UnrestrictedGuest = 64,
}

/// <summary>Takes features from what the processor says about itself, so that each fallback and each refusal is tested on any processor. Pure.</summary>
public static class FeatureMask
{
    /// <summary>The feature of a name in the configuration; None where there is no such name.</summary>
    public static MaskedFeatures Named(ReadOnlySpan<byte> name)
    {
        for (var bit = MaskedFeatures.ModeBasedExecute; bit <= MaskedFeatures.UnrestrictedGuest; bit = (MaskedFeatures)((uint)bit << 1))
        {
            if (Same(name, Name(bit)))
            {
                return bit;
            }
        }

        return MaskedFeatures.None;
    }

    /// <summary>The name of one feature in the configuration.</summary>
    public static ReadOnlySpan<byte> Name(MaskedFeatures feature) => feature switch
    {
        MaskedFeatures.ModeBasedExecute => "mbec"u8,
        MaskedFeatures.Vpid => "vpid"u8,
        MaskedFeatures.ExecuteOnly => "execute-only"u8,
        MaskedFeatures.GigabytePages => "1g-pages"u8,
        MaskedFeatures.MonitorTrap => "mtf"u8,
        MaskedFeatures.PreemptionTimer => "preemption-timer"u8,
        MaskedFeatures.UnrestrictedGuest => "unrestricted-guest"u8,
        _ => ""u8,
    };

    /// <summary>Makes the processor look as one without these features.</summary>
    public static void Apply(ref VmxCapabilities c, MaskedFeatures masked)
    {
        Forbid(ref c.SecondaryBased, masked, MaskedFeatures.ModeBasedExecute, SecondaryBased.ModeBasedExecuteControl);
        Forbid(ref c.SecondaryBased, masked, MaskedFeatures.Vpid, SecondaryBased.EnableVpid);
        Forbid(ref c.SecondaryBased, masked, MaskedFeatures.UnrestrictedGuest, SecondaryBased.UnrestrictedGuest);
        Forbid(ref c.PrimaryBased, masked, MaskedFeatures.MonitorTrap, PrimaryBased.MonitorTrapFlag);
        Forbid(ref c.PinBased, masked, MaskedFeatures.PreemptionTimer, PinBased.ActivatePreemptionTimer);
        if ((masked & MaskedFeatures.ExecuteOnly) != 0)
        {
            c.EptVpid &= ~EptVpidCapability.ExecuteOnly;
        }

        if ((masked & MaskedFeatures.GigabytePages) != 0)
        {
            c.EptVpid &= ~EptVpidCapability.LargePages1G;
            c.HasGigabytePages = false;
        }
    }

    // Bits 63:32 of a capability register say which controls may be 1.
    private static void Forbid(ref ulong capability, MaskedFeatures masked, MaskedFeatures feature, uint control)
    {
        if ((masked & feature) != 0)
        {
            capability &= ~((ulong)control << 32);
        }
    }

    private static bool Same(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        if (one.Length != other.Length)
        {
            return false;
        }

        for (var i = 0; i < one.Length; i++)
        {
            if (one[i] != other[i])
            {
                return false;
            }
        }

        return true;
    }
}
