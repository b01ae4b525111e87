using System;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

public sealed partial class Debugger
{
    /// <summary>Whether the guest stands still, as far as the console knows.</summary>
    public bool IsStopped => _observer.State.Stop is not null;

    /// <summary>The halt, while the guest stands still.</summary>
    public StopEvent? CurrentStop => _observer.State.Stop;

    /// <summary>A queue of everything that arrives from now on.</summary>
    public EventSubscription Subscribe()
    {
        var subscription = new EventSubscription(this);
        _observer.Add(subscription);
        return subscription;
    }

    /// <summary>A queue of some of the events that arrive from now on, or of parts of them.</summary>
    /// <param name="select">
    /// What of an event is kept; null: nothing. Called for each as it arrives, in order, on the link's own thread, which it must not hold up.
    /// </param>
    public EventSubscription SubscribeTo(Func<TargetEvent, TargetEvent?> select)
    {
        var subscription = new EventSubscription(this, select);
        _observer.Add(subscription);
        return subscription;
    }

    /// <summary>Asks for the target's state now.</summary>
    public async Task<TargetStatus> GetStatusAsync(CancellationToken cancellationToken = default) =>
        StatusOf(await RequestAsync(MessageType.Status, default, cancellationToken).ConfigureAwait(false), MessageType.Status);

    /// <summary>Stops the guest, or leaves it stopped, and tells where it stands.</summary>
    /// <exception cref="TargetException"><see cref="ReplyStatus.ObserveOnly"/> where the console observes only; nothing is sent then.</exception>
    public async Task<StopEvent> PauseAsync(CancellationToken cancellationToken = default)
    {
        RequireStops(MessageType.Pause);
        var reply = await RequestAsync(MessageType.Pause, default, cancellationToken).ConfigureAwait(false);
        return StatusOf(reply, MessageType.Pause).Stop
            ?? await WaitForStopAsync(_options.RequestTimeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lets the guest go on, or leaves it running.</summary>
    public Task ContinueAsync(CancellationToken cancellationToken = default) =>
        RequestAsync(MessageType.Continue, default, cancellationToken);

    /// <summary>
    /// Waits until the guest stands still; at once where it does already. After <see cref="ContinueAsync"/> a stop that happened meanwhile
    /// is not missed.
    /// </summary>
    /// <exception cref="TimeoutException">It ran on for all of <paramref name="timeout"/>.</exception>
    public async Task<StopEvent> WaitForStopAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        while (true)
        {
            var (stop, changed) = _observer.State;
            if (stop is not null)
            {
                return stop;
            }

            try
            {
                await changed.WaitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"the guest did not stop within {timeout.TotalSeconds:0.#} s");
            }
        }
    }

    internal void Unsubscribe(EventSubscription subscription) => _observer.Remove(subscription);

    private void RequireStops(MessageType request)
    {
        if (Manner == AttachManner.Observer)
        {
            throw new TargetException(request, ReplyStatus.ObserveOnly, 0);
        }
    }

    private static TargetStatus StatusOf(byte[] reply, MessageType type)
    {
        var status = Wire.Read<StatusReply>(reply, type);
        return new TargetStatus(
            status.State,
            status.Events,
            status.Tick,
            status.Dropped,
            status.DamagedFrames,
            status.State == TargetState.Stopped ? StopEvent.Of(status.Stop) : null);
    }
}
