using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.SerialRelay;
using Shouldly;
using Xunit;

namespace HvKernel.Launcher.Tests;

/// <summary>The emulator is the stream <c>target</c>; consoles come and go beside it.</summary>
public sealed class RelayTests
{
    /// <summary>For one step, so that a slow machine is not taken for a hang.</summary>
    private static CancellationToken Limit => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    public static TheoryData<string> Endpoints => new() { "tcp", "unix" };

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Consoles_come_and_go(string kind)
    {
        await using var bench = await Bench.StartAsync(kind);
        for (var i = 0; i < 30; i++)
        {
            await using var console = await bench.ConnectAsync();
            await console.WriteAsync(Text($"ask {i:00}"), Limit);
            (await ReadAsync(bench.Target, 6)).ShouldBe($"ask {i:00}");
            await bench.Target.WriteAsync(Text($"say {i:00}"), Limit);
            (await ReadAsync(console, 6)).ShouldBe($"say {i:00}");
        }
    }

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task A_second_console_is_refused_and_does_not_disturb(string kind)
    {
        await using var bench = await Bench.StartAsync(kind);
        await using var first = await bench.AttachAsync();
        await using (var second = await bench.ConnectAsync())
            (await second.ReadAsync(new byte[1], Limit)).ShouldBe(0);
        await bench.Target.WriteAsync(Text("still"), Limit);
        (await ReadAsync(first, 5)).ShouldBe("still");
    }

    [Fact]
    public async Task The_target_never_waits_for_anybody()
    {
        const int Flood = 16 << 20;
        await using var bench = await Bench.StartAsync("tcp");
        await bench.Target.WriteAsync(new byte[Flood], Limit);
        await using (await bench.AttachAsync())
            await bench.Target.WriteAsync(new byte[Flood], Limit);
        await using var next = await bench.AttachAsync();

        // What of the flood was still on its way when the second console came is its, and may fill the relay's queue: words that come then are lost. Whenever
        // that happens there is something to read, so they are said again until they are heard.
        var received = "";
        var chunk = new byte[64 * 1024];
        while (received.Length < 4)
        {
            await bench.Target.WriteAsync(Text("next"), Limit);
            var count = await next.ReadAsync(chunk, Limit);
            count.ShouldBeGreaterThan(0);
            received += Encoding.ASCII.GetString(chunk, 0, count).Trim('\0');
        }

        received.ShouldStartWith("next");
    }

    [Fact]
    public async Task Single_bytes_arrive_complete_and_in_order()
    {
        await using var bench = await Bench.StartAsync("tcp");
        await using var console = await bench.AttachAsync();
        var sent = new byte[20_000];
        new Random(1).NextBytes(sent);
        var sending = Task.Run(() =>
        {
            for (var i = 0; i < sent.Length; i++)
                bench.Target.Write(sent, i, 1);
        });
        var received = new byte[sent.Length];
        await console.ReadExactlyAsync(received, Limit);
        await sending;
        received.ShouldBe(sent);
    }

    [Fact]
    public async Task Last_words_reach_the_console_before_its_line_is_closed()
    {
        await using var bench = await Bench.StartAsync("tcp");
        await using var console = await bench.AttachAsync();
        await bench.Target.WriteAsync(Text("panic!"), Limit);
        await bench.Target.DisposeAsync();
        (await ReadAsync(console, 6)).ShouldBe("panic!");
        (await console.ReadAsync(new byte[1], Limit)).ShouldBe(0);
        await bench.Running.WaitAsync(Limit);
    }

    [Fact]
    public void A_socket_file_that_nobody_serves_is_taken_over_and_a_served_one_is_not()
    {
        var path = Path.Combine(Path.GetTempPath(), $"hvk-{Guid.NewGuid():N}");
        // Bound, and not listening: what a relay that was killed leaves behind looks the same to whoever connects.
        using var abandoned = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        abandoned.Bind(new UnixDomainSocketEndPoint(path));
        File.Exists(path).ShouldBeTrue();
        using (Line.Open($"unix:{path}"))
            Should.Throw<FormatException>(() => Line.Open($"unix:{path}")).Message.ShouldBe($"unix:{path}: in use");
        File.Exists(path).ShouldBeFalse();
    }

    [Theory]
    [InlineData("")]
    [InlineData("tcp:localhost")]
    [InlineData("tcp:localhost:65536")]
    [InlineData("unix:")]
    [InlineData("COM2")]
    public void A_bad_endpoint_is_named(string text) =>
        Should.Throw<FormatException>(() => Line.Open(text)).Message.ShouldStartWith($"{text}: expected tcp:HOST:PORT");

    private static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);

    private static async Task<string> ReadAsync(Stream stream, int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, Limit);
        return Encoding.ASCII.GetString(bytes);
    }

    private sealed class Bench : IAsyncDisposable
    {
        private readonly Line line;

        private Bench(Line line, Stream target, Task running)
        {
            this.line = line;
            Target = target;
            Running = running;
        }

        public Stream Target { get; }

        public Task Running { get; }

        public static async Task<Bench> StartAsync(string kind)
        {
            var line = Line.Open(kind == "tcp" ? "tcp:127.0.0.1:0" : $"unix:{Path.GetTempPath()}hvk-{Guid.NewGuid():N}");
            var running = line.RunAsync();
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, line.TargetPort, Limit);
            return new Bench(line, new NetworkStream(socket, ownsSocket: true), running);
        }

        public async Task<Stream> ConnectAsync()
        {
            Socket socket;
            if (line.Address.StartsWith("unix:", StringComparison.Ordinal))
            {
                socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(line.Address["unix:".Length..]), Limit);
            }
            else
            {
                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPEndPoint.Parse(line.Address["tcp:".Length..]), Limit);
            }
            return new NetworkStream(socket, ownsSocket: true);
        }

        /// <summary>A console that the relay has accepted: one byte has gone through.</summary>
        public async Task<Stream> AttachAsync()
        {
            var console = await ConnectAsync();
            await console.WriteAsync(Text("!"), Limit);
            (await ReadAsync(Target, 1)).ShouldBe("!");
            return console;
        }

        public async ValueTask DisposeAsync()
        {
            await Target.DisposeAsync();
            await Running.WaitAsync(Limit);
            line.Dispose();
        }
    }
}
