using FsCheck;
using FsCheck.Fluent;
using HvKernel.Tests.Cpu;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

/// <summary>SDM vol. 3D, appendix A.3.1: a control may be 0 where bit X is 0, may be 1 where bit 32 + X is 1.</summary>
public class ControlAdjustTests
{
    [Theory]
    [InlineData(0x0000_007F_0000_0016UL, 0x28u, 0u, 0x3Eu, 0u)]         // required bits come on top of those that cannot be 0
    [InlineData(0x0000_001E_0000_0016UL, 0x28u, 0u, 0x1Eu, 0x20u)]      // virtual NMIs are missing, and not set
    [InlineData(0x0000_007F_0000_0016UL, 0u, 0x40u, 0x56u, 0u)]         // an optional one that exists
    [InlineData(0x0000_003F_0000_0016UL, 0u, 0x40u, 0x16u, 0u)]         // one that does not is no failure
    [InlineData(0xFFFF_FFFF_FFFF_FFFFUL, 0u, 0u, 0xFFFF_FFFFu, 0u)]     // nothing may be 0
    [InlineData(0UL, 0xFFFF_FFFFu, 0xFFFF_FFFFu, 0u, 0xFFFF_FFFFu)]     // nothing may be 1: a register that reads as 0
    [InlineData(0x8000_0000_0000_0000UL, 0x8000_0000u, 0u, 0x8000_0000u, 0u)]
    public void Cases(ulong capability, uint required, uint optional, uint value, uint missing)
    {
        var adjusted = ControlAdjust.Adjust(capability, required, optional);
        adjusted.Value.ShouldBe(value);
        adjusted.Missing.ShouldBe(missing);
    }

    [Fact]
    public void The_processor_accepts_whatever_comes_out_and_nothing_is_set_without_a_reason()
    {
        var word = Gen.Choose(int.MinValue, int.MaxValue).Select(value => (uint)value);
        var cases = from mustBeOne in word from mayBeOne in word from required in word from optional in word select (mustBeOne, mayBeOne, required, optional);
        Prop.ForAll(Arb.From(cases), @case =>
        {
            var capability = Processors.Word(@case.mustBeOne, @case.mayBeOne);
            var adjusted = ControlAdjust.Adjust(capability, @case.required, @case.optional);
            for (var bit = 0; bit < 32; bit++)
            {
                var mayBeZero = (capability >> bit & 1) == 0;
                var mayBeOne = (capability >> (32 + bit) & 1) != 0;
                var isRequired = (@case.required >> bit & 1) != 0;
                var isAskedFor = isRequired || (@case.optional >> bit & 1) != 0;
                var isSet = (adjusted.Value >> bit & 1) != 0;
                if (isSet != ((isAskedFor && mayBeOne) || !mayBeZero) || (adjusted.Missing >> bit & 1) != 0 != (isRequired && !mayBeOne))
                    return false;
            }
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public void Pin_based_controls() =>
        Constants.ShouldBeBits(typeof(PinBased), ("NmiExiting", 3), ("VirtualNmis", 5), ("ActivatePreemptionTimer", 6));

    [Fact]
    public void Primary_processor_based_controls() => Constants.ShouldBeBits(
        typeof(PrimaryBased),
        ("Cr3LoadExiting", 15),
        ("Cr3StoreExiting", 16),
        ("NmiWindowExiting", 22),
        ("UnconditionalIoExiting", 24),
        ("UseIoBitmaps", 25),
        ("MonitorTrapFlag", 27),
        ("UseMsrBitmaps", 28),
        ("ActivateSecondaryControls", 31));

    [Fact]
    public void Secondary_processor_based_controls() => Constants.ShouldBeBits(
        typeof(SecondaryBased),
        ("EnableEpt", 1),
        ("EnableRdtscp", 3),
        ("EnableVpid", 5),
        ("UnrestrictedGuest", 7),
        ("EnableInvpcid", 12),
        ("EnableXsaves", 20),
        ("ModeBasedExecuteControl", 22),
        ("EnableUserWaitAndPause", 26));

    [Fact]
    public void Exit_controls() => Constants.ShouldBeBits(
        typeof(ExitControl),
        ("SaveDebugControls", 2),
        ("HostAddressSpaceSize", 9),
        ("SaveIa32Pat", 18),
        ("LoadIa32Pat", 19),
        ("SaveIa32Efer", 20),
        ("LoadIa32Efer", 21),
        ("SavePreemptionTimerValue", 22));

    [Fact]
    public void Entry_controls() => Constants.ShouldBeBits(
        typeof(EntryControl), ("LoadDebugControls", 2), ("Ia32eModeGuest", 9), ("LoadIa32Pat", 14), ("LoadIa32Efer", 15));

    [Fact]
    public void Bits_of_IA32_VMX_EPT_VPID_CAP() => Constants.ShouldBeBits(
        typeof(EptVpidCapability),
        ("ExecuteOnly", 0),
        ("PageWalkLength4", 6),
        ("WriteBack", 14),
        ("LargePages2M", 16),
        ("LargePages1G", 17),
        ("Invept", 20),
        ("InveptSingleContext", 25),
        ("InveptAllContexts", 26),
        ("Invvpid", 32),
        ("InvvpidSingleContext", 41),
        ("InvvpidSingleContextRetainingGlobals", 43));
}
