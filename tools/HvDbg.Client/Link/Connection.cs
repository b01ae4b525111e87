using System;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>
/// The link to one target: opens the line, opens it again when it breaks, shakes hands, and carries requests one at a time.
/// One at a time because the target keeps one reply: a request that is repeated is answered from it and not carried out twice.
/// </summary>
public sealed class Connection : IAsyncDisposable
{
    private readonly TransportOpener _open;
    private readonly LinkOptions _options;
    private readonly ILinkObserver _observer;
    private readonly LinkCounters _counters = new();
    private readonly SequenceTracker _sequences = new();
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _stateLock = new();
    private TaskCompletionSource<LinkSession> _up = NewSource();
    private LinkState _state = LinkState.Lost;
    private string _lastProblem = "nothing answered yet";
    private uint _sequence;
    private bool _bootInDoubt;
    private Task _running = Task.CompletedTask;

    public Connection(TransportOpener open, LinkOptions options, ILinkObserver observer)
    {
        _open = open;
        _options = options;
        _observer = observer;

        // A console that was killed may have left a reply in the target: a random start keeps its numbers and ours apart.
        _sequence = (uint)Random.Shared.NextInt64(1, uint.MaxValue);
    }

    public LinkStatistics Statistics => _counters.Snapshot();

    public LinkState State
    {
        get
        {
            lock (_stateLock)
            {
                return _state;
            }
        }
    }

