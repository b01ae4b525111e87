using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>
/// Messages of one kind as they come, from the moment at which the stream was made on. It may be enumerated once, and ends when it or the
/// debugger is disposed, and where the machine is reset.
/// </summary>
/// <typeparam name="T">A <see cref="Transition"/>, <see cref="BufferEvent"/>, <see cref="CodeFaultEvent"/> or <see cref="NoticeEvent"/>.</typeparam>
public sealed class EventStream<T> : IAsyncEnumerable<T>, IDisposable
{
    private readonly EventSubscription _subscription;
    private readonly Func<TargetEvent, IReadOnlyList<T>> _unpack;

    internal EventStream(EventSubscription subscription, Func<TargetEvent, IReadOnlyList<T>> unpack)
    {
        _subscription = subscription;
        _unpack = unpack;
    }

    /// <summary>Messages that were thrown away because nobody took them; the bounds are those of <see cref="EventSubscription"/>.</summary>
    public long Missed => _subscription.Missed;

    public async IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        await foreach (var item in _subscription.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            if (item is ResetEvent)
            {
                yield break;
            }

            foreach (var message in _unpack(item))
            {
                yield return message;
            }
        }
    }

    public void Dispose() => _subscription.Dispose();
}

public sealed partial class Debugger
{
    /// <summary>Transitions that an event records (<see cref="EventAction.Log"/>), from now on.</summary>
    /// <param name="id">The event; null: all.</param>
    /// <param name="capacityBytes">Bytes that wait at most for a reader that does not keep up.</param>
    public EventStream<Transition> Transitions(uint? id = null, long capacityBytes = EventSubscription.CapacityBytes) => Stream(
        item => item is TransitionsEvent batch ? Only(batch, id) : null,
        item => ((TransitionsEvent)item).Transitions,
        capacityBytes);

    /// <summary>Buffers that an event's actions return pointers to, whole, from now on.</summary>
    /// <param name="id">The event; null: all.</param>
    /// <param name="capacityBytes">Bytes that wait at most for a reader that does not keep up.</param>
    public EventStream<BufferEvent> Buffers(uint? id = null, long capacityBytes = EventSubscription.CapacityBytes) =>
        Stream<BufferEvent>(item => id is null || item.EventId == id, capacityBytes);

    /// <summary>Failures of an event's code, from now on; there is at most one until the event is enabled again.</summary>
    /// <param name="id">The event; null: all.</param>
    /// <param name="capacityBytes">Bytes that wait at most for a reader that does not keep up.</param>
    public EventStream<CodeFaultEvent> Faults(uint? id = null, long capacityBytes = EventSubscription.CapacityBytes) =>
        Stream<CodeFaultEvent>(item => id is null || item.EventId == id, capacityBytes);

    /// <summary>What becomes of an event's process, from now on.</summary>
    /// <param name="id">The event; null: all.</param>
    /// <param name="capacityBytes">Bytes that wait at most for a reader that does not keep up.</param>
    public EventStream<NoticeEvent> Notices(uint? id = null, long capacityBytes = EventSubscription.CapacityBytes) =>
        Stream<NoticeEvent>(item => id is null || item.EventId == id, capacityBytes);

    private static TransitionsEvent? Only(TransitionsEvent batch, uint? id)
    {
        // Records carry the low half of the number only.
        if (id is not { } wanted)
        {
            return batch;
        }

        var matching = new List<Transition>();
        foreach (var transition in batch.Transitions)
        {
            if (transition.EventId == (ushort)wanted)
            {
                matching.Add(transition with { EventId = wanted });
            }
        }

        return matching.Count == 0 ? null : new TransitionsEvent(matching);
    }

    private EventStream<T> Stream<T>(Func<T, bool> wanted, long capacityBytes)
        where T : TargetEvent => Stream(item => item is T message && wanted(message) ? item : null, item => new[] { (T)item }, capacityBytes);

    private EventStream<T> Stream<T>(Func<TargetEvent, TargetEvent?> select, Func<TargetEvent, IReadOnlyList<T>> unpack, long capacityBytes)
    {
        var subscription = new EventSubscription(this, item => item is ResetEvent ? item : select(item), capacityBytes);
        _observer.Add(subscription);
        return new EventStream<T>(subscription, unpack);
    }
}
