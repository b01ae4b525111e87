namespace HvKernel.Vmx;

/// <summary>Pin-based VM-execution controls (SDM vol. 3C, table "Definitions of Pin-Based VM-Execution Controls").</summary>
public static class PinBased
{
    public const uint NmiExiting = 1 << 3;
    public const uint VirtualNmis = 1 << 5;
    public const uint ActivatePreemptionTimer = 1 << 6;
}

/// <summary>Primary processor-based VM-execution controls.</summary>
public static class PrimaryBased
{
    public const uint Cr3LoadExiting = 1 << 15;
    public const uint Cr3StoreExiting = 1 << 16;
    public const uint NmiWindowExiting = 1 << 22;
    public const uint UnconditionalIoExiting = 1 << 24;
    public const uint UseIoBitmaps = 1 << 25;
    public const uint MonitorTrapFlag = 1 << 27;
    public const uint UseMsrBitmaps = 1 << 28;
    public const uint ActivateSecondaryControls = 1U << 31;
}

/// <summary>Secondary processor-based VM-execution controls.</summary>
public static class SecondaryBased
{
    public const uint EnableEpt = 1 << 1;
    public const uint EnableRdtscp = 1 << 3;
    public const uint EnableVpid = 1 << 5;
    public const uint UnrestrictedGuest = 1 << 7;
    public const uint EnableInvpcid = 1 << 12;
    public const uint EnableXsaves = 1 << 20;
    public const uint ModeBasedExecuteControl = 1 << 22;
    public const uint EnableUserWaitAndPause = 1 << 26;
}

/// <summary>VM-exit controls.</summary>
public static class ExitControl
{
    public const uint SaveDebugControls = 1 << 2;
    public const uint HostAddressSpaceSize = 1 << 9;
    public const uint SaveIa32Pat = 1 << 18;
    public const uint LoadIa32Pat = 1 << 19;
    public const uint SaveIa32Efer = 1 << 20;
    public const uint LoadIa32Efer = 1 << 21;
    public const uint SavePreemptionTimerValue = 1 << 22;
}

/// <summary>VM-entry controls.</summary>
public static class EntryControl
{
    public const uint LoadDebugControls = 1 << 2;
    public const uint Ia32eModeGuest = 1 << 9;
    public const uint LoadIa32Pat = 1 << 14;
    public const uint LoadIa32Efer = 1 << 15;
}

/// <summary>One control word adjusted to what the processor allows.</summary>
public struct AdjustedControls
{
    /// <summary>The value for the VMCS: all required bits, the optional ones that exist, and those that cannot be 0.</summary>
    public uint Value;

    /// <summary>Required bits that the processor does not have; 0 where the word is usable.</summary>
    public uint Missing;
}

/// <summary>
/// Computes control words from capability MSRs (SDM vol. 3D, appendix A.3 to A.5): bits 31:0 say which bits may be 0, bits 63:32 which may be 1.
/// Pure.
/// </summary>
public static class ControlAdjust
{
    /// <summary>Sets what is required and what of the optional exists; never a bit that the processor does not allow.</summary>
    public static AdjustedControls Adjust(ulong capability, uint required, uint optional)
    {
        var mustBeOne = (uint)capability;
        var mayBeOne = (uint)(capability >> 32);
        AdjustedControls adjusted;
        adjusted.Missing = required & ~mayBeOne;
        adjusted.Value = ((required | optional) & mayBeOne) | mustBeOne;
        return adjusted;
    }
}
