using System;
using System.Linq;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

/// <summary>The three views over one map of 46 bits: 128 entries of the root, so that a view of the first one alone would show.</summary>
public sealed unsafe class EptViewsTests : IDisposable
{
    private const int Bits = 46;

    private readonly NativePages _pages = new(EptBuilder.PagesNeeded(Bits, true, 4, 8) + 2);
    private readonly ulong* _root;
    private readonly EptViews _views;

    public EptViewsTests()
    {
        var pool = _pages.Pool();
        EptPlan plan = default;
        plan.PhysicalAddressBits = Bits;
        plan.HasGigabytePages = true;
        plan.HiddenStart = 0x7E20_0000;
        plan.HiddenEnd = 0x7E60_0000;
        plan.DummyPage = 0x6000_0000;
        _root = EptBuilder.Build(plan, MtrrTable.Pc(Bits).State, ref pool);
        ((nint)_root).ShouldNotBe(0);
        _views.Build(_root, ref pool).ShouldBeTrue();
    }

    public void Dispose() => _pages.Dispose();

    private EptWalk Walk(EptView view, ulong address)
    {
        var views = _views;
        return EptWalk.Translate(views.Pointer[(int)view], address, Bits);
    }

    [Fact]
    public void Only_the_executes_differ_at_every_address()
    {
        var random = new Random(46);
        ulong[] special = [0, 0xA_0000, 0x7E20_0000, 0x7E5F_FFFF, 0x7E60_0000, 0xFEE0_0000, (1UL << 39) - 1, 1UL << 39, (1UL << Bits) - 1];
        foreach (var address in Enumerable.Range(0, 20_000).Select(_ => (ulong)random.NextInt64(1L << random.Next(12, Bits + 1))).Concat(special))
        {
            var normal = Walk(EptView.Normal, address);
            var kernelOff = Walk(EptView.KernelExecuteOff, address);
            var userOff = Walk(EptView.UserExecuteOff, address);
            normal.Result.ShouldBe(EptWalkResult.Mapped);
            normal.CanAll.ShouldBeTrue();
            foreach (var walk in new[] { kernelOff, userOff })
            {
                if (walk.Result != EptWalkResult.Mapped || walk.Physical != normal.Physical || walk.Type != normal.Type || walk.PageSize != normal.PageSize)
                    Assert.Fail($"{address:x}: {walk.Result} {walk.Physical:x} {walk.Type}");
                (walk.CanRead && walk.CanWrite).ShouldBeTrue();
            }
            kernelOff.CanExecuteSupervisor.ShouldBeFalse();
            kernelOff.CanExecuteUser.ShouldBeTrue();
            userOff.CanExecuteSupervisor.ShouldBeTrue();
            userOff.CanExecuteUser.ShouldBeFalse();
        }
    }

    [Fact]
    public void What_is_not_mapped_is_not_mapped_in_any_view()
    {
        foreach (var view in Enum.GetValues<EptView>())
        {
            Walk(view, 1UL << Bits).Result.ShouldBe(EptWalkResult.NotPresent);
            Walk(view, (1UL << 48) - 1).Result.ShouldBe(EptWalkResult.NotPresent);
        }
    }

    [Fact]
    public void Each_view_has_a_root_of_its_own_and_all_share_what_is_below()
    {
        var roots = Enum.GetValues<EptView>().Select(view => _views.Pointer[(int)view] & ~0xFFFUL).ToArray();
        roots.Length.ShouldBe(3);
        roots.Distinct().Count().ShouldBe(3);
        roots[0].ShouldBe((ulong)_root);
        for (var i = 0; i < 512; i++)
        {
            var lower = roots.Select(root => ((ulong*)root)[i] & 0x000F_FFFF_FFFF_F000).Distinct().ToArray();
            lower.Length.ShouldBe(1);
            (lower[0] != 0).ShouldBe(i < 1 << (Bits - 39));
        }
    }

    [Fact]
    public void A_change_below_shows_in_all_views()
    {
        var upper = (ulong*)(_root[1] & EptEntry.AddressMask);
        upper[5] &= ~EptEntry.Write;
        foreach (var view in Enum.GetValues<EptView>())
            Walk(view, (512UL + 5) << 30).CanWrite.ShouldBeFalse();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_pool_that_is_too_small_makes_no_view(int available)
    {
        using var pages = new NativePages(2);
        var pool = pages.Pool((ulong)available);
        EptViews views = default;
        views.Build(_root, ref pool).ShouldBeFalse();
        for (var i = 0; i < 3; i++)
            views.Pointer[i].ShouldBe(0UL);
    }
}
