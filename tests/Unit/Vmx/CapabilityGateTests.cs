using System.Collections.Generic;
using System.Linq;
using System.Text;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

public class CapabilityGateTests
{
    private delegate void Change(ref VmxCapabilities c);

    private static string Name(int item) => Encoding.ASCII.GetString(CapabilityGate.Name(item));

    private static List<string> Missing(Change change)
    {
        var c = Processors.Complete();
        change(ref c);
        var missing = CapabilityGate.Missing(c);
        return [.. Enumerable.Range(0, 32).Where(i => (missing >> i & 1) != 0).Select(Name)];
    }

    private static void Forbid(ref ulong word, int bit) => word &= ~(1UL << (32 + bit));

    /// <summary>Each way to lack one thing, in the order of the screen, and words of the SDM that name it.</summary>
    private static readonly (Change Mask, string[] Words)[] Lacks =
    [
        ((ref VmxCapabilities c) => c.HasVmx = false, ["CPUID.01H:ECX", "VMX", "bit 5"]),
        ((ref VmxCapabilities c) => c.FeatureControl = 1, ["IA32_FEATURE_CONTROL", "locked", "VMX outside SMX"]),
        ((ref VmxCapabilities c) => c.FeatureControl = 3, ["IA32_FEATURE_CONTROL", "locked", "VMX outside SMX"]),      // inside SMX only
        ((ref VmxCapabilities c) => c.Basic &= ~(1UL << 55), ["IA32_VMX_BASIC", "bit 55"]),
        ((ref VmxCapabilities c) => c.Basic &= ~(15UL << 50), ["IA32_VMX_BASIC", "53:50", "write-back"]),              // uncacheable
        ((ref VmxCapabilities c) => Forbid(ref c.PinBased, 3), ["NMI exiting", "virtual NMIs"]),
        ((ref VmxCapabilities c) => Forbid(ref c.PinBased, 5), ["NMI exiting", "virtual NMIs"]),
        ((ref VmxCapabilities c) => Forbid(ref c.PinBased, 6), ["activate VMX-preemption timer"]),
        ((ref VmxCapabilities c) => Forbid(ref c.Exit, 22), ["save VMX-preemption timer value"]),
        ((ref VmxCapabilities c) => Forbid(ref c.PrimaryBased, 28), ["use MSR bitmaps"]),
        ((ref VmxCapabilities c) => Forbid(ref c.PrimaryBased, 25), ["use I/O bitmaps"]),
        ((ref VmxCapabilities c) => Forbid(ref c.PrimaryBased, 31), ["activate secondary controls"]),
        ((ref VmxCapabilities c) => Forbid(ref c.SecondaryBased, 1), ["enable EPT"]),
        ((ref VmxCapabilities c) => Forbid(ref c.SecondaryBased, 7), ["unrestricted guest"]),
        ((ref VmxCapabilities c) => c.EptVpid &= ~(1UL << 6), ["IA32_VMX_EPT_VPID_CAP", "bit 6", "page-walk length of 4"]),
        ((ref VmxCapabilities c) => c.EptVpid &= ~(1UL << 14), ["IA32_VMX_EPT_VPID_CAP", "bit 14", "write-back"]),
        ((ref VmxCapabilities c) => c.EptVpid &= ~(1UL << 16), ["IA32_VMX_EPT_VPID_CAP", "bit 16", "2-MByte"]),
        ((ref VmxCapabilities c) => c.EptVpid &= ~(1UL << 20), ["INVEPT", "single-context"]),
        ((ref VmxCapabilities c) => c.EptVpid &= ~(1UL << 25), ["INVEPT", "single-context"]),
        ((ref VmxCapabilities c) => Forbid(ref c.Exit, 20), ["save IA32_EFER", "load IA32_EFER"]),
        ((ref VmxCapabilities c) => Forbid(ref c.Exit, 21), ["save IA32_EFER", "load IA32_EFER"]),
        ((ref VmxCapabilities c) => Forbid(ref c.Entry, 15), ["save IA32_EFER", "load IA32_EFER"]),
        ((ref VmxCapabilities c) => Forbid(ref c.Exit, 18), ["save IA32_PAT", "load IA32_PAT"]),
        ((ref VmxCapabilities c) => Forbid(ref c.Exit, 19), ["save IA32_PAT", "load IA32_PAT"]),
        ((ref VmxCapabilities c) => Forbid(ref c.Entry, 14), ["save IA32_PAT", "load IA32_PAT"]),
        ((ref VmxCapabilities c) => c.Misc &= ~(1UL << 5), ["IA32_VMX_MISC", "bit 5", "EFER.LMA"]),
        ((ref VmxCapabilities c) => Forbid(ref c.PrimaryBased, 15), ["CR3-load exiting"]),
        ((ref VmxCapabilities c) => c.PrimaryBased |= 1UL << 15, ["CR3-load exiting"]),                                // the default1 class
        ((ref VmxCapabilities c) => c.Misc &= ~(1UL << 8), ["IA32_VMX_MISC", "bit 8", "wait-for-SIPI"]),
        ((ref VmxCapabilities c) => Forbid(ref c.SecondaryBased, 22), ["mode-based execute control for EPT", "!mode"]),
    ];

