using System;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>One opened line: its read loop, and the one request that may be under way on it.</summary>
internal sealed class LinkSession : IFrameSink, IAsyncDisposable
{
    private static readonly TimeSpan ShortestAttempt = TimeSpan.FromMilliseconds(20);

    private readonly ITransport _transport;
    private readonly LinkOptions _options;
    private readonly LinkCounters _counters;
    private readonly ILinkObserver _observer;
    private readonly SequenceTracker _sequences;
    private readonly FrameDecoder _decoder = new();
    private readonly LineAssembler _text;
    private readonly CancellationTokenSource _closing = new();
    private Pending? _pending;

    internal LinkSession(
        ITransport transport, LinkOptions options, LinkCounters counters, ILinkObserver observer, SequenceTracker sequences)
    {
        _transport = transport;
        _options = options;
        _counters = counters;
        _observer = observer;
        _sequences = sequences;
        _text = new LineAssembler(observer.OnText);
        Ended = Task.Run(ReadLoopAsync);
    }

    /// <summary>Ends when the line is closed or broken; the result says why.</summary>
    internal Task<LinkLostException> Ended { get; }

    /// <summary>Sends a request and waits for its reply, sending it again with the same sequence number as long as none comes.</summary>
    internal async Task<byte[]> ExchangeAsync(
        MessageType type, uint sequence, ReadOnlyMemory<byte> payload, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var frame = MakeFrame(type, sequence, payload.Span);
        var pending = new Pending(type, sequence);
        Volatile.Write(ref _pending, pending);
        try
        {
            var clock = Stopwatch.StartNew();
            for (var wait = _options.FirstAttempt; ; wait = Shorter(wait * 2, _options.LongestAttempt))
            {
                await SendAsync(frame, cancellationToken).ConfigureAwait(false);
                Interlocked.Increment(ref _counters.FramesSent);
                var answered = await WaitAsync(pending, Shorter(wait, timeout - clock.Elapsed), cancellationToken).ConfigureAwait(false);
                if (answered)
                {
                    return await pending.Reply.Task.ConfigureAwait(false);
                }

                // A timer may fire a moment early; what is left then is no attempt of its own.
                if (timeout - clock.Elapsed < ShortestAttempt)
                {
                    throw new LinkTimeoutException($"the target does not answer ({type}, {timeout.TotalSeconds:0.#} s)");
                }

                Interlocked.Increment(ref _counters.Retries);
            }
        }
        finally
        {
            Volatile.Write(ref _pending, null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _transport.DisposeAsync().ConfigureAwait(false);
        await Ended.ConfigureAwait(false);
        _closing.Dispose();
    }

    void IFrameSink.OnFrame(MessageType type, uint sequence, ReadOnlySpan<byte> payload)
    {
        Interlocked.Increment(ref _counters.FramesReceived);
        if ((type & MessageType.ReplyBit) == 0)
        {
            // Stops, notices and faults go ahead of the records and buffers that wait in the target's queue.
            var overtakes = type is not (MessageType.Transitions or MessageType.BufferPart);
            Interlocked.Add(ref _counters.LostMessages, _sequences.OnMessage(sequence, overtakes, _counters.Clock.Elapsed));
            _observer.OnMessage(type, payload);
            return;
        }

        var pending = Volatile.Read(ref _pending);
        if (pending is null || pending.Sequence != sequence || pending.Type != (type & ~MessageType.ReplyBit) || pending.Reply.Task.IsCompleted)
        {
            Interlocked.Increment(ref _counters.LateReplies);
            return;
        }

        _observer.OnReply(pending.Type, payload);
        pending.Reply.TrySetResult(payload.ToArray());
    }

    void IFrameSink.OnStray(byte value) => _text.Add(value);

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    /// <summary>The bytes of a request as they go over the line.</summary>
    internal static unsafe byte[] MakeFrame(MessageType type, uint sequence, ReadOnlySpan<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, Frame.MaximumPayload);
        var frame = new byte[Frame.HeaderBytes + payload.Length + Frame.ChecksumBytes];
        payload.CopyTo(frame.AsSpan(Frame.HeaderBytes));
        fixed (byte* start = frame)
        {
            Frame.Seal(start, type, sequence, payload.Length);
        }

        return frame;
    }

    private async Task<bool> WaitAsync(Pending pending, TimeSpan time, CancellationToken cancellationToken)
    {
        if (time <= TimeSpan.Zero)
        {
            return pending.Reply.Task.IsCompleted;
        }

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = await Task.WhenAny(pending.Reply.Task, Ended, Task.Delay(time, enough.Token)).ConfigureAwait(false);
        await enough.CancelAsync().ConfigureAwait(false);
        if (first == pending.Reply.Task)
        {
            return true;
        }

        cancellationToken.ThrowIfCancellationRequested();
        return first == Ended ? throw await Ended.ConfigureAwait(false) : false;
    }

    private async Task SendAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        try
        {
            await _transport.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or SocketException or ObjectDisposedException)
        {
            throw new LinkLostException("the line to the target broke", problem);
        }
    }

    private async Task<LinkLostException> ReadLoopAsync()
    {
        var buffer = new byte[16384];
        try
        {
            while (true)
            {
                var reading = _transport.ReadAsync(buffer, _closing.Token).AsTask();
                if (_decoder.InFrame || _text.HasPartialLine)
                {
                    await EndUnfinishedAsync(reading).ConfigureAwait(false);
                }

                var count = await reading.ConfigureAwait(false);
                if (count == 0)
                {
                    EndUnfinished();
                    return new LinkLostException("the line to the target was closed");
                }

                Interlocked.Add(ref _counters.BytesReceived, count);
                var damagedBefore = _decoder.Damaged;
                _decoder.Feed(buffer.AsSpan(0, count), this);
                Interlocked.Add(ref _counters.Damaged, _decoder.Damaged - damagedBefore);
            }
        }
        catch (Exception problem) when (problem is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            return new LinkLostException("the line to the target broke", problem);
        }
    }

    private async Task EndUnfinishedAsync(Task<int> reading)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        var first = await Task.WhenAny(reading, Task.Delay(_options.Quiet, enough.Token)).ConfigureAwait(false);
        await enough.CancelAsync().ConfigureAwait(false);
        if (first != reading)
        {
            EndUnfinished();
        }
    }

    private void EndUnfinished()
    {
        var damagedBefore = _decoder.Damaged;
        _decoder.GiveUpUnfinished(this);
        _text.Flush();
        Interlocked.Add(ref _counters.Damaged, _decoder.Damaged - damagedBefore);
    }

    private sealed class Pending(MessageType type, uint sequence)
    {
        internal MessageType Type { get; } = type;

        internal uint Sequence { get; } = sequence;

        internal TaskCompletionSource<byte[]> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
