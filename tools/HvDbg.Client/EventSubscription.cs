using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;

namespace HvDbg.Client;

/// <summary>
/// A queue of the events that arrive from the moment of subscribing on. Bounded, in events and in bytes: a reader that does not keep up
/// loses the oldest, which <see cref="Missed"/> counts, and never holds up the link.
/// </summary>
public sealed class EventSubscription : IDisposable
{
    /// <summary>Events that one queue holds.</summary>
    public const int Capacity = 1 << 16;

    /// <summary>Bytes of buffers and records that one queue holds, where nothing else was asked for; one message always fits.</summary>
    public const long CapacityBytes = 64 << 20;

    private readonly Debugger _owner;
    private readonly Func<TargetEvent, TargetEvent?>? _select;
    private readonly long _capacityBytes;
    private readonly Channel<TargetEvent> _channel;
    private readonly WeighedReader _reader;
    private long _missed;

    internal EventSubscription(Debugger owner, Func<TargetEvent, TargetEvent?>? select = null, long capacityBytes = CapacityBytes)
    {
        _owner = owner;
        _select = select;
        _capacityBytes = capacityBytes;
        _channel = Channel.CreateUnbounded<TargetEvent>(new UnboundedChannelOptions { SingleWriter = true });
        _reader = new WeighedReader(_channel.Reader);
    }

    /// <summary>Events that were thrown away because nobody took them; each transition counts as one.</summary>
    public long Missed => Interlocked.Read(ref _missed);

    public ChannelReader<TargetEvent> Reader => _reader;

    /// <summary>All events as they come, until the subscription or the debugger is disposed.</summary>
    public IAsyncEnumerable<TargetEvent> ReadAllAsync(CancellationToken cancellationToken = default) => _reader.ReadAllAsync(cancellationToken);

    public void Dispose()
    {
        _owner.Unsubscribe(this);
        Complete();
    }

    internal void Publish(TargetEvent item)
    {
        var wanted = _select is null ? item : _select(item);
        if (wanted is null)
        {
            return;
        }

        var weight = WeighedReader.Weight(wanted);
        while (_reader.Count >= Capacity || (_reader.Count > 0 && _reader.Bytes + weight > _capacityBytes))
        {
            if (_reader.TryRead(out var oldest))
            {
                Interlocked.Add(ref _missed, Amount(oldest));
            }
        }

        _reader.Expect(weight);
        if (!_channel.Writer.TryWrite(wanted))
        {
            _reader.Expect(-weight);
        }
    }

    internal void Complete() => _channel.Writer.TryComplete();

    private static int Amount(TargetEvent item) => item is TransitionsEvent batch ? batch.Transitions.Count : 1;

    /// <summary>Follows how many bytes wait.</summary>
    private sealed class WeighedReader(ChannelReader<TargetEvent> inner) : ChannelReader<TargetEvent>
    {
        private long _bytes;

        public override bool CanCount => true;

        public override int Count => inner.Count;

        public override bool CanPeek => inner.CanPeek;

        public override Task Completion => inner.Completion;

        internal long Bytes => Interlocked.Read(ref _bytes);

        public override bool TryPeek([MaybeNullWhen(false)] out TargetEvent item) => inner.TryPeek(out item);

        public override bool TryRead([MaybeNullWhen(false)] out TargetEvent item)
        {
            if (!inner.TryRead(out item))
            {
                return false;
            }

            Interlocked.Add(ref _bytes, -Weight(item));
            return true;
        }

        public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => inner.WaitToReadAsync(cancellationToken);

        internal static int Weight(TargetEvent item) => item switch
        {
            BufferEvent buffer => buffer.Bytes.Length,
            TransitionsEvent batch => batch.Transitions.Count * 32,
            TextEvent text => text.Line.Length * 2,
            _ => 0,
        };

        internal void Expect(int weight) => Interlocked.Add(ref _bytes, weight);
    }
}
