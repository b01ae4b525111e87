using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Forwarding;
using HvDbg.Sinks;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Forwarding;

/// <summary>Outputs to real files, and to real listeners on this machine.</summary>
public class FileAndTcpTests
{
    [Fact]
    public async Task A_file_is_appended_to()
    {
        await using var peers = new PeerHarness();
        File.WriteAllText(peers.PathOf("log"), "before\n");
        await peers.OpenAsync("log", OutputKind.File);
        peers.Attach("log");
        peers.Send(0, 20_000);
        (await peers.Registry.CloseAsync("log").Soon()).ShouldBe(0ul);
        peers.LinesOf("log").ShouldBe([.. Messages.Lines(5, 0, 20_000).Prepend("before")]);
        (peers.Figures("log").Forwarded, peers.Figures("log").Dropped).ShouldBe((20_000ul, 0ul));
        peers.Send(20_000, 3);
        peers.Figures("log").Dropped.ShouldBe(3ul);
    }

    [Fact]
    public async Task A_full_disk_is_told_once_and_the_other_output_loses_nothing()
    {
        await using var peers = new PeerHarness();
        await peers.OpenAsync("full", OutputKind.File, "/dev/full");
        await peers.OpenAsync("log", OutputKind.File);
        peers.Attach("full", "log");
        peers.Send(0, 1000);
        await peers.UntilFailed("full");
        peers.Send(1000, 4000);
        await peers.UntilWritten("log");
        peers.Told.ShouldBe(["output full failed, and what is sent to it is dropped until 'output open full': /dev/full: No space left on device"]);
        (peers.Figures("full").Forwarded, peers.Figures("full").Dropped, peers.Figures("full").Waiting).ShouldBe((0ul, 5000ul, 0ul));
        peers.LinesOf("log").ShouldBe([.. Messages.Lines(5, 0, 5000)]);
    }

    [Fact]
    public async Task What_cannot_be_opened_says_why_and_can_be_opened_later()
    {
        await using var peers = new PeerHarness();
        peers.Create("log", OutputKind.File, peers.PathOf("folder/log"));
        (await Refused(peers, "log")).ShouldBe($"output log cannot be opened: {peers.PathOf("folder/log")}: No such file or directory");
        peers.Figures("log").State.ShouldBe(SinkState.NotOpened);
        Directory.CreateDirectory(peers.PathOf("folder"));
        await peers.Registry.OpenAsync("log", default).Soon();
        (await Refused(peers, "log")).ShouldBe("output log is open already");
        await peers.Registry.CloseAsync("log").Soon();
        (await Refused(peers, "log")).ShouldBe("output log is closed, for good: 'output create' makes another");
        (await Refused(peers, "other")).ShouldBe("there is no output other: 'output create other …' makes one");
        var listener = PeerHarness.Listen();
        var port = PeerHarness.PortOf(listener);
        listener.Stop();
        peers.Create("net", OutputKind.Tcp, "127.0.0.1", port);
        (await Refused(peers, "net")).ShouldBe($"output net cannot be opened: 127.0.0.1:{port}: Connection refused");
    }

    [Fact]
    public async Task A_listener_gets_every_line_and_then_the_end()
    {
        await using var peers = new PeerHarness();
        using var listener = PeerHarness.Listen();
        await peers.OpenAsync("net", OutputKind.Tcp, "127.0.0.1", PeerHarness.PortOf(listener));
        using var peer = await listener.AcceptTcpClientAsync();
        peers.Attach("net");
        var reading = new StreamReader(peer.GetStream()).ReadToEndAsync();
        peers.Send(0, 20_000);
        (await peers.Registry.CloseAsync("net").Soon()).ShouldBe(0ul);
        (await reading.Soon()).Split('\n')[..^1].ShouldBe([.. Messages.Lines(5, 0, 20_000)]);
        peers.Figures("net").Forwarded.ShouldBe(20_000ul);
    }

    [Fact]
    public async Task A_listener_that_talks_or_sends_its_end_is_sent_to_all_the_same()
    {
        await using var peers = new PeerHarness();
        using var listener = PeerHarness.Listen();
        await peers.OpenAsync("net", OutputKind.Tcp, "127.0.0.1", PeerHarness.PortOf(listener));
        using var peer = await listener.AcceptTcpClientAsync();
        peers.Attach("net");
        var stream = peer.GetStream();
        stream.Write(new byte[100_000]);
        peer.Client.Shutdown(SocketShutdown.Send);
        var reading = new StreamReader(stream).ReadToEndAsync();
        peers.Send(0, 1000);
        await peers.Registry.CloseAsync("net").Soon();
        (await reading.Soon()).Split('\n')[..^1].ShouldBe([.. Messages.Lines(5, 0, 1000)]);
    }

