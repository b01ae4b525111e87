using System;
using System.Runtime.InteropServices;
using HvKernel.Events;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Events;

/// <summary>From a table of events to shadow roots and protected pages. Guest RAM stands at 0; the EPT maps all of 48 bits.</summary>
public sealed unsafe class ShadowRootsTests : IDisposable
{
    private const int Bits = 48;
    private const ulong Root = 0x3000;
    private const ulong PairedRoot = 0x4000;
    private const ulong Other = 0x9000;
    private const ulong NoExecute = 1UL << 63;
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;

    private static readonly EptView[] Views = [EptView.Normal, EptView.KernelExecuteOff, EptView.UserExecuteOff];

    private readonly byte* _events = (byte*)NativeMemory.AlignedAlloc((nuint)EventTable.MemoryBytes, 4096);
    private readonly NativePages _pages = new(EptBuilder.PagesNeeded(Bits, true, 8, 16) + 8 + ShadowRoots.PagesNeeded);
    private readonly FakeMemory _memory = new(0x1_0000);
    private readonly ulong* _root;
    private readonly EptViews _views;
    private EventTable _table;
    private ShadowRoots _shadows;

    public ShadowRootsTests()
    {
        NativeMemory.Clear(_events, (nuint)EventTable.MemoryBytes);
        _table.Initialize(_events);
        var pool = _pages.Pool();
        EptPlan plan = default;

        // The copies have addresses of this process, which the EPT must map.
        plan.PhysicalAddressBits = Bits;
        plan.HasGigabytePages = true;
        plan.DummyPage = 0x6000_0000;
        _root = EptBuilder.Build(plan, MtrrTable.Pc(Bits).State, ref pool);
        _views.BuildTags(_root, ref pool).ShouldBeTrue();
        _shadows.Initialize(_root, ref pool).ShouldBeTrue();
        _memory.Write64(Root + 8, 0x5007);
        _memory.Write64(Root + (500 * 8), 0x6003);
        _memory.Write64(PairedRoot + 8, 0x5007);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_events);
        _pages.Dispose();
        _memory.Dispose();
    }

    private void Watch(int index, ulong root, ulong pairedRoot)
    {
        _table.Watches[index].InUse = true;
        _table.Watches[index].Root = root;
        _table.Watches[index].PairedRoot = pairedRoot;
        var added = _table.Add(new AddEventRequest { Processor = LinkProtocol.All }, index);
        added->Actions = 1;
        added->Settle();
    }

    private void Update()
    {
        _shadows.Plan(_table).ShouldBeTrue();
        _shadows.Show(_views);
        var memory = _memory.Open();
        _shadows.Fill(ref memory);
        _shadows.IsCurrent(_table).ShouldBeTrue();
    }

    private bool IsWritable(ulong address, EptView view) => (EptPatches.Find(_views.Root(view), address) & EptEntry.Write) != 0;

    [Fact]
    public void A_watched_process_has_four_copies_of_its_two_roots()
    {
        Watch(0, Root, PairedRoot);
        _shadows.IsCurrent(_table).ShouldBeFalse();
        Update();
        var copies = new[]
        {
            _shadows.Find(0, Root, EptView.KernelExecuteOff), _shadows.Find(0, Root, EptView.UserExecuteOff),
            _shadows.Find(0, PairedRoot, EptView.KernelExecuteOff), _shadows.Find(0, PairedRoot, EptView.UserExecuteOff),
        };
        copies.ShouldBeUnique();
        copies.ShouldAllBe(copy => copy != 0);
        (((ulong*)copies[0])[1], ((ulong*)copies[0])[500]).ShouldBe((0x5007UL, 0x6003UL | NoExecute));
        (((ulong*)copies[1])[1], ((ulong*)copies[1])[500]).ShouldBe((0x5007UL | NoExecute, 0x6003UL));
        (((ulong*)copies[3])[1], ((ulong*)copies[3])[500]).ShouldBe((0x5007UL | NoExecute, 0UL));
        _shadows.Find(0, Other, EptView.UserExecuteOff).ShouldBe(0UL);
        _shadows.Find(1, Root, EptView.UserExecuteOff).ShouldBe(0UL);
    }

    [Fact]
    public void Its_roots_are_protected_and_the_copies_can_be_walked()
    {
        Watch(0, Root, PairedRoot);
        Update();
        var copy = _shadows.Find(0, Root, EptView.UserExecuteOff);
        foreach (var view in Views)
        {
            IsWritable(Root, view).ShouldBeFalse();
            IsWritable(PairedRoot + 0x888, view).ShouldBeFalse();
            IsWritable(0x5000, view).ShouldBeTrue();
            EptPatches.Find(_views.Root(view), copy).ShouldBe(copy | EptEntry.Read | (6UL << EptEntry.MemoryTypeShift));
        }

        (EptPatches.Find(_root, Root) & EptEntry.Write).ShouldNotBe(0UL);
        _shadows.IsTable(copy).ShouldBeTrue();
        _shadows.IsTable(Root).ShouldBeFalse();
    }

    [Fact]
    public void What_no_event_needs_is_given_back()
    {
        Watch(0, Root, PairedRoot);
        Watch(1, Other, Other);
        Update();
        _table.Events[0].Enabled = false;
        _shadows.IsCurrent(_table).ShouldBeFalse();
        Update();
        _shadows.Find(0, Root, EptView.UserExecuteOff).ShouldBe(0UL);
        _shadows.Find(1, Other, EptView.UserExecuteOff).ShouldNotBe(0UL);
        Array.TrueForAll(Views, view => IsWritable(Root, view)).ShouldBeTrue();
        Array.TrueForAll(Views, view => !IsWritable(Other, view)).ShouldBeTrue();
        _table.Watches[1].State = WatchState.ProcessExited;
        Update();
        for (var i = 0; i < 512; i++)
        {
            foreach (var view in Views)
            {
                _views.Root(view)[i].ShouldBe(_root[i]);
            }
        }
    }

    [Fact]
    public void A_process_that_gets_other_roots_is_not_taken_up_before_they_are_copied()
    {
        Watch(0, Root, Root);
        Update();
        _table.Watches[0].Root = Other;
        _table.Watches[0].PairedRoot = Other;
        _shadows.Plan(_table).ShouldBeTrue();
        _shadows.Find(0, Root, EptView.UserExecuteOff).ShouldBe(0UL);
        _shadows.Find(0, Other, EptView.UserExecuteOff).ShouldBe(0UL);
        _memory.Write64(Other + 16, 0x7007);
        var memory = _memory.Open();
        _shadows.Fill(ref memory);
        ((ulong*)_shadows.Find(0, Other, EptView.KernelExecuteOff))[2].ShouldBe(0x7007UL);
        ((ulong*)_shadows.Find(0, Other, EptView.KernelExecuteOff))[1].ShouldBe(0UL);
    }

    [Fact]
    public void A_change_of_the_shared_tables_shows_in_the_views_beside_the_protected_pages()
    {
        Watch(0, Root, PairedRoot);
        Update();
        var copy = _shadows.Find(0, Root, EptView.KernelExecuteOff);

        // A page in the same region, as breakpoints hide it.
        var table = _root;
        for (var shift = 39; shift > 12; shift -= 9)
        {
            table = (ulong*)(table[0] & EptEntry.AddressMask);
        }

        table[7] = 0x8000 | EptEntry.Execute;
        _shadows.Repatch(_views);
        Array.TrueForAll(Views, view => EptPatches.Find(_views.Root(view), 0x7000) == (0x8000 | EptEntry.Execute)).ShouldBeTrue();
        IsWritable(Root, EptView.Normal).ShouldBeFalse();
        _shadows.Find(0, Root, EptView.KernelExecuteOff).ShouldBe(copy);
    }

    [Fact]
    public void Writes_of_the_guest_reach_all_copies_and_accessed_bits_its_root()
    {
        Watch(0, Root, PairedRoot);
        Update();
        _memory.Write64(PairedRoot + 24, 0xA007);
        var memory = _memory.Open();
        _shadows.SyncAll(ref memory);
        ((ulong*)_shadows.Find(0, PairedRoot, EptView.UserExecuteOff))[3].ShouldBe(0xA007UL | NoExecute);
        _shadows.SetAccessed(ref memory, _shadows.Find(0, PairedRoot, EptView.UserExecuteOff), 3);
        BitConverter.ToUInt64(_memory.Bytes(PairedRoot + 24, 8)).ShouldBe(0xA027UL);
        BitConverter.ToUInt64(_memory.Bytes(Root + 24, 8)).ShouldBe(0UL);
        (((ulong*)_shadows.Find(0, PairedRoot, EptView.KernelExecuteOff))[3] & AddressMask).ShouldBe(0xA000UL);
    }

    [Fact]
    public void There_is_room_for_as_many_processes_as_there_are_events()
    {
        for (var i = 0; i < EventTable.Capacity; i++)
        {
            Watch(i, ((ulong)i * 5) << 30, (((ulong)i * 5) << 30) + 0x1000);
        }

        _shadows.Plan(_table).ShouldBeTrue();
        _shadows.Show(_views);
        IsWritable(155UL << 30, EptView.Normal).ShouldBeFalse();
        IsWritable((150UL << 30) + 0x1000, EptView.UserExecuteOff).ShouldBeFalse();
    }
}
