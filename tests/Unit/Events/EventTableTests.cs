using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using HvKernel.Events;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Events;

public sealed unsafe class EventTableTests : IDisposable
{
    private const byte UserReached = 3;
    private const byte KernelReached = 0;

    private readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc((nuint)EventTable.MemoryBytes, 4096);
    private EventTable _table;

    public EventTableTests() => _table = Empty();

    public void Dispose() => NativeMemory.AlignedFree(_memory);

    private EventTable Empty()
    {
        NativeMemory.Clear(_memory, (nuint)EventTable.MemoryBytes);
        EventTable table = default;
        table.Initialize(_memory);
        return table;
    }

    private static AddEventRequest Request(
        ModeTrapDirection direction = ModeTrapDirection.UserAndKernel, uint processor = LinkProtocol.All, ulong key = 7) => new()
        {
            Type = EventType.TrapExecutionModeChanged,
            Direction = direction,
            Processor = processor,
            KeyKind = ProcessKeyKind.Pid,
            Key = key,
        };

    private static ModeEvent Event(ModeTrapDirection direction, uint processor, bool enabled = true) => new()
    {
        InUse = true,
        Enabled = enabled,
        Actions = 1,
        Direction = direction,
        Processor = processor,
    };

    /// <summary>An event that logs.</summary>
    private ModeEvent* Add(AddEventRequest request, int watch)
    {
        var added = _table.Add(request, watch);
        if (added != null)
        {
            added->Actions = 1;
            added->Action(0)->Kind = EventAction.Log;
        }

        return added;
    }

    /// <summary>A watch in the first unused place.</summary>
    private int Watch(WatchState state = WatchState.Armed)
    {
        var watch = _table.FreeWatch();
        _table.Watches[watch] = new ProcessWatch { InUse = true, State = state, Root = 0x1000, PairedRoot = 0x1000 };
        return watch;
    }

    [Theory]
    [InlineData(ModeTrapDirection.User, true, false)]           // the manual's OptionalParam1: 3
    [InlineData(ModeTrapDirection.Kernel, false, true)]         // 0
    [InlineData(ModeTrapDirection.UserAndKernel, true, true)]   // 1
    public void A_direction_is_the_mode_that_is_reached(ModeTrapDirection direction, bool onUser, bool onKernel)
    {
        Event(direction, LinkProtocol.All).Matches(UserReached, 0).ShouldBe(onUser);
        Event(direction, LinkProtocol.All).Matches(KernelReached, 0).ShouldBe(onKernel);
        Event(direction, LinkProtocol.All, enabled: false).Matches(UserReached, 0).ShouldBeFalse();
        Event(direction, LinkProtocol.All, enabled: false).Matches(KernelReached, 0).ShouldBeFalse();
    }

    [Fact]
    public void A_processor_is_that_one_or_all()
    {
        var all = Event(ModeTrapDirection.UserAndKernel, LinkProtocol.All);
        var second = Event(ModeTrapDirection.UserAndKernel, 1);
        for (uint processor = 0; processor < 4; processor++)
        {
            all.Matches(UserReached, processor).ShouldBeTrue();
            second.Matches(UserReached, processor).ShouldBe(processor == 1);
        }
    }

    [Fact]
    public void Two_events_overlap_exactly_where_some_transition_triggers_both()
    {
        var directions = Enum.GetValues<ModeTrapDirection>();
        var processors = new[] { 0u, 1u, 2u, LinkProtocol.All };
        foreach (var direction in directions)
        {
            foreach (var processor in processors)
            {
                foreach (var other in directions)
                {
                    foreach (var otherProcessor in processors)
                    {
                        var one = Event(direction, processor);
                        var two = Event(other, otherProcessor);
                        var both = Enumerable.Range(0, 4).Any(at =>
                            new[] { UserReached, KernelReached }.Any(context => one.Matches(context, (uint)at) && two.Matches(context, (uint)at)));
                        one.Overlaps(Request(other, otherProcessor)).ShouldBe(both, $"{direction} on {processor}, {other} on {otherProcessor}");
                    }
                }
            }
        }
    }

    [Fact]
    public void An_event_is_what_was_asked_for_and_begins_enabled_with_empty_counters()
    {
        var watch = Watch();
        _table.Events[0].UserReached = 99;      // what an earlier one left
        var added = _table.Add(Request(ModeTrapDirection.User, 2, 1234), watch);
        ((nint)added).ShouldNotBe(0);
        (added->InUse, added->Enabled, added->Direction, added->Actions).ShouldBe((true, true, ModeTrapDirection.User, 0));
        (added->Processor, added->KeyKind, added->Key, added->Watch).ShouldBe((2u, ProcessKeyKind.Pid, 1234UL, watch));
        (added->UserReached, added->KernelReached, added->ActionTicks, added->Dropped).ShouldBe((0UL, 0UL, 0UL, 0UL));
        _table.Count.ShouldBe(1);
    }

