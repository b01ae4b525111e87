using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Link;

/// <summary>Events and code through the library: definitions on the wire, parts read back, code run once, and messages as streams.</summary>
public class EventRegistrationTests
{
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_definition_arrives_with_all_it_says()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        var added = await debugger.AddEventAsync(new ModeEventDefinition
        {
            Mode = ModeTrapDirection.UserAndKernel,
            Process = ProcessKey.Pid(5),
            Processor = 1,
            Condition = CodeDefinition.Of([0x48, 0x89, 0xd0], RunChoice.Contained),
            Actions =
            [
                ActionDefinition.Log,
                ActionDefinition.CustomCode([0x90, 0xc3], 0x18, RunChoice.Contained),
                ActionDefinition.Break,
                ActionDefinition.CustomCode([0x0f, 0x32], 0, RunChoice.Root),
                ActionDefinition.Count,
            ],
            ShortCircuit = true,
            Collect = true,
            CommandText = "an event – of mine",
        });
        added.ShouldBe(new AddedEvent(0, true, "init"));
        var asked = target.Events.Known[0];
        asked.Request.Direction.ShouldBe((ModeTrapDirection)1);
        asked.Request.Flags.ShouldBe(EventFlags.ShortCircuit | EventFlags.Collect);
        asked.Request.Processor.ShouldBe(1u);
        asked.Request.StagedBytes.ShouldBe(0u);
        asked.Text.ShouldBe("an event – of mine"u8.ToArray());
        asked.Bytes(asked.Request.Condition).ShouldBe([0x48, 0x89, 0xd0]);
        asked.Request.Condition.Manner.ShouldBe(RunManner.Contained);
        asked.Actions.Select(action => action.Kind).ShouldBe(
            [EventAction.Log, EventAction.CustomCode, EventAction.Break, EventAction.CustomCode, EventAction.Count]);
        asked.Actions.Select(action => action.BufferBytes).ShouldBe([0u, 0x18u, 0u, 0u, 0u]);
        asked.Bytes(asked.Actions[1].Code).ShouldBe([0x90, 0xc3]);
        asked.Bytes(asked.Actions[3].Code).ShouldBe([0x0f, 0x32]);
        asked.Actions[3].Code.Manner.ShouldBe(RunManner.Root);
        asked.Actions[0].Code.ShouldBe(default);
    }

    [Fact]
    public async Task The_short_form_is_one_action()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        await debugger.AddModeEventAsync(ModeTrapDirection.Kernel, ProcessKey.Cr3(0x1000), EventAction.Log, 1);
        var asked = target.Events.Known[0];
        asked.Actions.ShouldBe([new ActionDescriptor { Kind = EventAction.Log }]);
        (asked.Request.Direction, asked.Request.Key, asked.Request.Processor).ShouldBe((ModeTrapDirection.Kernel, 0x1000ul, 1u));
    }

    [Theory]
    [InlineData(1500, 1)]
    [InlineData(1950, 2)]
    [InlineData(16384, 10)]
    public async Task Code_that_does_not_fit_one_frame_is_staged(int length, int requests)
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync(FakeTarget.FastOptions with { PollInterval = TimeSpan.Zero });
        target.Executed.Clear();
        var code = Pattern(length);
        await debugger.AddEventAsync(ModeEventDefinition.Of(
            ModeTrapDirection.User, ProcessKey.Pid(5), ActionDefinition.CustomCode(code, 0x10), ActionDefinition.Log) with { CommandText = "text" });
        target.Executed.Count.ShouldBe(requests);
        target.Executed[..^1].ShouldAllBe(type => type == MessageType.Stage);
        var asked = target.Events.Known[0];
        asked.Bytes(asked.Actions[0].Code).ShouldBe(code);
        asked.Text.ShouldBe("text"u8.ToArray());

        // And back, in parts.
        var details = await debugger.DescribeEventAsync(0);
        details.Actions[0].Bytes.ShouldBe(code);
        details.Actions[0].BufferBytes.ShouldBe(0x10);
        details.Actions[1].Kind.ShouldBe(EventAction.Log);
        details.CommandText.ShouldBe("text");
        details.Condition.ShouldBeNull();
    }

    public static TheoryData<string, ModeEventDefinition> Impossible => new()
    {
        { "an action of a script needs a compiled script", Of(new ActionDefinition(EventAction.Script)) },
        { "an action of custom code needs code", Of(new ActionDefinition(EventAction.CustomCode)) },
        { "an action Log has no code", Of(new ActionDefinition(EventAction.Log, CodeDefinition.Of([0x90]))) },
        { "the code of action 0 has 0 bytes: expected 1 to 4000", Of(ActionDefinition.CustomCode([])) },
        { "the code of action 1 has 4001 bytes: expected 1 to 4000", Of(ActionDefinition.Log, ActionDefinition.CustomCode(new byte[0x4001])) },
        { "the condition has 0 bytes: expected 1 to 4000", Of(ActionDefinition.Log) with { Condition = CodeDefinition.Of([]) } },
        { "a safe buffer has at most 10000 bytes, not 10001", Of(ActionDefinition.CustomCode([0x90], 0x10001)) },
        { "an event has at most 8 actions, not 9", Of([.. Enumerable.Repeat(ActionDefinition.Log, 9)]) },
        { "the event's code has 14000 bytes altogether, at most 10000 are possible", Of([.. Enumerable.Repeat(ActionDefinition.CustomCode(new byte[0x4000]), 5)]) },
        { "there is no mode 2: expected 1 (both), 3 (user mode is reached) or 0 (the kernel is reached)", Of(ActionDefinition.Log) with { Mode = (ModeTrapDirection)2 } },
        { "events of type 9 are not available: 25 is the only one", Of(ActionDefinition.Log) with { Type = (EventType)9 } },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public async Task What_no_target_could_accept_is_not_sent(string message, ModeEventDefinition definition)
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync(FakeTarget.FastOptions with { PollInterval = TimeSpan.Zero });
        target.Executed.Clear();
        (await Should.ThrowAsync<DebuggerException>(() => debugger.AddEventAsync(definition))).Message.ShouldBe(message);
        target.Executed.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(4096, 4096)]
    [InlineData(4097, 4096)]
    [InlineData(9000, 4096)]
    public async Task Text_that_is_too_long_is_cut_between_characters(int length, int most)
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        var text = string.Concat(Enumerable.Repeat("é", length / 2)) + (length % 2 == 1 ? "x" : "");
        await debugger.AddEventAsync(Of(ActionDefinition.Log) with { CommandText = text });
        target.Events.Known[0].Text.Length.ShouldBeInRange(most - 3, most);
        var back = (await debugger.DescribeEventAsync(0)).CommandText;
        if (length <= most)
        {
            back.ShouldBe(text);
        }
        else
        {
            back.ShouldEndWith("é…");
            back.ShouldNotContain("\uFFFD");
        }
    }

    [Fact]
    public async Task An_observer_is_refused_breaks_by_itself_and_by_the_target()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync(FakeTarget.FastOptions with { Manner = AttachManner.Observer, PollInterval = TimeSpan.Zero });
        target.Manner.ShouldBe(AttachManner.Observer);
        target.Executed.Clear();
        foreach (var refused in new Func<Task>[]
        {
            () => debugger.PauseAsync(),
            () => debugger.AddEventAsync(Of(ActionDefinition.Log, ActionDefinition.Break)),
            () => debugger.AddModeEventAsync(ModeTrapDirection.User, ProcessKey.Pid(5)),
        })
        {
            (await Should.ThrowAsync<TargetException>(refused)).Status.ShouldBe(ReplyStatus.ObserveOnly);
        }

        target.Executed.ShouldBeEmpty();
        await debugger.AddEventAsync(Of(ActionDefinition.Log));

        // A reset machine is told the manner again.
        target.Manner = null;
        target.Reset();
        await Should.ThrowAsync<TargetException>(() => debugger.ReadRegistersAsync(7));
        await using var again = await target.AttachAsync(FakeTarget.FastOptions with { Manner = AttachManner.Observer });
        target.Manner.ShouldBe(AttachManner.Observer);
    }

    [Fact]
    public async Task Figures_of_each_part_come_back()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        await debugger.AddEventAsync(Of(ActionDefinition.CustomCode([0x90], 0x18)) with { Condition = CodeDefinition.Of([0xc3]) });
        target.Events.Figures[(0, 0)] = new EventPartReply { Address = 0x1000, Buffer = 0x2000, Runs = 7, Faults = 1, InvalidPointers = 3, Ticks = 99 };
        target.Events.Figures[(0, EventPart.Condition)] = new EventPartReply { Runs = 8 };
        var row = target.Machine.Events[0];
        target.Machine.Events[0] = row with
        {
            ConditionFalse = 4, ShortCircuited = 5, Sent = 6, Dropped = 7, BreaksSuppressed = 8, Condition = EventCondition.Faulted, UserReached = 9,
        };
        var details = await debugger.DescribeEventAsync(0);
        var action = details.Actions.ShouldHaveSingleItem();
        (action.Address, action.Buffer, action.Runs, action.Faults, action.InvalidPointers, action.Ticks).ShouldBe((0x1000ul, 0x2000ul, 7ul, 1ul, 3ul, 99ul));
        details.Condition!.Runs.ShouldBe(8ul);
        var entry = details.Entry;
        (entry.ConditionFalse, entry.ShortCircuited, entry.Sent, entry.Dropped, entry.BreaksSuppressed, entry.Condition, entry.UserReached)
            .ShouldBe((4ul, 5ul, 6ul, 7ul, 8ul, EventCondition.Faulted, 9ul));
        (await Should.ThrowAsync<TargetException>(() => debugger.DescribeEventAsync(1))).Status.ShouldBe(ReplyStatus.NoSuchEvent);
        (await Should.ThrowAsync<TargetException>(() => debugger.ReadEventPartAsync(0, 3))).Status.ShouldBe(ReplyStatus.BadField);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(3000)]
    public async Task Code_is_run_once_and_answers_its_result_and_buffer(int length)
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        (await Should.ThrowAsync<TargetException>(() => debugger.RunCodeAsync(CodeDefinition.Of([0x90])))).Status.ShouldBe(ReplyStatus.NotStopped);
        await debugger.PauseAsync();
        var code = Pattern(length);
        target.Events.Run = (request, came) =>
        {
            came.ShouldBe(code);
            (request.BufferBytes, request.Context, request.Options, request.Manner).ShouldBe((4u, 3ul, RunCodeFlags.KeepRegisters, RunManner.Contained));
            return (new RunCodeReply { Result = 0x77, Ticks = 12 }, [1, 2, 3, 4]);
        };
        var run = await debugger.RunCodeAsync(CodeDefinition.Of(code, RunChoice.Contained), 4, 3, keepRegisters: true);
        (run.Result, run.Ticks, run.Manner, run.Fault).ShouldBe((0x77ul, 12ul, RunManner.Contained, null));
        run.Buffer.ShouldBe([1, 2, 3, 4]);
    }

    [Fact]
    public async Task Code_that_fails_is_an_answer_and_no_exception()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        await debugger.PauseAsync();
        target.Events.Run = (_, _) => (
            new RunCodeReply
            {
                Header = { Status = ReplyStatus.CodeFaulted },
                Fault = new BlobFault { Kind = BlobFaultKind.Exception, Vector = 6, Rip = 0x1002, CodeAddress = 0x1000, CodeBytes = 4 },
            },
            []);
        var run = await debugger.RunCodeAsync(CodeDefinition.Of([0x90, 0x90, 0x0f, 0x0b]));
        run.Fault!.Kind.ShouldBe(BlobFaultKind.Exception);
        run.Fault.Vector.ShouldBe((byte)6);
        run.Fault.Offset.ShouldBe(2u);
    }

    [Fact]
    public async Task Flushing_tells_how_much_was_thrown_away()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        target.Events.Waiting = 12;
        (await debugger.FlushAsync()).ShouldBe(12ul);
    }

    [Fact]
    public async Task Short_circuiting_is_switched()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        await debugger.AddEventAsync(Of(ActionDefinition.Log));
        await debugger.ShortCircuitEventAsync(0, true);
        (await debugger.ListEventsAsync())[0].Flags.ShouldBe(EventFlags.ShortCircuit);
        await debugger.ShortCircuitEventAsync(0, false);
        (await debugger.ListEventsAsync())[0].Flags.ShouldBe(EventFlags.None);
    }

    [Fact]
    public async Task Streams_carry_what_is_theirs_from_the_call_on()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        target.Send(MessageType.Transitions, Wire.Bytes(new TransitionRecord { EventId = 2, Rip = 1 }));
        await debugger.GetStatusAsync();
        using var transitions = debugger.Transitions(2);
        using var buffers = debugger.Buffers(2);
        using var allBuffers = debugger.Buffers();
        using var faults = debugger.Faults(2);
        using var notices = debugger.Notices(2);
        for (ushort id = 1; id <= 2; id++)
        {
            target.Send(
                MessageType.Transitions,
                [
                    .. Wire.Bytes(new TransitionRecord { EventId = id, Rip = 0x10u + id }),
                    .. Wire.Bytes(new TransitionRecord { EventId = 3, Rip = 0x20 }),
                    .. Wire.Bytes(new TransitionRecord { EventId = id, Rip = 0x30u + id }),
                ]);
            target.Send(MessageType.BufferPart, Part(id, 0, 3, [id == 1 ? (byte)1 : (byte)2, 5, 6]));
            target.Send(MessageType.BlobFault, new BlobFault { EventId = id, Part = (ushort)(id == 1 ? 0 : EventPart.Condition), Kind = BlobFaultKind.TimeLimit });
            target.Send(MessageType.EventNotice, new EventNotice { EventId = id, Kind = EventNoticeKind.Parked });
        }

        (await TakeAsync(transitions, 2)).Select(item => item.Rip).ShouldBe([0x12ul, 0x32ul]);
        (await TakeAsync(buffers, 1))[0].Bytes.ShouldBe([2, 5, 6]);
        (await TakeAsync(allBuffers, 2)).Select(buffer => buffer.EventId).ShouldBe([1u, 2u]);
        var fault = (await TakeAsync(faults, 1))[0];
        (fault.EventId, fault.Action, fault.Kind).ShouldBe((2u, null, BlobFaultKind.TimeLimit));
        (await TakeAsync(notices, 1))[0].Kind.ShouldBe(EventNoticeKind.Parked);
        transitions.Missed.ShouldBe(0);
    }

    [Fact]
    public async Task Buffers_are_put_together_from_parts_in_one_frame_and_in_many()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        using var buffers = debugger.Buffers();
        var large = Pattern(5000);
        target.Send(MessageType.BufferPart, [.. Part(1, 0, 3, [1, 2, 3]), .. Part(2, 0, 0, []), .. Part(1, 0, 5000, large[..1000], tick: 9)]);
        target.Send(MessageType.Transitions, Wire.Bytes(default(TransitionRecord)));
        target.Send(MessageType.BufferPart, Part(1, 1000, 5000, large[1000..3000], tick: 9));
        target.Send(MessageType.BufferPart, Part(1, 3000, 5000, large[3000..4500], tick: 9));
        target.Send(MessageType.BufferPart, [.. Part(1, 4500, 5000, large[4500..], tick: 9), .. Part(7, 0, 1, [7])]);
        var seen = await TakeAsync(buffers, 4);
        seen.Select(buffer => buffer.Bytes.Length).ShouldBe([3, 0, 5000, 1]);
        seen[2].Bytes.ShouldBe(large);
        seen[2].Tick.ShouldBe(9ul);
        seen[3].EventId.ShouldBe(7u);
    }

    [Fact]
    public async Task A_buffer_of_which_a_part_was_lost_is_told_as_lost()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        using var events = debugger.Subscribe();
        target.Send(MessageType.BufferPart, Part(1, 0, 9, [1, 2, 3], tick: 5));
        target.Send(MessageType.BufferPart, Part(1, 6, 9, [7, 8, 9], tick: 5));
        target.Send(MessageType.BufferPart, Part(2, 0, 9, [1, 2, 3], tick: 6));
        target.Send(MessageType.BufferPart, Part(3, 0, 1, [1], tick: 7));

        // Lengths that no target sends: what is behind them is not looked at.
        target.Send(MessageType.BufferPart, Part(4, 0, 0x20000, [1]));
        target.Send(MessageType.BufferPart, Part(5, 3, 2, [1]));
        target.Send(MessageType.BufferPart, [.. Part(6, 0, 4, [1, 2, 3, 4])[..^1]]);
        target.Send(MessageType.BufferPart, Part(8, 0, 1, [8], tick: 8));
        var seen = new List<TargetEvent>();
        using var enough = new CancellationTokenSource(Enough);
        await foreach (var item in events.ReadAllAsync(enough.Token))
        {
            seen.Add(item);
            if (item is BufferEvent { EventId: 8 })
            {
                break;
            }
        }

        seen.OfType<BufferLostEvent>().ShouldBe([new BufferLostEvent(1, 0, 5, 6, 9), new BufferLostEvent(2, 0, 6, 3, 9)]);
        seen.OfType<BufferEvent>().Select(buffer => buffer.EventId).ShouldBe([3u, 8u]);
    }

    [Theory]
    [InlineData(2u, 5ul)]
    [InlineData(1u, 6ul)]
    public async Task The_rest_of_one_buffer_does_not_complete_another(uint id, ulong tick)
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        using var events = debugger.Subscribe();
        target.Send(MessageType.BufferPart, Part(1, 0, 6, [1, 2, 3], tick: 5));
        target.Send(MessageType.BufferPart, Part(id, 3, 6, [4, 5, 6], tick));
        target.SendText("end\n");
        var seen = new List<TargetEvent>();
        using var enough = new CancellationTokenSource(Enough);
        await foreach (var item in events.ReadAllAsync(enough.Token))
        {
            seen.Add(item);
            if (item is TextEvent)
            {
                break;
            }
        }

        seen.OfType<BufferEvent>().ShouldBeEmpty();
        seen.OfType<BufferLostEvent>().ShouldBe([new BufferLostEvent(1, 0, 5, 3, 6), new BufferLostEvent(id, 0, tick, 3, 6)]);
    }

    [Fact]
    public async Task A_slow_reader_loses_the_oldest_and_is_told_how_much()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync();
        const int PerFrame = 100;
        const int Count = 200;
        using var transitions = debugger.Transitions(capacityBytes: 32_000);
        for (var frame = 0; frame < Count; frame++)
        {
            var records = new byte[PerFrame * 20];
            for (var i = 0; i < PerFrame; i++)
            {
                BitConverter.TryWriteBytes(records.AsSpan(i * 20), (ulong)((frame * PerFrame) + i));
            }

            target.Send(MessageType.Transitions, records);
        }

        // The link is not held up by it.
        await debugger.GetStatusAsync();
        transitions.Missed.ShouldBe((Count - 10) * PerFrame);
        (await TakeAsync(transitions, 1000)).Select(item => item.Rip).ShouldBe(Enumerable.Range((Count - 10) * PerFrame, 1000).Select(i => (ulong)i));
        target.Send(MessageType.Transitions, Wire.Bytes(new TransitionRecord { Rip = 7 }));
        await debugger.GetStatusAsync();
        transitions.Missed.ShouldBe((Count - 10) * PerFrame);
    }

    [Fact]
    public async Task A_stream_ends_with_the_debugger_and_with_the_boot()
    {
        var target = MakeTarget();
        var debugger = await target.AttachAsync();
        using var notices = debugger.Notices();
        target.Reset();
        (await TakeAsync(notices, 1)).ShouldBeEmpty();
        using var faults = debugger.Faults();
        await debugger.DisposeAsync();
        (await TakeAsync(faults, 1)).ShouldBeEmpty();
    }

    private static ModeEventDefinition Of(params ActionDefinition[] actions) =>
        ModeEventDefinition.Of(ModeTrapDirection.User, ProcessKey.Pid(5), actions);

    private static FakeTarget MakeTarget()
    {
        var target = new FakeTarget();
        target.Machine.RefuseDuplicates = false;
        target.Machine.Processes.Add(FakeMachine.Process(5, "init", 0x1000));
        return target;
    }

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)((i * 7) ^ (i >> 8)))];

    private static byte[] Part(uint id, uint offset, uint total, byte[] bytes, ulong tick = 1) =>
        [.. Wire.Bytes(new BufferPart { EventId = id, Tick = tick, TotalBytes = total, Offset = offset, Bytes = (uint)bytes.Length }), .. bytes];

    private static async Task<List<T>> TakeAsync<T>(EventStream<T> stream, int count)
    {
        using var enough = new CancellationTokenSource(Enough);
        var list = new List<T>();
        await foreach (var item in stream.WithCancellation(enough.Token))
        {
            list.Add(item);
            if (list.Count == count)
            {
                break;
            }
        }

        return list;
    }
}
