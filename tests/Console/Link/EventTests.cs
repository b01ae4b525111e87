using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Link;

public class EventTests
{
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_stop_arrives_once_although_message_and_reports_tell_it()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync();
        using var events = debugger.Subscribe();
        target.Stop(StopReason.Event, 3, 3);
        var stop = await debugger.WaitForStopAsync(Enough);
        stop.EventId.ShouldBe(3u);
        stop.Context.ShouldBe((byte)3);
        stop.Rip.ShouldBe(0xffffffff81000010);
        for (var i = 0; i < 3; i++)
        {
            await debugger.GetStatusAsync();
        }

        await debugger.ContinueAsync();
        debugger.IsStopped.ShouldBeFalse();
        target.SendText("end\n");
        var seen = await UntilTextAsync(events, "end");
        seen.OfType<StopEvent>().Count().ShouldBe(1);
        seen.OfType<ContinuedEvent>().Count().ShouldBe(1);
    }

    [Fact]
    public async Task A_stop_whose_message_was_lost_is_noticed_by_polling()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync();
        target.Line = frame => (MessageType)frame[6] == MessageType.Stopped ? null : frame;
        target.Stop(StopReason.Event, 1);
        (await debugger.WaitForStopAsync(Enough)).EventId.ShouldBe(1u);
    }

    [Fact]
    public async Task A_stop_right_after_going_on_is_not_missed()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync();
        var first = await debugger.PauseAsync();

        // The next stop is on the line before the reply that says that the guest runs.
        target.Line = frame =>
        {
            if ((MessageType)frame[6] != (MessageType.Continue | MessageType.ReplyBit))
            {
                return frame;
            }

            target.Line = other => other;
            target.SendRaw(frame);
            target.Stop(StopReason.Event, 9);
            return null;
        };
        await debugger.ContinueAsync();
        var second = await debugger.WaitForStopAsync(Enough);
        second.EventId.ShouldBe(9u);
        second.Tick.ShouldBeGreaterThan(first.Tick);
    }

    [Fact]
    public async Task A_kept_reply_about_going_on_does_not_hide_the_stop_that_came_since()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync(FakeTarget.FastOptions with { PollInterval = TimeSpan.Zero });
        await debugger.PauseAsync();
        var lose = 1;
        target.Line = frame =>
        {
            if ((MessageType)frame[6] == (MessageType.Continue | MessageType.ReplyBit) && Interlocked.Decrement(ref lose) == 0)
            {
                target.Stop(StopReason.Event, 4);
                return null;
            }

            return frame;
        };
        await debugger.ContinueAsync();
        (await debugger.WaitForStopAsync(Enough)).EventId.ShouldBe(4u);
    }

    [Fact]
    public async Task A_console_that_attaches_late_knows_the_stop()
    {
        var target = new FakeTarget();
        target.Stop(StopReason.WaitForDebugger);
        await using var debugger = await target.AttachAsync();
        debugger.IsStopped.ShouldBeTrue();
        debugger.CurrentStop!.Reason.ShouldBe(StopReason.WaitForDebugger);
    }

    [Fact]
    public async Task Waiting_for_a_stop_that_does_not_come_ends()
    {
        await using var debugger = await new FakeTarget().AttachAsync();
        var failure = await Should.ThrowAsync<TimeoutException>(() => debugger.WaitForStopAsync(TimeSpan.FromMilliseconds(100)));
        failure.Message.ShouldBe("the guest did not stop within 0.1 s");
    }

    [Fact]
    public async Task Transition_records_come_in_order_with_all_fields()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync();
        using var events = debugger.Subscribe();
        target.Send(
            MessageType.Transitions,
            [
                .. Wire.Bytes(new TransitionRecord { Rip = 0x401000, Tick = 5, EventId = 2, Context = 3, Processor = 1 }),
                .. Wire.Bytes(new TransitionRecord { Rip = 0xffffffff81e00080, Tick = 6, EventId = 2, Context = 0, Processor = 1 }),
            ]);
        target.SendText("end\n");
        var transitions = (await UntilTextAsync(events, "end")).OfType<TransitionsEvent>().ShouldHaveSingleItem().Transitions;
        transitions.ShouldBe([new Transition(2, 3, 1, 0x401000, 5), new Transition(2, 0, 1, 0xffffffff81e00080, 6)]);
    }

    [Fact]
    public async Task Notices_and_text_frames_are_events()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync();
        using var events = debugger.Subscribe();
        target.Send(MessageType.EventNotice, Notice(5, EventNoticeKind.ExecFollowed, "sh"));
        target.Send(MessageType.Text, Encoding.ASCII.GetBytes("two\nlines"));
        var seen = await UntilTextAsync(events, "lines");
        seen.OfType<NoticeEvent>().ShouldHaveSingleItem().ShouldBe(new NoticeEvent(5, EventNoticeKind.ExecFollowed, 77, "sh"));
        seen.OfType<TextEvent>().Select(text => text.Line).ShouldBe(["two", "lines"]);
    }

    [Fact]
    public async Task Lines_of_text_are_put_together_and_damage_does_not_show()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync();
        using var events = debugger.Subscribe();
        target.SendText("HvKer");
        target.SendText("nel 1.0\r\n");
        target.SendRaw([0x80, 0xFF, 0x01, 0x02, 0x41, 0x90, (byte)'\n']);
        target.SendText("\e[31mpanic\e[0m\n");
        target.SendText("no end of line");
        var seen = await UntilTextAsync(events, "no end of line");
        seen.OfType<TextEvent>().Select(text => text.Line).ShouldBe(["HvKernel 1.0", "panic", "no end of line"]);
    }

    [Fact]
    public async Task Lost_messages_are_counted_and_told()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync();
        using var events = debugger.Subscribe();
        target.Send(MessageType.Transitions, Wire.Bytes(default(TransitionRecord)));
        target.NextSequence += 5;
        target.Send(MessageType.Transitions, Wire.Bytes(default(TransitionRecord)));
        var lost = await FirstAsync<MessagesLostEvent>(events);
        lost.Count.ShouldBe(5u);
        debugger.LinkStatistics.LostMessages.ShouldBe(5);
    }

    [Fact]
    public async Task A_message_lost_at_the_end_is_noticed_when_the_line_is_silent()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync();
        using var events = debugger.Subscribe();
        target.Line = frame => (MessageType)frame[6] == MessageType.EventNotice ? null : frame;
        target.Send(MessageType.EventNotice, Notice(1, EventNoticeKind.ProcessExited, "x"));
        (await FirstAsync<MessagesLostEvent>(events)).Count.ShouldBe(1u);
    }

    [Fact]
    public async Task What_the_target_dropped_is_told_as_dropped_and_not_as_lost()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync();
        using var events = debugger.Subscribe();
        target.Send(MessageType.Transitions, Wire.Bytes(default(TransitionRecord)));
        target.Machine.Dropped = 4;
        target.NextSequence += 4;
        target.Send(MessageType.Transitions, Wire.Bytes(default(TransitionRecord)));
        (await FirstAsync<MessagesDroppedEvent>(events)).ShouldBe(new MessagesDroppedEvent(4, 4));
        await Task.Delay(300);
        target.SendText("end\n");
        (await UntilTextAsync(events, "end")).OfType<MessagesLostEvent>().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_reset_machine_is_recognised_by_its_boot_on_a_line_that_stays_open()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync();
        await debugger.PauseAsync();
        using var events = debugger.Subscribe();
        target.Reset();
        var reset = await FirstAsync<ResetEvent>(events);
        reset.BootId.ShouldBe(0xb008ul);
        debugger.Target.BootId.ShouldBe(0xb008ul);
        debugger.IsStopped.ShouldBeFalse();
        target.Connections.ShouldBe(1);

        // Its clock begins anew, and its stops are new stops.
        target.Stop(StopReason.Event, 1);
        (await debugger.WaitForStopAsync(Enough)).EventId.ShouldBe(1u);
    }

    [Fact]
    public async Task A_broken_line_is_opened_again_and_the_session_goes_on()
    {
        var target = new FakeTarget();
        target.Machine.Processes.Add(FakeMachine.Process(5, "init", 0x1000));
        await using var debugger = await target.AttachAsync();
        var added = await debugger.AddModeEventAsync(ModeTrapDirection.User, ProcessKey.Pid(5));
        using var events = debugger.Subscribe();
        await target.HangUpAsync();
        (await FirstAsync<LinkStateEvent>(events)).State.ShouldBe(LinkState.Lost);
        (await debugger.ListEventsAsync()).ShouldHaveSingleItem().Id.ShouldBe(added.Id);
        target.Connections.ShouldBe(2);
        debugger.LinkStatistics.Reconnects.ShouldBe(1);
    }

    [Fact]
    public async Task A_request_under_way_on_a_breaking_line_is_not_sent_twice()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync(FakeTarget.FastOptions with { PollInterval = TimeSpan.Zero });
        await debugger.PauseAsync();
        target.Executed.Clear();
        target.Line = _ =>
        {
            target.Line = frame => frame;
            target.HangUpAsync().AsTask().Wait();
            return null;
        };
        await Should.ThrowAsync<LinkLostException>(() => debugger.WriteRegisterAsync(RegisterId.Rax, 1));
        await debugger.GetStatusAsync();
        target.Executed.Count(type => type == MessageType.WriteRegister).ShouldBe(1);
    }

    [Fact]
    public async Task Leaving_takes_no_time_and_ends_the_subscriptions()
    {
        var target = new FakeTarget();
        var debugger = await target.AttachAsync();
        using var events = debugger.Subscribe();
        await debugger.DisposeAsync().AsTask().WaitAsync(Enough);
        (await events.Reader.WaitToReadAsync().AsTask().WaitAsync(Enough)).ShouldBeFalse();
        await Should.ThrowAsync<DebuggerException>(() => debugger.GetStatusAsync());
    }

    private static unsafe EventNotice Notice(uint id, EventNoticeKind kind, string name)
    {
        var notice = new EventNotice { EventId = id, Kind = kind, Tick = 77 };
        Encoding.ASCII.GetBytes(name).CopyTo(new Span<byte>(notice.Name, LinkProtocol.NameBytes));
        return notice;
    }

    private static async Task<T> FirstAsync<T>(EventSubscription events)
    {
        using var enough = new CancellationTokenSource(Enough);
        await foreach (var item in events.ReadAllAsync(enough.Token))
        {
            if (item is T wanted)
            {
                return wanted;
            }
        }

        throw new InvalidOperationException("the subscription ended");
    }

    private static async Task<List<TargetEvent>> UntilTextAsync(EventSubscription events, string line)
    {
        using var enough = new CancellationTokenSource(Enough);
        var seen = new List<TargetEvent>();
        await foreach (var item in events.ReadAllAsync(enough.Token))
        {
            seen.Add(item);
            if (item is TextEvent text && text.Line == line)
            {
                break;
            }
        }

        return seen;
    }
}
