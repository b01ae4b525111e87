using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Client.Script.Code;
using HvDbg.Display;
using HvDbg.Output;
using HvKernel.Protocol;

namespace HvDbg.Session;

/// <summary>Shows what happens by itself, in order, and counts what <c>wait event</c> waits for. Only what was shown counts as happened.</summary>
public sealed class EventPump : IAsyncDisposable
{
    private readonly Debugger _debugger;
    private readonly IConsoleOutput _output;
    private readonly EventSubscription _subscription;
    private readonly ImageAnnotator _image;
    private readonly ScriptStore? _scripts;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _lock = new();
    private readonly Task _running;
    private TaskCompletionSource _progress = NewSource();
    private long _triggers;
    private ulong _lastStopTaken;
    private ulong _lastStopTick;
    private long _missedTold;
    private bool _busy;

    /// <param name="debugger">Where things happen.</param>
    /// <param name="output">Where they are shown.</param>
    /// <param name="scripts">By what messages of scripts are shown; null: raw.</param>
    /// <param name="select">What of them is shown, where not everything is; <see cref="Debugger.SubscribeTo"/>.</param>
    public EventPump(Debugger debugger, IConsoleOutput output, Func<TargetEvent, TargetEvent?>? select = null, ScriptStore? scripts = null)
    {
        _debugger = debugger;
        _output = output;
        _scripts = scripts;
        _image = new ImageAnnotator(debugger.Target.BuildId);
        _subscription = select is null ? debugger.Subscribe() : debugger.SubscribeTo(select);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Stops by events, transition records, buffers and failures of code that were shown or forwarded so far.</summary>
    public long Triggers => Interlocked.Read(ref _triggers);

    /// <summary>Waits until more than <paramref name="before"/> + <paramref name="count"/> − 1 triggers were shown.</summary>
    public Task<bool> WaitForTriggersAsync(long before, long count, TimeSpan timeout, CancellationToken cancellationToken) =>
        WaitUntilAsync(() => Triggers >= before + count, timeout, cancellationToken);

    /// <summary>Waits until a stop was shown.</summary>
    public Task<bool> WaitUntilShownAsync(StopEvent stop, TimeSpan timeout, CancellationToken cancellationToken) =>
        WaitUntilAsync(() => Interlocked.Read(ref _lastStopTick) >= stop.Tick, timeout, cancellationToken);

    /// <summary>Shows the stop that the console met when it attached. It counts: who waits for an event then has it already.</summary>
    public async Task ShowAsync(StopEvent stop)
    {
        await ShowAsync((TargetEvent)stop).ConfigureAwait(false);
        Count(stop);
    }

    /// <summary>Shows a message that was held back.</summary>
    public async Task ShowLateAsync(TargetEvent item)
    {
        await ShowAsync(item).ConfigureAwait(false);
        Count(item);
    }

    /// <summary>Counts triggers whose messages went elsewhere, and are not shown.</summary>
    public void CountForwarded(int count)
    {
        Interlocked.Add(ref _triggers, count);
        Progress();
    }

    /// <summary>Waits until everything that has arrived was shown, or for a second where that does not end.</summary>
    public Task<bool> DrainAsync(CancellationToken cancellationToken) =>
        WaitUntilAsync(() => _subscription.Reader.Count == 0 && !Volatile.Read(ref _busy), TimeSpan.FromSeconds(1), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _subscription.Dispose();
        _closing.Dispose();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<bool> WaitUntilAsync(Func<bool> reached, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            while (true)
            {
                Task progress;
                lock (_lock)
                {
                    progress = _progress.Task;
                }

                if (reached())
                {
                    return true;
                }

                await progress.WaitAsync(limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (await _subscription.Reader.WaitToReadAsync(_closing.Token).ConfigureAwait(false))
            {
                Volatile.Write(ref _busy, true);
                while (_subscription.Reader.TryRead(out var item))
                {
                    await ShowAsync(item).ConfigureAwait(false);
                    Count(item);
                    TellMissed();
                }

                Volatile.Write(ref _busy, false);
                Progress();
            }
        }
        catch (OperationCanceledException)
        {
            // The console leaves.
        }
    }

    private async Task ShowAsync(TargetEvent item)
    {
        if (item is StopEvent met && Interlocked.Exchange(ref _lastStopTaken, met.Tick) == met.Tick)
        {
            return;
        }

        try
        {
            foreach (var report in await RenderAsync(item).ConfigureAwait(false))
            {
                _output.Write(report);
            }
        }
        catch (DebuggerException) when (item is StopEvent stop)
        {
            // The names could not be asked for; the stop itself must be shown in any case.
            _output.Write(await StopDisplay.RenderAsync(stop, null, _closing.Token).ConfigureAwait(false));
        }
        catch (DebuggerException problem)
        {
            _output.Write(new Report([new OutputLine(problem.Message, LineStyle.Warning)], new() { ["type"] = "warning", ["message"] = problem.Message }));
        }
    }

    private async Task<IReadOnlyList<Report>> RenderAsync(TargetEvent item)
    {
        switch (item)
        {
            case ResetEvent:
                _scripts?.Forget();
                break;
            case PrintEvent { EventId: { } id } when _scripts is not null:
                await _scripts.FindAsync(id, _closing.Token).ConfigureAwait(false);
                break;
            case CodeFaultEvent fault when _scripts is not null && await ScriptOfAsync(fault).ConfigureAwait(false) is { } script:
                return [ScriptDisplay.Render(fault, script)];
        }

        return item is PrintEvent printed && _scripts is not null
            ? [ScriptDisplay.Render(printed, _scripts.Text(printed))]
            : await EventDisplay.RenderAsync(item, _debugger.Symbols, _image, _closing.Token).ConfigureAwait(false);
    }

    private async Task<CompiledScript?> ScriptOfAsync(CodeFaultEvent fault)
    {
        var scripts = await _scripts!.FindAsync(fault.EventId, _closing.Token).ConfigureAwait(false);

        // Other actions of the event may be code of another kind.
        return fault.Manner == RunManner.Direct && scripts?.Part(fault.Action) is { } script && script.Bytes.Length == (int)fault.CodeBytes ? script : null;
    }

    private void TellMissed()
    {
        var missed = _subscription.Missed;
        if (missed == _missedTold)
        {
            return;
        }

        var fresh = missed - _missedTold;
        _missedTold = missed;
        _output.Write(new Report(
            [new OutputLine($"{fresh} messages came faster than they could be shown, and were not", LineStyle.Warning)],
            new() { ["type"] = "missed", ["count"] = fresh, ["total"] = missed }));
    }

    private void Count(TargetEvent item)
    {
        switch (item)
        {
            case StopEvent stop:
                Interlocked.Exchange(ref _lastStopTick, stop.Tick);
                if (stop.Reason == StopReason.Event)
                {
                    Interlocked.Increment(ref _triggers);
                }

                break;
            case TransitionsEvent transitions:
                Interlocked.Add(ref _triggers, transitions.Transitions.Count);
                break;
            case BufferEvent or CodeFaultEvent or PrintEvent:
                Interlocked.Increment(ref _triggers);
                break;
            case ResetEvent:
                Interlocked.Exchange(ref _lastStopTick, 0);
                break;
            default:
                return;
        }

        Progress();
    }

    private void Progress()
    {
        lock (_lock)
        {
            _progress.TrySetResult();
            _progress = NewSource();
        }
    }
}
