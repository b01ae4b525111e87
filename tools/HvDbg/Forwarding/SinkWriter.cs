using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;

namespace HvDbg.Forwarding;

/// <summary>
/// Takes one output's messages to its peer, several at a time where several wait. Its <see cref="Sink"/> bounds the queue and keeps the
/// figures; a message counts as written when its last byte is.
/// </summary>
internal sealed class SinkWriter
{
    private const int BatchBytes = 1 << 15;

    // Behind the time for a flush: a peer whose write cannot be cancelled is left behind.
    private static readonly TimeSpan CancelLimit = TimeSpan.FromSeconds(1);

    private readonly Sink _sink;
    private readonly IOutputPeer _peer;
    private readonly Channel<byte[]> _queue = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _abandon = new();
    private readonly ArrayBufferWriter<byte> _batch = new(BatchBytes);
    private readonly Queue<int> _lengths = new();
    private readonly Task _running;
    private int _begun;
    private bool _failed;

    internal SinkWriter(Sink sink, IOutputPeer peer)
    {
        _sink = sink;
        _peer = peer;
        _running = Task.Run(RunAsync);
    }

    internal bool HasNoReader => _peer.HasNoReader;

    internal void Add(byte[] line) => _queue.Writer.TryWrite(line);

    /// <summary>Writes what is left, as long as the limit allows, and closes the peer.</summary>
    /// <returns>How many messages that count as written nobody can read any more.</returns>
    internal async Task<int> FinishAsync(TimeSpan limit)
    {
        _queue.Writer.TryComplete();
        if (await Task.WhenAny(_running, Task.Delay(limit)).ConfigureAwait(false) != _running)
        {
            await _abandon.CancelAsync().ConfigureAwait(false);
            if (await Task.WhenAny(_running, Task.Delay(CancelLimit)).ConfigureAwait(false) != _running)
            {
                return 0;
            }
        }

        try
        {
            return _failed ? 0 : _peer.Finish();
        }
        catch (IOException)
        {
            return 0;
        }
        finally
        {
            _peer.Dispose();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (await NextAsync().ConfigureAwait(false))
            {
                Fill();
                await WriteBatchAsync().ConfigureAwait(false);
            }
        }
        catch (IOException problem)
        {
            _failed = true;
            _queue.Writer.TryComplete();
            _sink.OnFailed(problem.Message);
            _peer.Dispose();
        }
        catch (OperationCanceledException)
        {
            // The output is closed, and its peer did not take the rest in time.
        }
    }

    /// <summary>Waits for a message; false where there will be none.</summary>
    private async Task<bool> NextAsync()
    {
        var next = _queue.Reader.WaitToReadAsync(CancellationToken.None);
        if (next.IsCompleted)
        {
            return await next.ConfigureAwait(false);
        }

        var waiting = next.AsTask();
        return await Task.WhenAny(waiting, _peer.Gone).ConfigureAwait(false) == waiting
            ? await waiting.ConfigureAwait(false)
            : throw new IOException(await _peer.Gone.ConfigureAwait(false));
    }

    private void Fill()
    {
        _batch.ResetWrittenCount();
        while (_batch.WrittenCount < BatchBytes && _queue.Reader.TryRead(out var line))
        {
            _batch.Write(line);
            _lengths.Enqueue(line.Length);
        }
    }

    private async Task WriteBatchAsync()
    {
        for (var rest = _batch.WrittenMemory; !rest.IsEmpty;)
        {
            var written = await _peer.WriteAsync(rest, _abandon.Token).ConfigureAwait(false);
            rest = rest[written..];
            Count(written);
        }
    }

    private void Count(int written)
    {
        var (messages, bytes) = (0, 0);
        _begun += written;
        while (_lengths.TryPeek(out var length) && _begun >= length)
        {
            _begun -= length;
            bytes += length;
            messages++;
            _lengths.Dequeue();
        }

        _sink.OnWritten(written, messages, bytes);
    }
}
