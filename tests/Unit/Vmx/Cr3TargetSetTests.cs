using System.Linq;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

/// <summary>
/// What Linux loads for one process: with page-table isolation the user half's root is the kernel's with bit 12 set, its PCID the kernel's with
/// bit 11 set; each with bit 63 where translations are to be kept.
/// </summary>
public sealed unsafe class Cr3TargetSetTests
{
    private const ulong Kernel = 0x1234_4000;
    private const ulong User = 0x1234_5000;
    private const ulong Keep = 1UL << 63;

    private static ulong[] Of(ulong cr3, ulong root, ulong pairedRoot, bool usesPcid)
    {
        var set = Cr3TargetSet.Of(cr3, root, pairedRoot, usesPcid);
        set.Count.ShouldBeLessThanOrEqualTo(Cr3TargetSet.Maximum);
        var values = new ulong[set.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = set.Values[i];
        return [.. values.Order()];
    }

    [Theory]
    [InlineData(Kernel | 3)]
    [InlineData(User | 0x803)]
    public void Two_halves_with_PCIDs_are_four_values_whichever_was_loaded(ulong loaded) =>
        Of(loaded, Kernel, User, usesPcid: true).ShouldBe([Kernel | 3, User | 0x803, Keep | Kernel | 3, Keep | User | 0x803]);

    [Theory]
    [InlineData(Kernel)]
    [InlineData(User)]
    public void Two_halves_without_PCIDs_are_two_values(ulong loaded) => Of(loaded, Kernel, User, usesPcid: false).ShouldBe([Kernel, User]);

    [Fact]
    public void One_root_with_a_PCID_is_two_values() => Of(Kernel | 5, Kernel, Kernel, usesPcid: true).ShouldBe([Kernel | 5, Keep | Kernel | 5]);

    [Fact]
    public void A_PCID_of_its_own_may_have_the_user_halfs_bit() =>
        Of(Kernel | 0x805, Kernel, Kernel, usesPcid: true).ShouldBe([Kernel | 0x805, Keep | Kernel | 0x805]);

    [Fact]
    public void One_root_without_PCIDs_is_itself() => Of(Kernel | 0x18, Kernel, Kernel, usesPcid: false).ShouldBe([Kernel | 0x18]);

    [Fact]
    public void Only_the_processs_own_roots_are_targets()
    {
        foreach (var usesPcid in new[] { true, false })
        {
            foreach (var (root, paired) in new[] { (Kernel, Kernel), (Kernel, User) })
                Of(root | 7, root, paired, usesPcid).ShouldAllBe(value => (value & 0x000F_FFFF_FFFF_F000) == root || (value & 0x000F_FFFF_FFFF_F000) == paired);
        }
    }
}