    /// <summary>Opens the line and waits until the target has answered the handshake.</summary>
    /// <exception cref="LinkTimeoutException">It has not within <paramref name="timeout"/>.</exception>
    /// <exception cref="VersionMismatchException">It answered, and speaks another version.</exception>
    public async Task StartAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        _running = Task.WhenAll(Task.Run(RunAsync, CancellationToken.None), Task.Run(PollAsync, CancellationToken.None));
        try
        {
            await _up.Task.WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new LinkTimeoutException($"no target within {timeout.TotalSeconds:0.#} s: {_lastProblem}");
        }
    }

    /// <summary>
    /// Sends a request and waits for the reply to it. Where the line is down at the time, waits for it to come back first.
    /// </summary>
    /// <returns>The reply's payload, whatever its status.</returns>
    public async Task<byte[]> RequestAsync(
        MessageType type, ReadOnlyMemory<byte> payload, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var limit = timeout ?? _options.RequestTimeout;
        var clock = Stopwatch.StartNew();
        if (!await _oneAtATime.WaitAsync(limit, cancellationToken).ConfigureAwait(false))
        {
            throw new LinkTimeoutException($"the target does not answer ({type} waited {limit.TotalSeconds:0.#} s behind other requests)");
        }

        try
        {
            var session = await SessionAsync(limit - clock.Elapsed, cancellationToken).ConfigureAwait(false);
            var reply = await ExchangeAsync(session, type, payload, limit, cancellationToken).ConfigureAwait(false);
            SetState(LinkState.Up, "");
            return reply;
        }
        catch (LinkTimeoutException problem)
        {
            Volatile.Write(ref _bootInDoubt, true);
            if (State == LinkState.Up)
            {
                SetState(LinkState.Silent, problem.Message);
            }

            throw;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Called by the observer when it learns that the target was reset: its messages are numbered anew.</summary>
    public void ForgetSequence() => _sequences.Reset();

    /// <summary>Asks for another handshake soon, because something looked like a reset of the target.</summary>
    public void DoubtBoot() => Volatile.Write(ref _bootInDoubt, true);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        lock (_stateLock)
        {
            _up.TrySetException(new LinkLostException("the console left"));
            _ = _up.Task.Exception;
        }
    }

    /// <summary>What a Status report says about the target's own messages; called by the observer.</summary>
    internal void OnReport(uint nextSequence)
    {
        Interlocked.Add(ref _counters.LostMessages, _sequences.OnReport(nextSequence, _counters.Clock.Elapsed, out var wentBack));
        if (wentBack)
        {
            DoubtBoot();
        }
    }

    private byte[] Hello() => Wire.Bytes(new HelloRequest { ProtocolVersion = LinkProtocol.Version, Manner = _options.Manner });

    private static TaskCompletionSource<LinkSession> NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task<byte[]> ExchangeAsync(
        LinkSession session, MessageType type, ReadOnlyMemory<byte> payload, TimeSpan timeout, CancellationToken cancellationToken)
    {
        _sequence = QuietSequence.After(_sequence, type, payload.Span);
        return session.ExchangeAsync(type, _sequence, payload, timeout, cancellationToken);
    }

    private async Task<LinkSession> SessionAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task<LinkSession> up;
        lock (_stateLock)
        {
            up = _up.Task;
        }

        try
        {
            return await up.WaitAsync(timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new LinkLostException($"the line to the target is down: {_lastProblem}");
        }
    }

    private void SetState(LinkState state, string reason)
    {
        lock (_stateLock)
        {
            if (_state == state || _state == LinkState.Refused)
            {
                return;
            }

            _state = state;
        }

        _observer.OnLinkState(state, reason);
    }

    private async Task RunAsync()
    {
        var wasUp = false;
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                var transport = await _open(_closing.Token).ConfigureAwait(false);
                await using var session = new LinkSession(transport, _options, _counters, _observer, _sequences);
                _lastProblem = "the line is open, and nothing answers on it";
                await ShakeHandsAsync(session).ConfigureAwait(false);
                if (wasUp)
                {
                    Interlocked.Increment(ref _counters.Reconnects);
                }

                wasUp = true;
                _up.TrySetResult(session);
                SetState(LinkState.Up, "");
                var reason = await session.Ended.WaitAsync(_closing.Token).ConfigureAwait(false);
                throw reason;
            }
            catch (VersionMismatchException problem)
            {
                Refuse(problem);
                return;
            }
            catch (Exception problem) when (problem is IOException or SocketException or DebuggerException or OperationCanceledException)
            {
                _lastProblem = problem.Message;
                GoDown(problem.Message);
            }

            await Task.Delay(_options.ReconnectInterval, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void GoDown(string reason)
    {
        lock (_stateLock)
        {
            if (_up.Task.IsCompletedSuccessfully)
            {
                _up = NewSource();
            }
        }

        if (!_closing.IsCancellationRequested)
        {
            SetState(LinkState.Lost, reason);
        }
    }

    private void Refuse(VersionMismatchException problem)
    {
        lock (_stateLock)
        {
            if (_up.Task.IsCompleted)
            {
                _up = NewSource();
            }

            _up.TrySetException(problem);
            _ = _up.Task.Exception;
        }

        SetState(LinkState.Refused, problem.Message);
    }

    /// <summary>Says hello as long as it takes; then asks for the state, so that a stop from before is known.</summary>
    private async Task ShakeHandsAsync(LinkSession session)
    {
        var hello = Hello();
        while (true)
        {
            try
            {
                var reply = await ExchangeAsync(session, MessageType.Hello, hello, _options.RequestTimeout, _closing.Token)
                    .ConfigureAwait(false);
                CheckVersion(reply);
                await ExchangeAsync(session, MessageType.Status, default, _options.RequestTimeout, _closing.Token).ConfigureAwait(false);
                Volatile.Write(ref _bootInDoubt, false);
                return;
            }
            catch (LinkTimeoutException)
            {
                SetState(LinkState.Silent, _lastProblem);
            }
        }
    }

    private static void CheckVersion(byte[] reply)
    {
        // Only these two words keep their places in every version.
        var target = Wire.ReadWord(reply, 8, MessageType.Hello);
        if (target != LinkProtocol.Version)
        {
            throw new VersionMismatchException(LinkProtocol.Version, target);
        }
    }

    private async Task PollAsync()
    {
        if (_options.PollInterval <= TimeSpan.Zero)
        {
            return;
        }

        using var timer = new PeriodicTimer(_options.PollInterval);
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(_closing.Token).ConfigureAwait(false);
                await PollOnceAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task PollOnceAsync()
    {
        LinkSession session;
        lock (_stateLock)
        {
            if (!_up.Task.IsCompletedSuccessfully)
            {
                return;
            }

            session = _up.Task.Result;
        }

        // A request that is under way shows as well as this one would whether the target answers.
        if (!await _oneAtATime.WaitAsync(0, _closing.Token).ConfigureAwait(false))
        {
            return;
        }

        try
        {
            var limit = _options.FirstAttempt * 3;
            if (Volatile.Read(ref _bootInDoubt))
            {
                var hello = Hello();
                CheckVersion(await ExchangeAsync(session, MessageType.Hello, hello, limit, _closing.Token).ConfigureAwait(false));
                Volatile.Write(ref _bootInDoubt, false);
            }

            await ExchangeAsync(session, MessageType.Status, default, limit, _closing.Token).ConfigureAwait(false);
            SetState(LinkState.Up, "");
        }
        catch (LinkTimeoutException problem)
        {
            Volatile.Write(ref _bootInDoubt, true);
            SetState(LinkState.Silent, problem.Message);
        }
        catch (VersionMismatchException problem)
        {
            Refuse(problem);
        }
        catch (DebuggerException)
        {
            // The line broke: the loop that opens it again reports that.
        }
        finally
        {
            _oneAtATime.Release();
        }
    }
}
