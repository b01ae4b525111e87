using System;
using System.Linq;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

public sealed unsafe class EptPatchesTests : IDisposable
{
    private const int Bits = 41;
    private const int Regions = 4;

    // In a 1-GiB page, in a 2-MiB page, in a table of 4-KiB pages (the hidden range), and above 512 GiB.
    private const ulong InGigabyte = 0x1_4567_8000;
    private const ulong InLarge = 0x7E00_5000;
    private const ulong InSmall = 0x7E20_3000;
    private const ulong High = (1UL << 40) + 0x1234_5000;

    private readonly NativePages _pages = new(EptBuilder.PagesNeeded(Bits, true, 4, 8) + 3 + EptPatches.PagesNeeded(Regions));
    private readonly ulong* _root;
    private readonly EptViews _views;
    private EptPatches _patches;

    public EptPatchesTests()
    {
        var pool = _pages.Pool();
        EptPlan plan = default;
        plan.PhysicalAddressBits = Bits;
        plan.HasGigabytePages = true;
        plan.HiddenStart = 0x7E20_0000;
        plan.HiddenEnd = 0x7E60_0000;
        plan.DummyPage = 0x6000_0000;
        _root = EptBuilder.Build(plan, MtrrTable.Pc(Bits).State, ref pool);
        _views.BuildTags(_root, ref pool).ShouldBeTrue();
        _patches.Initialize(_root, Regions, ref pool).ShouldBeTrue();
    }

    public void Dispose() => _pages.Dispose();

    private EptWalk Walk(EptView view, ulong address)
    {
        var views = _views;
        return EptWalk.Translate(views.Pointer[(int)view], address, Bits);
    }

    private EptWalk Plain(ulong address) => EptWalk.Translate(EptEntry.Pointer((ulong)_root), address, Bits);

    private void Show(params ulong[] withoutWriting)
    {
        _patches.Begin();
        foreach (var page in withoutWriting)
        {
            _patches.Remove(page, EptEntry.Write).ShouldBeTrue();
        }

        foreach (var view in new[] { EptView.Normal, EptView.KernelExecuteOff, EptView.UserExecuteOff })
        {
            _patches.Show(_views.Root(view));
        }
    }

    private void ShouldDifferOnlyAt(params ulong[] pages)
    {
        var random = new Random(41);
        var near = pages.SelectMany(page => new[] { page - 1, page + 0x1000, page ^ 0x20_0000, page ^ 0x4000_0000 });
        var samples = Enumerable.Range(0, 3000).Select(_ => (ulong)random.NextInt64(1L << random.Next(12, Bits + 1)));
        foreach (var address in samples.Concat(near).Where(address => !pages.Contains(address & ~0xFFFUL)))
        {
            var plain = Plain(address);
            foreach (var view in new[] { EptView.Normal, EptView.KernelExecuteOff, EptView.UserExecuteOff })
            {
                var seen = Walk(view, address);
                if (seen.Result != plain.Result || seen.Physical != plain.Physical || seen.Type != plain.Type || seen.CanAll != plain.CanAll)
                    Assert.Fail($"{view} {address:x}: {seen.Result} {seen.Physical:x} {seen.Type} {seen.CanAll}");
            }
        }

        foreach (var page in pages)
        {
            Plain(page).CanAll.ShouldBeTrue();
            foreach (var view in new[] { EptView.Normal, EptView.KernelExecuteOff, EptView.UserExecuteOff })
            {
                var seen = Walk(view, page + 0x123);
                (seen.Result, seen.CanRead, seen.CanWrite, seen.CanExecuteSupervisor).ShouldBe((EptWalkResult.Mapped, true, false, true));
                seen.PageSize.ShouldBe(0x1000UL);
                seen.Physical.ShouldBe(Plain(page + 0x123).Physical);
                seen.Type.ShouldBe(Plain(page).Type);
            }
        }
    }

    [Fact]
    public void Without_pages_all_views_show_the_same_from_roots_of_their_own()
    {
        ShouldDifferOnlyAt();
        Enum.GetValues<EptView>().Select(view => (ulong)_views.Root(view)).Append((ulong)_root).Distinct().Count().ShouldBe(4);
    }

    [Fact]
    public void Single_pages_lose_a_permission_in_all_views_and_not_below()
    {
        Show(InGigabyte, InLarge, InSmall, High);
        ShouldDifferOnlyAt(InGigabyte, InLarge, InSmall, High);
    }

    [Fact]
    public void Neighbours_share_tables()
    {
        Show([.. Enumerable.Range(0, 512).Select(i => 0x4000_0000UL + ((ulong)i * 0x1000))]);
        Walk(EptView.Normal, 0x4000_0000).CanWrite.ShouldBeFalse();
        Walk(EptView.Normal, 0x401F_F000).CanWrite.ShouldBeFalse();
        Walk(EptView.Normal, 0x4020_0000).CanWrite.ShouldBeTrue();
    }

    [Fact]
    public void A_new_set_replaces_the_old_one_and_leaves_its_tables_alone_until_the_next()
    {
        Show(InGigabyte);
        var old = EptWalk.Translate(_views.Pointer[0], InGigabyte, Bits);
        var oldTable = _views.Root(EptView.Normal)[0] & EptEntry.AddressMask;
        Show(InLarge, High);
        ShouldDifferOnlyAt(InLarge, High);

        // A processor that has not dropped its translations walks on where it was.
        var table = (ulong*)(((ulong*)oldTable)[InGigabyte >> 30] & EptEntry.AddressMask);
        EptEntry.IsPresent(table[(InGigabyte >> 21) & 511]).ShouldBeTrue();
        old.CanWrite.ShouldBeFalse();
        for (var i = 0; i < 20; i++)
        {
            Show(i % 2 == 0 ? InGigabyte : High);
            ShouldDifferOnlyAt(i % 2 == 0 ? InGigabyte : High);
        }

        Show();
        ShouldDifferOnlyAt();
    }

    [Fact]
    public void A_page_can_be_mapped_where_the_guest_sees_the_dummy_page()
    {
        _patches.Begin();
        _patches.Map(InSmall, InSmall | EptEntry.Read | (6UL << 3)).ShouldBeTrue();
        _patches.Show(_views.Root(EptView.UserExecuteOff));
        var seen = Walk(EptView.UserExecuteOff, InSmall);
        (seen.Physical, seen.CanRead, seen.CanWrite, seen.CanExecuteSupervisor).ShouldBe((InSmall, true, false, false));
        Plain(InSmall).Physical.ShouldBe(0x6000_0000UL);
        (EptPatches.Find(_views.Root(EptView.UserExecuteOff), InSmall) & EptEntry.AddressMask).ShouldBe(InSmall);
        EptPatches.Find(_views.Root(EptView.Normal), 1UL << Bits).ShouldBe(0UL);
    }

    [Fact]
    public void More_regions_than_there_is_room_for_are_refused()
    {
        _patches.Begin();
        var pages = Enumerable.Range(0, 20).Select(i => (1UL << 32) + ((ulong)i << 31));
        pages.Select(page => _patches.Remove(page, EptEntry.Write)).ShouldContain(false);
        _patches.Remove(1UL << Bits, EptEntry.Write).ShouldBeFalse();
    }
}
