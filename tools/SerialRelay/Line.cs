using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace HvKernel.SerialRelay;

/// <summary>
/// One serial line: the emulator (the target) on one side, at most one console on the other. Neither side can hold up the other:
/// what the target sends without a console, or to one that does not read, is discarded, and so is what a console sends to
/// a target that has not read for a second.
/// </summary>
internal sealed class Line : IDisposable
{
    private static readonly TimeSpan TargetPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(500);

    private readonly Socket targetListener;
    private readonly ConsolePort port;
    private Outbox? console;

    private Line(Socket targetListener, ConsolePort port)
    {
        this.targetListener = targetListener;
        this.port = port;
    }

    /// <summary>The loopback TCP port that the emulator connects to, once.</summary>
    public int TargetPort => ((IPEndPoint)targetListener.LocalEndPoint!).Port;

    public string Address => port.Address;

    /// <inheritdoc cref="ConsolePort.Open"/>
    public static Line Open(string endpoint)
    {
        var port = ConsolePort.Open(endpoint);
        return new Line(Sockets.Listen(new IPEndPoint(IPAddress.Loopback, 0), "the emulator's port"), port);
    }

    public void Dispose()
    {
        targetListener.Dispose();
        port.Dispose();
    }

    /// <summary>Relays until the emulator leaves; then what is on its way to the console is delivered, and the console's stream closed.</summary>
    public async Task RunAsync()
    {
        using var target = await targetListener.AcceptAsync();
        target.NoDelay = true;
        using var cancel = new CancellationTokenSource();
        var consoles = AcceptConsolesAsync(target, cancel.Token);
        await ReadTargetAsync(target);

        if (Volatile.Read(ref console) is { } last)
            await last.FinishAsync(TargetPatience);
        await cancel.CancelAsync();
        await consoles;
    }

    private async Task ReadTargetAsync(Socket target)
    {
        var buffer = new byte[4096];
        try
        {
            while (await target.ReceiveAsync(buffer) is var count and > 0)
            {
                Sockets.AcknowledgeNow(target);
                Volatile.Read(ref console)?.Post(buffer.AsSpan(0, count));
            }
        }
        catch (SocketException)
        {
            // The emulator was killed: its end is the end, like an orderly one.
        }
    }

    private async Task AcceptConsolesAsync(Socket target, CancellationToken cancel)
    {
        var session = Task.CompletedTask;
        try
        {
            while (await port.AcceptAsync(cancel) is { } stream)
            {
                // A console that was killed a moment ago is still being cleared away.
                await Task.WhenAny(session, Task.Delay(Farewell, cancel));
                if (!session.IsCompleted)
                {
                    // One at a time: two readers would tear each other's frames apart.
                    await stream.DisposeAsync();
                    continue;
                }
                var outbox = new Outbox(stream);
                Volatile.Write(ref console, outbox);
                session = ServeConsoleAsync(target, stream, outbox, cancel);
            }
        }
        catch (OperationCanceledException)
        {
            // The emulator left.
        }
        await session;
    }

    private async Task ServeConsoleAsync(Socket target, Stream stream, Outbox outbox, CancellationToken cancel)
    {
        var buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer, cancel) is var count and > 0)
                await SendToTargetAsync(target, buffer.AsMemory(0, count), cancel);
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
        {
            // The console was killed, or the emulator left.
        }
        Volatile.Write(ref console, null);
        await outbox.DisposeAsync();
    }

    private static async Task SendToTargetAsync(Socket target, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TargetPatience);
        try
        {
            while (bytes.Length > 0)
                bytes = bytes[await target.SendAsync(bytes, patience.Token)..];
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Megabytes are on their way already, and the guest does not read: a serial line would lose these bytes too.
        }
    }
}
