using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Forwarding;
using HvDbg.Sinks;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Forwarding;

/// <summary>Outputs to real named pipes.</summary>
public class NamedPipeTests
{
    [Fact]
    public async Task Opening_waits_for_no_reader_and_one_that_comes_late_gets_everything()
    {
        await using var peers = new PeerHarness();
        await peers.OpenAsync("pipe", OutputKind.NamedPipe);
        peers.Attach("pipe");
        peers.Send(0, 3000);
        var before = peers.Figures("pipe");
        before.StateName.ShouldBe("opened, no reader");
        (before.Forwarded, before.Waiting, before.Dropped).ShouldBe((0ul, 3000ul, 0ul));
        using var reader = await PipeReader.OpenAsync(peers.PathOf("pipe"));
        (await reader.TakeAsync(3000)).ShouldBe(Messages.Lines(5, 0, 3000));
        await peers.UntilWritten("pipe");
        peers.Figures("pipe").StateName.ShouldBe("opened");
        peers.Figures("pipe").Bytes.ShouldBe((ulong)Messages.Lines(5, 0, 3000).Sum(line => line.Length + 1));
    }

    [Fact]
    public async Task A_pipe_that_is_there_already_is_used()
    {
        await using var peers = new PeerHarness();
        using (var made = Process.Start("mkfifo", [peers.PathOf("pipe")]))
        {
            await made.WaitForExitAsync().Soon();
        }

        var reading = PipeReader.OpenAsync(peers.PathOf("pipe"));
        await peers.OpenAsync("pipe", OutputKind.NamedPipe);
        peers.Attach("pipe");
        peers.Send(0, 10);
        using var reader = await reading;
        (await peers.Registry.CloseAsync("pipe").Soon()).ShouldBe(0ul);
        (await reader.RestAsync()).ShouldBe(Messages.Lines(5, 0, 10));
    }

    [Fact]
    public async Task A_reader_that_waits_for_the_pipe_is_let_go_when_nothing_was_sent()
    {
        await using var peers = new PeerHarness();
        var peer = PipePeer.Open(peers.PathOf("pipe"));
        var reading = PipeReader.OpenAsync(peers.PathOf("pipe"));

        // When the reader has come so far that it waits cannot be seen from here.
        await Messages.Until(
            () =>
            {
                peer.Finish();
                return reading.IsCompleted;
            },
            "the reader is let go");
        peer.Dispose();
        using var reader = await reading;
        (await reader.RestAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_reader_that_stops_reading_costs_counted_messages_and_nothing_after_it_comes_back()
    {
        await using var peers = new PeerHarness(new SinkLimits { Messages = 1000 });
        await peers.OpenAsync("pipe", OutputKind.NamedPipe);
        await peers.OpenAsync("file", OutputKind.File);
        peers.Attach("pipe");
        peers.Send(0, 100);
        using var reader = await PipeReader.OpenAsync(peers.PathOf("pipe"));
        var read = await reader.TakeAsync(100);

        // It stops here: the pipe takes 64 KiB, the queue a thousand, and nobody who sends waits for either.
        peers.Send(100, 10_000);
        var stalled = peers.Figures("pipe");
        stalled.Dropped.ShouldBeGreaterThan(0ul);
        (stalled.Forwarded + stalled.Dropped + stalled.Waiting).ShouldBe(10_100ul);
        await Messages.Until(() => peers.Told.Length > 0, "the console says so");

        var resumed = reader.RestAsync();
        await peers.UntilWritten("pipe");
        var dropped = peers.Figures("pipe").Dropped;
        peers.Send(10_100, 500);
        (await peers.Registry.CloseAsync("pipe").Soon()).ShouldBe(0ul);
        read.AddRange(await resumed);

        var end = peers.Figures("pipe");
        end.State.ShouldBe(SinkState.Closed);
        end.Dropped.ShouldBe(dropped);
        (end.Forwarded + end.Dropped).ShouldBe(10_600ul);
        read.Count.ShouldBe((int)end.Forwarded);
        read.TakeLast(500).ShouldBe(Messages.Lines(5, 10_100, 500));
        read.ShouldBeSubsetOf(Messages.Lines(5, 0, 10_600));
        read.Distinct().Count().ShouldBe(read.Count);
        peers.Registry.Events.ShouldHaveSingleItem().Records.ShouldBe(10_600ul);
        peers.Told.ShouldBe(["output pipe takes messages more slowly than they come: some are dropped, which 'output' counts"]);
    }

    [Fact]
    public async Task A_reader_that_leaves_and_another_that_comes_lose_nothing()
    {
        await using var peers = new PeerHarness();
        await peers.OpenAsync("pipe", OutputKind.NamedPipe);
        peers.Attach("pipe");
        peers.Send(0, 10);
        using (var first = await PipeReader.OpenAsync(peers.PathOf("pipe")))
        {
            (await first.TakeAsync(10)).ShouldBe(Messages.Lines(5, 0, 10));
        }

        peers.Send(10, 5000);
        await Messages.Until(() => peers.Figures("pipe").HasNoReader, "the reader left");
        using var second = await PipeReader.OpenAsync(peers.PathOf("pipe"));
        var rest = second.RestAsync();
        (await peers.Registry.CloseAsync("pipe").Soon()).ShouldBe(0ul);
        (await rest).ShouldBe(Messages.Lines(5, 10, 5000));
        (peers.Figures("pipe").Forwarded, peers.Figures("pipe").Dropped).ShouldBe((5010ul, 0ul));
    }

    [Fact]
    public async Task What_nobody_reads_at_the_end_is_dropped_and_the_end_comes_in_time()
    {
        await using var peers = new PeerHarness(new SinkLimits { Flush = TimeSpan.FromMilliseconds(200) });
        await peers.OpenAsync("pipe", OutputKind.NamedPipe);
        peers.Attach("pipe");
        peers.Send(0, 10);
        using (var reader = await PipeReader.OpenAsync(peers.PathOf("pipe")))
        {
            (await reader.TakeAsync(10)).Count.ShouldBe(10);
            await peers.UntilWritten("pipe");
            peers.Send(10, 5000);
            await Messages.Until(() => peers.Figures("pipe").Forwarded > 10, "the pipe takes some");
        }

        (await peers.Registry.CloseAsync("pipe").Soon()).ShouldBe(5000ul);
        (peers.Figures("pipe").Forwarded, peers.Figures("pipe").Dropped).ShouldBe((10ul, 5000ul));
    }

    [Fact]
    public async Task Pipes_and_files_are_told_apart()
    {
        await using var peers = new PeerHarness();
        File.WriteAllText(peers.PathOf("plain"), "");
        peers.Create("plain", OutputKind.NamedPipe);
        (await Refused(peers, "plain")).ShouldBe($"output plain cannot be opened: {peers.PathOf("plain")} is no named pipe: create the output with 'file'");
        await peers.OpenAsync("pipe", OutputKind.NamedPipe);
        peers.Create("other", OutputKind.File, peers.PathOf("pipe"));
        (await Refused(peers, "other")).ShouldBe($"output other cannot be opened: {peers.PathOf("pipe")} is a named pipe: create the output with 'namedpipe'");
        peers.Create("nowhere", OutputKind.NamedPipe, peers.PathOf("no/pipe"));
        (await Refused(peers, "nowhere")).ShouldBe($"output nowhere cannot be opened: {peers.PathOf("no/pipe")}: No such file or directory");
    }

    private static async Task<string> Refused(PeerHarness peers, string name) =>
        (await Should.ThrowAsync<DebuggerException>(() => peers.Registry.OpenAsync(name, CancellationToken.None))).Message;
}
