using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

public class SecondaryControlsTests
{
    private const uint Always = SecondaryBased.EnableEpt | SecondaryBased.UnrestrictedGuest | SecondaryBased.EnableVpid;

    private static VmxCapabilities WithoutInstructions()
    {
        var c = Processors.Complete();
        c.HasRdtscp = false;
        c.HasInvpcid = false;
        c.HasXsaves = false;
        c.HasWaitpkg = false;
        return c;
    }

    [Fact]
    public void An_instruction_has_its_control_exactly_where_CPUID_shows_it()
    {
        SecondaryControls.Compute(WithoutInstructions(), false).ShouldBe(Always);
        var c = WithoutInstructions();
        c.HasRdtscp = true;
        SecondaryControls.Compute(c, false).ShouldBe(Always | (1u << 3));
        c = WithoutInstructions();
        c.HasInvpcid = true;
        SecondaryControls.Compute(c, false).ShouldBe(Always | (1u << 12));
        c = WithoutInstructions();
        c.HasXsaves = true;
        SecondaryControls.Compute(c, false).ShouldBe(Always | (1u << 20));
        c = WithoutInstructions();
        c.HasWaitpkg = true;
        SecondaryControls.Compute(c, false).ShouldBe(Always | (1u << 26));
    }

    [Theory]
    [InlineData(32)]        // INVVPID
    [InlineData(41)]        // its single-context type
    public void Translations_are_tagged_only_where_they_can_be_dropped_by_their_tag(int bit)
    {
        var c = WithoutInstructions();
        SecondaryControls.UsesVpid(c).ShouldBeTrue();
        c.EptVpid &= ~(1UL << bit);
        SecondaryControls.UsesVpid(c).ShouldBeFalse();
        SecondaryControls.Compute(c, false).ShouldBe(Always & ~SecondaryBased.EnableVpid);
    }

    [Fact]
    public void Without_VPIDs_nothing_is_tagged()
    {
        var c = WithoutInstructions();
        c.SecondaryBased &= ~((ulong)SecondaryBased.EnableVpid << 32);
        SecondaryControls.UsesVpid(c).ShouldBeFalse();
        SecondaryControls.Compute(c, false).ShouldBe(Always & ~SecondaryBased.EnableVpid);
    }

    [Fact]
    public void Mode_based_execute_control_is_set_only_where_it_is_asked_for_and_exists()
    {
        var c = WithoutInstructions();
        SecondaryControls.Compute(c, modeBasedExecute: true).ShouldBe(Always | (1u << 22));
        c.SecondaryBased &= ~((ulong)SecondaryBased.ModeBasedExecuteControl << 32);
        SecondaryControls.Compute(c, modeBasedExecute: true).ShouldBe(Always);
    }

    [Fact]
    public void A_control_that_the_processor_lacks_is_not_set()
    {
        var c = Processors.Complete();
        c.SecondaryBased = (ulong)Always << 32;
        SecondaryControls.Compute(c, modeBasedExecute: true).ShouldBe(Always);
    }
}