    [Fact]
    public void A_processor_with_everything_lacks_nothing() => CapabilityGate.Missing(Processors.Complete()).ShouldBe(0u);

    [Fact]
    public void What_is_masked_off_is_named_and_only_that()
    {
        foreach (var (mask, words) in Lacks)
        {
            var name = Missing(mask).ShouldHaveSingleItem();
            foreach (var word in words)
                name.ShouldContain(word, Case.Sensitive);
        }
    }

    [Fact]
    public void Items_come_in_the_order_of_the_screen_and_each_can_be_lacking()
    {
        var order = Lacks.Select(lack => Missing(lack.Mask).Single()).Distinct().ToArray();
        order.ShouldBe(Enumerable.Range(0, CapabilityGate.Items).Select(Name));
    }

    [Fact]
    public void Each_item_has_a_name_of_its_own_and_there_is_none_behind_the_last()
    {
        var names = Enumerable.Range(0, CapabilityGate.Items).Select(Name).ToArray();
        names.Distinct().Count().ShouldBe(CapabilityGate.Items);
        names.ShouldAllBe(name => name.Length > 5 && name.All(letter => letter >= ' ' && letter <= '~'));
        Name(CapabilityGate.Items).ShouldBe("?");
        Name(-1).ShouldBe("?");
    }

    [Fact]
    public void Without_VMX_nothing_else_is_said()
    {
        // Its registers do not exist then: what would be read from them says nothing.
        CapabilityGate.Missing(default).ShouldBe(1u);
        Missing((ref VmxCapabilities c) => c = default).ShouldBe([Name(0)]);
    }

    [Fact]
    public void Several_things_that_are_missing_are_all_named_at_once()
    {
        Missing((ref VmxCapabilities c) =>
        {
            c.FeatureControl = 1;
            Forbid(ref c.PinBased, 6);
            c.Misc = 0;
        }).ShouldBe([Name(1), Name(5), Name(18), Name(20)]);
        Missing((ref VmxCapabilities c) =>
        {
            c = default;
            c.HasVmx = true;
        }).ShouldBe(Enumerable.Range(2, CapabilityGate.Items - 2).Select(Name));
    }

    [Theory]
    [InlineData(0UL)]       // unlocked and off: HvKernel turns it on
    [InlineData(4UL)]       // unlocked and on
    [InlineData(5UL)]
    [InlineData(7UL)]
    [InlineData(0xFF07UL)]
    public void Feature_control_that_is_unlocked_or_on_is_no_refusal(ulong value) =>
        Missing((ref VmxCapabilities c) => c.FeatureControl = value).ShouldBeEmpty();

    [Fact]
    public void What_is_optional_is_not_asked_for()
    {
        Missing((ref VmxCapabilities c) => c.EptVpid &= ~(1UL << 17)).ShouldBeEmpty();          // 1-GByte pages
        Missing((ref VmxCapabilities c) => Forbid(ref c.SecondaryBased, 5)).ShouldBeEmpty();    // VPID
        Missing((ref VmxCapabilities c) => c.EptVpid &= 0xFFFF_FFFF).ShouldBeEmpty();           // INVVPID
    }

    [Fact]
    public void Mode_based_execute_control_is_the_one_item_that_does_not_refuse()
    {
        var c = Processors.Complete();
        Forbid(ref c.SecondaryBased, 22);
        CapabilityGate.Missing(c).ShouldBe(CapabilityGate.ModeBasedExecuteMissing);
    }

    [Fact]
    public void Write_back_is_the_only_type_of_VMCS_memory()
    {
        for (ulong type = 0; type < 16; type++)
            Missing((ref VmxCapabilities c) => c.Basic = (c.Basic & ~(15UL << 50)) | (type << 50)).Count.ShouldBe(type == 6 ? 0 : 1);
    }

    [Fact]
    public void The_revision_is_31_bits_of_IA32_VMX_BASIC()
    {
        VmxCapabilities c = default;
        c.Basic = 0xDA04_0000_8000_0012;
        c.Revision.ShouldBe(0x12u);
        c.Basic = 0x7FFF_FFFF;
        c.Revision.ShouldBe(0x7FFF_FFFFu);
    }
}