    [Fact]
    public void A_number_is_never_given_twice()
    {
        var watch = Watch();
        List<uint> ids = [];
        for (var i = 0; i < 100; i++)
        {
            var added = _table.Add(Request(), watch);
            ids.Add(added->Id);
            _table.Remove(added);
            watch = Watch();
        }
        ids.Distinct().Count().ShouldBe(100);
        ids.ShouldBeInOrder();
    }

    [Fact]
    public void A_full_table_refuses_and_stays_as_it_is()
    {
        for (var i = 0; i < EventTable.Capacity; i++)
            ((nint)_table.Add(Request(key: (ulong)i), Watch())).ShouldNotBe(0);
        _table.FreeWatch().ShouldBe(-1);
        ((nint)_table.Add(Request(key: 99), 0)).ShouldBe(0);
        _table.Count.ShouldBe(EventTable.Capacity);
        for (var i = 0; i < EventTable.Capacity; i++)
            _table.Events[i].Key.ShouldBe((ulong)i);
        _table.Remove(&_table.Events[5]);
        _table.FreeWatch().ShouldBe(5);
        ((nint)_table.Add(Request(), Watch())).ShouldNotBe(0);
    }

    [Fact]
    public void Both_tables_lie_in_the_memory_that_was_asked_for()
    {
        var end = _memory + EventTable.MemoryBytes;
        ((byte*)(_table.Events + EventTable.Capacity) <= (byte*)_table.Watches).ShouldBeTrue();
        ((byte*)_table.Events >= _memory && (byte*)(_table.Watches + EventTable.Capacity) <= end).ShouldBeTrue();
    }

    [Fact]
    public void A_process_is_given_up_with_its_last_event()
    {
        var shared = Watch();
        var first = Add(Request(ModeTrapDirection.User), shared)->Id;
        var second = Add(Request(ModeTrapDirection.Kernel), shared)->Id;
        var other = Watch();
        var third = _table.Add(Request(), other)->Id;
        _table.Remove(_table.Find(first));
        _table.Watches[shared].InUse.ShouldBeTrue();
        _table.IsWatched(shared).ShouldBeTrue();
        _table.Remove(_table.Find(second));
        _table.Watches[shared].InUse.ShouldBeFalse();
        _table.Watches[shared].HasRoot(0x1000).ShouldBeFalse();
        _table.IsWatched(shared).ShouldBeFalse();
        _table.Watches[other].InUse.ShouldBeTrue();
        ((nint)_table.Find(third)).ShouldNotBe(0);
        ((nint)_table.Find(first)).ShouldBe(0);
    }

    [Fact]
    public void A_duplicate_does_the_same_on_the_same_transitions_of_the_same_living_process()
    {
        var watch = Watch();
        var other = Watch();
        var id = Add(Request(ModeTrapDirection.User, 1), watch)->Id;
        var duplicate = _table.FindDuplicate(Request(ModeTrapDirection.UserAndKernel), EventAction.Log, watch);
        ((nint)duplicate).ShouldNotBe(0);
        duplicate->Id.ShouldBe(id);
        ((nint)_table.FindDuplicate(Request(ModeTrapDirection.UserAndKernel), EventAction.Break, watch)).ShouldBe(0);
        ((nint)_table.FindDuplicate(Request(ModeTrapDirection.Kernel), EventAction.Log, watch)).ShouldBe(0);
        ((nint)_table.FindDuplicate(Request(ModeTrapDirection.User, 0), EventAction.Log, watch)).ShouldBe(0);
        ((nint)_table.FindDuplicate(Request(), EventAction.Log, other)).ShouldBe(0);
        var holding = Request() with { Flags = EventFlags.ShortCircuit };
        ((nint)_table.FindDuplicate(holding, EventAction.Log, watch)).ShouldBe(0);

        // The pid of a process that ended may be another's by now.
        _table.Watches[watch].State = WatchState.ProcessExited;
        ((nint)_table.FindDuplicate(Request(), EventAction.Log, watch)).ShouldBe(0);
    }

    [Fact]
    public void An_event_that_is_off_has_duplicates_all_the_same()
    {
        // It may be turned on again.
        var watch = Watch();
        Add(Request(), watch)->Enabled = false;
        ((nint)_table.FindDuplicate(Request(), EventAction.Log, watch)).ShouldNotBe(0);
    }

    [Fact]
    public void An_event_with_a_condition_or_several_actions_has_no_duplicate()
    {
        var watch = Watch();
        Add(Request(), watch)->Detail->Condition.Address = 0x1000;
        Add(Request(), watch)->Actions = 2;
        ((nint)_table.FindDuplicate(Request(), EventAction.Log, watch)).ShouldBe(0);
    }

