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
using Stopwatch = System.Diagnostics.Stopwatch;

namespace HvDbg.Tests.Link;

public class RetryTests
{
    private static readonly LinkOptions Quiet = FakeTarget.FastOptions with { PollInterval = TimeSpan.Zero };

    [Fact]
    public async Task A_lost_reply_is_asked_for_again_and_the_request_carried_out_once()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync(Quiet);
        await debugger.PauseAsync();
        var lose = 2;
        target.Line = frame => Interlocked.Decrement(ref lose) >= 0 ? null : frame;
        target.Executed.Clear();
        await debugger.WriteRegisterAsync(RegisterId.Rax, 0x55);
        target.Executed.ShouldBe([MessageType.WriteRegister]);
        target.Machine.Registers[0].General.Rax.ShouldBe(0x55ul);
        debugger.LinkStatistics.Retries.ShouldBeGreaterThanOrEqualTo(2);
    }

    [Fact]
    public async Task A_damaged_reply_counts_and_is_asked_for_again()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync(Quiet);
        var damage = 1;
        target.Line = frame =>
        {
            if (Interlocked.Decrement(ref damage) >= 0)
            {
                frame = (byte[])frame.Clone();
                frame[^6] ^= 0x10;
            }

            return frame;
        };
        (await debugger.ReadMsrAsync(0xC0000082)).ShouldBe(0xffffffff81e00080);
        debugger.LinkStatistics.Damaged.ShouldBe(1);
        debugger.LinkStatistics.Retries.ShouldBe(1);
    }

    [Fact]
    public async Task A_reply_whose_length_was_damaged_is_given_up_when_the_line_is_quiet()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync(Quiet);
        var damage = 1;
        target.Line = frame =>
        {
            if (Interlocked.Decrement(ref damage) >= 0)
            {
                frame = (byte[])frame.Clone();
                frame[5] = 7;
            }

            return frame;
        };
        (await debugger.ReadMsrAsync(0xC0000082)).ShouldBe(0xffffffff81e00080);
        debugger.LinkStatistics.Damaged.ShouldBeGreaterThanOrEqualTo(1);
    }

    [Fact]
    public async Task A_second_answer_to_a_repeated_request_is_ignored()
    {
        var target = new FakeTarget();

        // No repetition of ours may mix in, however busy the machine is.
        await using var debugger = await target.AttachAsync(Quiet with { FirstAttempt = TimeSpan.FromSeconds(3) });
        target.Line = frame => [.. frame, .. frame];
        var before = debugger.LinkStatistics.LateReplies;
        for (var i = 0; i < 3; i++)
        {
            (await debugger.ReadMsrAsync(0xC0000082)).ShouldBe(0xffffffff81e00080);
        }

        target.Line = frame => frame;
        await debugger.GetStatusAsync();
        debugger.LinkStatistics.LateReplies.ShouldBe(before + 3);
        debugger.LinkStatistics.Retries.ShouldBe(0);
    }

    [Fact]
    public async Task The_late_answer_to_a_request_given_up_is_not_taken_for_the_next_ones()
    {
        var target = new FakeTarget();
        target.Machine.Msrs[1] = 111;
        target.Machine.Msrs[2] = 222;
        await using var debugger = await target.AttachAsync(Quiet with { RequestTimeout = TimeSpan.FromMilliseconds(100) });
        byte[]? late = null;
        target.Line = frame =>
        {
            late = frame;
            return null;
        };
        await Should.ThrowAsync<LinkTimeoutException>(() => debugger.ReadMsrAsync(1));
        target.Line = frame => [.. late!, .. frame];
        (await debugger.ReadMsrAsync(2)).ShouldBe(222ul);
        debugger.LinkStatistics.LateReplies.ShouldBe(1);
    }

    [Fact]
    public async Task A_target_in_the_middle_of_a_cut_frame_is_brought_out_of_it()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync(Quiet);

        // The head of a frame of 2000 bytes that never come: the target would take the next requests for them.
        target.Inject([0x7F, (byte)'H', (byte)'V', (byte)'K', 0xD0, 0x07, 1, 0]);
        (await debugger.ReadMsrAsync(0xC0000082)).ShouldBe(0xffffffff81e00080);
        target.Damaged.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Silence_ends_in_one_line_that_names_the_request()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync(Quiet with { RequestTimeout = TimeSpan.FromMilliseconds(400) });
        target.Deaf = true;
        var clock = Stopwatch.StartNew();
        var failure = await Should.ThrowAsync<LinkTimeoutException>(() => debugger.ReadRegistersAsync());
        failure.Message.ShouldBe("the target does not answer (ReadRegisters, 0.4 s)");
        clock.Elapsed.ShouldBeInRange(TimeSpan.FromMilliseconds(390), TimeSpan.FromSeconds(5));
        debugger.LinkState.ShouldBe(LinkState.Silent);

        target.Deaf = false;
        await debugger.ReadRegistersAsync();
        debugger.LinkState.ShouldBe(LinkState.Up);
    }

    [Fact]
    public async Task A_request_that_is_repeated_costs_the_line_only_itself()
    {
        // A line may be slower than the repetitions are: what they bring with them then waits in it, more each time, and nothing comes through.
        var target = new FakeTarget();
        var line = new RecordedLine();
        await using var debugger = await Debugger.AttachAsync(
            async cancel => line.Over(await target.OpenAsync(cancel)),
            TimeSpan.FromSeconds(10),
            Quiet with { FirstAttempt = TimeSpan.FromMilliseconds(50), LongestAttempt = TimeSpan.FromMilliseconds(50), RequestTimeout = TimeSpan.FromMilliseconds(400) });
        target.Deaf = true;
        line.Written.Clear();
        await Should.ThrowAsync<LinkTimeoutException>(() => debugger.ReadMsrAsync(0xC0000082));

        line.Written.Count.ShouldBeGreaterThanOrEqualTo(4);
        line.Written.ShouldAllBe(bytes => bytes.SequenceEqual(line.Written[0]));
    }

    [Fact]
    public async Task Requests_from_many_tasks_go_one_after_the_other()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync(Quiet);
        for (uint i = 0; i < 50; i++)
        {
            target.Machine.Msrs[i] = i * 3;
        }

        var values = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => debugger.ReadMsrAsync((uint)i)));
        values.ShouldBe(Enumerable.Range(0, 50).Select(i => (ulong)i * 3));
    }

    [Fact]
    public async Task A_cancelled_request_leaves_the_link_usable()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync(Quiet);
        target.Deaf = true;
        using var enough = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Should.ThrowAsync<OperationCanceledException>(() => debugger.ReadRegistersAsync(null, enough.Token));
        target.Deaf = false;
        await debugger.ReadRegistersAsync();
    }

    [Fact]
    public async Task Another_protocol_version_is_named_with_our_own()
    {
        var target = new FakeTarget { ProtocolVersion = 77 };
        var failure = await Should.ThrowAsync<VersionMismatchException>(() => target.AttachAsync(Quiet));
        failure.Message.ShouldContain("77");
        failure.Message.ShouldContain($"version {LinkProtocol.Version}:");
    }

    [Fact]
    public async Task A_target_that_never_answers_is_given_up_after_the_time()
    {
        var target = new FakeTarget { Deaf = true };
        var failure = await Should.ThrowAsync<LinkTimeoutException>(
            () => Debugger.AttachAsync(target.OpenAsync, TimeSpan.FromMilliseconds(300), Quiet));
        failure.Message.ShouldBe("no target within 0.3 s: the line is open, and nothing answers on it");
    }

    [Fact]
    public async Task A_line_that_cannot_be_opened_is_tried_until_it_can()
    {
        var target = new FakeTarget { Unreachable = true };
        var attaching = target.AttachAsync(Quiet);
        await Task.Delay(60);
        attaching.IsCompleted.ShouldBeFalse();
        target.Unreachable = false;
        await using var debugger = await attaching;
        debugger.Target.BootId.ShouldBe(0xb007ul);
    }

    [Fact]
    public async Task A_short_reply_is_an_error_and_no_crash()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync(Quiet);
        target.Line = frame => Frames.Make((MessageType)frame[6], BitConverter.ToUInt32(frame, 8), new byte[9]);
        await Should.ThrowAsync<MalformedReplyException>(() => debugger.ReadRegistersAsync());
        await Should.ThrowAsync<MalformedReplyException>(() => debugger.GetStatusAsync());
        await Should.ThrowAsync<MalformedReplyException>(() => debugger.ListEventsAsync());
        await Should.ThrowAsync<MalformedReplyException>(() => debugger.ReadMemoryAsync(0, 4));
        target.Line = frame => frame;
        await debugger.ReadRegistersAsync();
    }

    private sealed class RecordedLine : ITransport
    {
        private ITransport? _inner;

        internal List<byte[]> Written { get; } = [];

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) => _inner!.ReadAsync(buffer, cancellationToken);

        public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
        {
            Written.Add(data.ToArray());
            return _inner!.WriteAsync(data, cancellationToken);
        }

        public ValueTask DisposeAsync() => _inner!.DisposeAsync();

        internal RecordedLine Over(ITransport inner)
        {
            _inner = inner;
            return this;
        }
    }
}
