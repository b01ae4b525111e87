using System.Text;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

public sealed class CapabilityComparisonTests
{
    private static VmxCapabilities First => new()
    {
        Basic = 0x00DA_0400_0000_0012,
        PinBased = 0x7F_0000_0016,
        PrimaryBased = 0xFFF9_FFFE_0400_6172,
        SecondaryBased = 0x0455_3CFE_0000_0000,
        Exit = 0x01FF_FFFF_0003_6DFB,
        Entry = 0x0003_FFFF_0000_11FB,
        Misc = 0x7004_C1E7,
        EptVpid = 0x0F01_0673_4141,
        Cr0Fixed0 = 0x8000_0021,
        Cr0Fixed1 = 0xFFFF_FFFF,
        Cr4Fixed0 = 0x2000,
        Cr4Fixed1 = 0x0077_2FFF,
        PhysicalAddressBits = 46,
    };

    [Fact]
    public void LikeProcessorsDoNotDiffer()
    {
        CapabilityComparison.FirstDifference(First, First).ShouldBe(-1);
    }

    [Fact]
    public void FeatureControlIsEachProcessorsOwn()
    {
        var other = First;
        other.FeatureControl = 5;
        CapabilityComparison.FirstDifference(First, other).ShouldBe(-1);
    }

    [Fact]
    public void TheFirstCapabilityThatDiffersIsNamed()
    {
        var other = First;
        other.Misc ^= 1;
        other.PhysicalAddressBits = 39;
        var item = CapabilityComparison.FirstDifference(First, other);
        Encoding.ASCII.GetString(CapabilityComparison.Name(item)).ShouldBe("IA32_VMX_MISC");
        CapabilityComparison.Value(other, item).ShouldBe(0x7004_C1E6UL);
    }

    [Fact]
    public void AnotherAddressWidthIsADifference()
    {
        var other = First;
        other.PhysicalAddressBits = 39;
        Encoding.ASCII.GetString(CapabilityComparison.Name(CapabilityComparison.FirstDifference(First, other))).ShouldBe("MAXPHYADDR");
    }
}