    [Fact]
    public void An_event_without_actions_counts_as_disabled()
    {
        var added = _table.Add(Request(), Watch());
        _table.AnyArmed().ShouldBeFalse();
        added->Matches(UserReached, 0).ShouldBeFalse();
        added->Actions = 1;
        _table.AnyArmed().ShouldBeTrue();
        added->Matches(UserReached, 0).ShouldBeTrue();
    }

    [Fact]
    public void Details_stay_in_their_place_when_other_events_are_removed()
    {
        var first = Add(Request(), Watch());
        var second = Add(Request(), Watch());
        second->Detail->TextBytes = 77;
        second->Action(7)->BufferBytes = 5;
        var (id, detail) = (second->Id, (nint)second->Detail);
        _table.Remove(first);
        var moved = _table.Find(id);
        ((nint)moved->Detail).ShouldBe(detail);
        moved->Detail->TextBytes.ShouldBe(77u);
        moved->Action(7)->BufferBytes.ShouldBe(5u);
        var third = Add(Request(), Watch());
        ((nint)third->Detail).ShouldNotBe(detail);
        third->Action(7)->BufferBytes.ShouldBe(0u);
    }

    [Fact]
    public void Armed_is_an_enabled_event_with_a_living_process()
    {
        _table.AnyArmed().ShouldBeFalse();
        var added = Add(Request(), Watch());
        _table.AnyArmed().ShouldBeTrue();
        added->Enabled = false;
        _table.AnyArmed().ShouldBeFalse();
        _table.IsWatched(added->Watch).ShouldBeFalse();
        added->Enabled = true;
        _table.Watches[added->Watch].State = WatchState.ProcessExited;
        _table.AnyArmed().ShouldBeFalse();
        Add(Request(key: 8), Watch());
        _table.AnyArmed().ShouldBeTrue();
    }

    [Theory]
    [InlineData(0x1000UL, true)]
    [InlineData(0x2000UL, true)]
    [InlineData(0x3000UL, false)]
    [InlineData(0UL, false)]
    public void A_process_has_its_root_and_the_paired_one(ulong root, bool has) =>
        new ProcessWatch { InUse = true, Root = 0x1000, PairedRoot = 0x2000 }.HasRoot(root).ShouldBe(has);

    private sealed record Modelled(uint Id, ulong Key, int Watch)
    {
        public bool Enabled { get; set; } = true;
    }

    /// <summary>Any mixture of adding (to a new process or to one that has events), removing, turning off and on, against a list.</summary>
    [Fact]
    public void Events_stand_oldest_first_whatever_was_done()
    {
        var step = from kind in Gen.Frequency((5, Gen.Constant(0)), (2, Gen.Constant(1)), (3, Gen.Constant(2)), (2, Gen.Constant(3)))
                   from which in Gen.Choose(0, 1000)
                   select (Kind: kind, Which: which);
        Prop.ForAll(Arb.From(step.ArrayOf()), steps =>
        {
            _table = Empty();
            List<Modelled> model = [];
            ulong key = 0;
            foreach (var (kind, which) in steps)
            {
                if (kind <= 1)
                {
                    var watch = kind == 1 && model.Count > 0 ? model[which % model.Count].Watch : _table.FreeWatch();
                    if (watch < 0 != (model.Select(e => e.Watch).Distinct().Count() == EventTable.Capacity) && kind == 0)
                        return false;
                    if (watch < 0)
                        continue;
                    var added = Add(Request(key: ++key), watch);
                    if ((added == null) != (model.Count == EventTable.Capacity))
                        return false;
                    if (added == null)
                        continue;
                    _table.Watches[watch].InUse = true;
                    model.Add(new Modelled(added->Id, key, watch));
                }
                else if (model.Count > 0 && kind == 2)
                {
                    var removed = model[which % model.Count];
                    _table.Remove(_table.Find(removed.Id));
                    model.Remove(removed);
                }
                else if (model.Count > 0)
                {
                    var changed = model[which % model.Count];
                    changed.Enabled = !changed.Enabled;
                    _table.Find(changed.Id)->Enabled = changed.Enabled;
                }
                if (!IsSame(model))
                    return false;
            }
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(150));
    }

    private bool IsSame(List<Modelled> model)
    {
        if (_table.Count != model.Count || _table.AnyArmed() != model.Any(e => e.Enabled))
            return false;
        for (var i = 0; i < model.Count; i++)
        {
            var at = &_table.Events[i];
            if (at->Id != model[i].Id || at->Key != model[i].Key || at->Watch != model[i].Watch || at->Enabled != model[i].Enabled || _table.Find(at->Id) != at)
                return false;
        }
        return Enumerable.Range(0, EventTable.Capacity).All(watch =>
            _table.Watches[watch].InUse == model.Any(e => e.Watch == watch)
            && _table.IsWatched(watch) == model.Any(e => e.Watch == watch && e.Enabled));
    }
}
