using System;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace HvKernel.SerialRelay;

/// <summary>What waits to be written to one console: bounded, and posting to it never blocks.</summary>
internal sealed class Outbox : IAsyncDisposable
{
    private const int MostBytes = 1 << 20;

    private readonly Stream stream;

    // Never disposed of: the target may post, and the emulator leave, just when the console does; it holds nothing that must be given back.
    private readonly SemaphoreSlim posted = new(0);
    private readonly Lock gate = new();
    private readonly Task writer;
    private byte[] filling = new byte[4096];
    private byte[] draining = new byte[4096];
    private int filled;
    private long dropped;
    private volatile bool finished;

    /// <param name="stream">The console; owned, and closed by <see cref="DisposeAsync"/>.</param>
    public Outbox(Stream stream)
    {
        this.stream = stream;
        writer = Task.Run(WriteAsync);
    }

    /// <summary>Bytes for the console. Dropped, all of them, when more than 1 MiB waits already.</summary>
    public void Post(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            if (filled + bytes.Length > MostBytes)
            {
                if (dropped == 0)
                    Console.Error.WriteLine("serial relay: the console does not read, bytes for it are dropped");
                dropped += bytes.Length;
                return;
            }
            if (filled + bytes.Length > filling.Length)
                Array.Resize(ref filling, Math.Max(filling.Length * 2, filled + bytes.Length));
            bytes.CopyTo(filling.AsSpan(filled));
            filled += bytes.Length;
        }
        posted.Release();
    }

    /// <summary>Lets the console have what waits for it, for at most that time.</summary>
    public async Task FinishAsync(TimeSpan atMost)
    {
        finished = true;
        posted.Release();
        await Task.WhenAny(writer, Task.Delay(atMost));
    }

    public async ValueTask DisposeAsync()
    {
        finished = true;
        posted.Release();
        await stream.DisposeAsync();
        await writer;
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                await posted.WaitAsync();
                int count;
                lock (gate)
                {
                    count = filled;
                    filled = 0;
                    (filling, draining) = (draining, filling);
                }
                if (count > 0)
                    await stream.WriteAsync(draining.AsMemory(0, count));
                else if (finished)
                    return;
            }
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
        {
            // The console left; its reader notices, and the next console gets an outbox of its own.
        }
    }
}