    [Fact]
    public async Task A_listener_that_goes_away_in_the_middle_is_told_once_and_can_be_connected_to_again()
    {
        await using var peers = new PeerHarness();
        var listener = PeerHarness.Listen();
        var port = PeerHarness.PortOf(listener);
        await peers.OpenAsync("net", OutputKind.Tcp, "127.0.0.1", port);
        await peers.OpenAsync("log", OutputKind.File);
        peers.Attach("net", "log");
        var sent = 0;
        using (var peer = await listener.AcceptTcpClientAsync())
        {
            peers.Send(0, sent = 2000);
            using var reader = new StreamReader(peer.GetStream());
            for (var tick = 0; tick < 1000; tick++)
            {
                (await reader.ReadLineAsync().Soon()).ShouldBe(Messages.Line(5, tick));
            }
        }

        listener.Stop();
        await Messages.Until(
            () =>
            {
                peers.Send(sent, 10);
                sent += 10;
                return peers.Figures("net").State == SinkState.Failed;
            },
            "the output fails");
        peers.Send(sent, 1000);
        sent += 1000;
        var failed = peers.Figures("net");
        failed.Forwarded.ShouldBeGreaterThanOrEqualTo(1000ul);
        failed.Dropped.ShouldBeGreaterThanOrEqualTo(1000ul);
        (failed.Forwarded + failed.Dropped, failed.Waiting).ShouldBe(((ulong)sent, 0ul));
        peers.Told.ShouldHaveSingleItem().ShouldStartWith("output net failed, and what is sent to it is dropped until 'output open net': ");

        using var successor = new TcpListener(IPAddress.Loopback, port);
        successor.Start();
        await peers.Registry.OpenAsync("net", default).Soon();
        using var again = await successor.AcceptTcpClientAsync();
        var reading = new StreamReader(again.GetStream()).ReadToEndAsync();
        peers.Send(sent, 500);
        await peers.Registry.CloseAsync("net").Soon();
        (await reading.Soon()).Split('\n')[..^1].ShouldBe([.. Messages.Lines(5, sent, 500)]);
        (peers.Figures("net").Forwarded, peers.Figures("net").Dropped).ShouldBe((failed.Forwarded + 500, failed.Dropped));
        await peers.Registry.CloseAsync("log").Soon();
        peers.LinesOf("log").ShouldBe([.. Messages.Lines(5, 0, sent + 500)]);
        peers.Told.Length.ShouldBe(1);
    }

    [Fact]
    public async Task A_connection_that_is_reset_is_told_without_anything_being_sent()
    {
        await using var peers = new PeerHarness();
        using var listener = PeerHarness.Listen();
        await peers.OpenAsync("net", OutputKind.Tcp, "127.0.0.1", PeerHarness.PortOf(listener));
        var peer = await listener.AcceptSocketAsync();
        peer.LingerState = new LingerOption(true, 0);
        peer.Close();
        await peers.UntilFailed("net");
        await Messages.Until(() => peers.Told.Length == 1, "it is told");
        peers.Told[0].ShouldEndWith("Connection reset by peer");
    }

    [Fact]
    public async Task A_listener_that_never_reads_holds_up_nothing_and_leaving_ends_in_time()
    {
        await using var peers = new PeerHarness(new SinkLimits { Flush = TimeSpan.FromMilliseconds(200), Bytes = 1 << 20 });
        using var listener = PeerHarness.Listen();
        await peers.OpenAsync("net", OutputKind.Tcp, "127.0.0.1", PeerHarness.PortOf(listener));
        using var peer = await listener.AcceptTcpClientAsync();
        await peers.OpenAsync("log", OutputKind.File);
        peers.Attach("net", "log");

        // More than both sockets' buffers and the queue hold.
        var bytes = new byte[60_000];
        var large = new BufferEvent(PeerHarness.Event, 0, 3, 0, 1, 0x1000, [.. bytes]);
        for (var i = 0; i < 500; i++)
        {
            peers.Registry.Take(large);
            await peers.UntilWritten("log");
        }

        peers.Figures("net").Dropped.ShouldBeGreaterThan(0ul);
        await peers.Registry.DisposeAsync().AsTask().Soon();
        var end = peers.Figures("net");
        (end.Forwarded + end.Dropped, end.Waiting).ShouldBe((500ul, 0ul));
        peers.Figures("log").Forwarded.ShouldBe(500ul);
        peers.LinesOf("log").ShouldAllBe(line => line.EndsWith(Convert.ToHexStringLower(bytes)));
        peers.Told.Length.ShouldBe(2);
        peers.Told[1].ShouldMatch("^output net was left with [0-9]+ messages that nobody took in time$");
    }

    private static async Task<string> Refused(PeerHarness peers, string name) =>
        (await Should.ThrowAsync<DebuggerException>(() => peers.Registry.OpenAsync(name, CancellationToken.None))).Message;
}
