using System.Linq;
using System.Text;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

public sealed class FeatureMaskTests
{
    private static VmxCapabilities Without(MaskedFeatures masked)
    {
        var c = Processors.Complete();
        FeatureMask.Apply(ref c, masked);
        return c;
    }

    [Theory]
    [InlineData("mbec", MaskedFeatures.ModeBasedExecute)]
    [InlineData("vpid", MaskedFeatures.Vpid)]
    [InlineData("execute-only", MaskedFeatures.ExecuteOnly)]
    [InlineData("1g-pages", MaskedFeatures.GigabytePages)]
    [InlineData("mtf", MaskedFeatures.MonitorTrap)]
    [InlineData("preemption-timer", MaskedFeatures.PreemptionTimer)]
    [InlineData("unrestricted-guest", MaskedFeatures.UnrestrictedGuest)]
    [InlineData("MBEC", MaskedFeatures.None)]
    [InlineData("mbe", MaskedFeatures.None)]
    [InlineData("", MaskedFeatures.None)]
    public void Features_have_names(string name, MaskedFeatures feature) => FeatureMask.Named(Encoding.ASCII.GetBytes(name)).ShouldBe(feature);

    [Fact]
    public void Nothing_masked_changes_nothing() => CapabilityGate.Missing(Without(MaskedFeatures.None)).ShouldBe(0U);

    [Fact]
    public void Without_mode_based_execute_control_shadow_roots_remain()
    {
        var c = Without(MaskedFeatures.ModeBasedExecute);
        CapabilityGate.Missing(c).ShouldBe(CapabilityGate.ModeBasedExecuteMissing);
        CapabilityGate.AllowsShadowRoots(c).ShouldBeTrue();
        SecondaryControls.Compute(c, modeBasedExecute: false).ShouldBe(SecondaryControls.Compute(Processors.Complete(), modeBasedExecute: false));
    }

    [Fact]
    public void Shadow_roots_need_the_monitor_trap_flag() =>
        CapabilityGate.AllowsShadowRoots(Without(MaskedFeatures.ModeBasedExecute | MaskedFeatures.MonitorTrap)).ShouldBeFalse();

    [Fact]
    public void Without_VPIDs_none_is_used()
    {
        SecondaryControls.UsesVpid(Without(MaskedFeatures.Vpid)).ShouldBeFalse();
        (SecondaryControls.Compute(Without(MaskedFeatures.Vpid), modeBasedExecute: true) & SecondaryBased.EnableVpid).ShouldBe(0U);
        CapabilityGate.Missing(Without(MaskedFeatures.Vpid)).ShouldBe(0U);
    }

    [Fact]
    public void What_is_optional_in_the_EPT_goes()
    {
        var c = Without(MaskedFeatures.ExecuteOnly | MaskedFeatures.GigabytePages);
        (c.EptVpid & (EptVpidCapability.ExecuteOnly | EptVpidCapability.LargePages1G)).ShouldBe(0UL);
        c.HasGigabytePages.ShouldBeFalse();
        CapabilityGate.Missing(c).ShouldBe(0U);
    }

    [Theory]
    [InlineData(MaskedFeatures.PreemptionTimer, "\"activate VMX-preemption timer\"")]
    [InlineData(MaskedFeatures.UnrestrictedGuest, "\"unrestricted guest\"")]
    public void What_is_required_is_refused_by_name(MaskedFeatures masked, string name)
    {
        var missing = CapabilityGate.Missing(Without(masked));
        Enumerable.Range(0, CapabilityGate.Items).Where(item => (missing & (1U << item)) != 0)
            .Select(item => Encoding.ASCII.GetString(CapabilityGate.Name(item))).ShouldBe([name]);
    }
}
