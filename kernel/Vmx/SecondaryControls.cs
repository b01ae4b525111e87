namespace HvKernel.Vmx;

/// <summary>The secondary processor-based controls for a processor. Pure.</summary>
public static class SecondaryControls
{
    /// <summary>
    /// What HvKernel requires, and what the instructions that CPUID shows the guest require: each raises #UD while its control is 0
    /// (SDM vol. 3C, "Changes to Instruction Behavior in VMX Non-Root Operation").
    /// </summary>
    public static uint Compute(in VmxCapabilities c, bool modeBasedExecute)
    {
        var optional = UsesVpid(c) ? SecondaryBased.EnableVpid : 0;
        optional |= c.HasRdtscp ? SecondaryBased.EnableRdtscp : 0;
        optional |= c.HasInvpcid ? SecondaryBased.EnableInvpcid : 0;
        optional |= c.HasXsaves ? SecondaryBased.EnableXsaves : 0;
        optional |= c.HasWaitpkg ? SecondaryBased.EnableUserWaitAndPause : 0;
        optional |= modeBasedExecute ? SecondaryBased.ModeBasedExecuteControl : 0;
        return ControlAdjust.Adjust(c.SecondaryBased, SecondaryBased.EnableEpt | SecondaryBased.UnrestrictedGuest, optional).Value;
    }

    /// <summary>Whether translations are tagged by VPID: only where they can be dropped by VPID too.</summary>
    public static bool UsesVpid(in VmxCapabilities c) =>
        (c.SecondaryBased >> 32 & SecondaryBased.EnableVpid) != 0
        && (c.EptVpid & EptVpidCapability.Invvpid) != 0
        && (c.EptVpid & EptVpidCapability.InvvpidSingleContext) != 0;
}
