using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Sinks;

namespace HvDbg.Forwarding;

/// <summary>
/// One output: its state and its figures. Offering it a message never waits, whatever its peer does; a <see cref="SinkWriter"/> of its own
/// takes the messages to the peer.
/// </summary>
internal sealed class Sink(int id, string name, OutputTarget target, SinkLimits limits, Action<Sink, string, string> report)
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _opening = new(1);
    private SinkWriter? _writer;
    private SinkState _state = SinkState.NotOpened;
    private bool _overflowTold;
    private ulong _forwarded;
    private ulong _bytes;
    private ulong _dropped;
    private ulong _waiting;
    private long _waitingBytes;

    internal string Name => name;

    internal SinkState State
    {
        get
        {
            lock (_lock)
            {
                return _state;
            }
        }
    }

    internal SinkFigures Figures
    {
        get
        {
            lock (_lock)
            {
                var noReader = _state == SinkState.Open && _writer!.HasNoReader;
                return new SinkFigures(id, name, target, _state, noReader, _forwarded, _bytes, _dropped, _waiting);
            }
        }
    }

    /// <summary>Takes a message, or counts it as dropped.</summary>
    /// <returns>Whether the output is open.</returns>
    internal bool Offer(byte[] line)
    {
        var tell = false;
        lock (_lock)
        {
            if (_state != SinkState.Open)
            {
                _dropped++;
                return false;
            }

            if (_waiting >= (ulong)limits.Messages || (_waiting > 0 && _waitingBytes + line.Length > limits.Bytes))
            {
                _dropped++;
                tell = !_overflowTold;
                _overflowTold = true;
            }
            else
            {
                _waiting++;
                _waitingBytes += line.Length;
                _writer!.Add(line);
            }
        }

        if (tell)
        {
            // The console may be slow, and the link's own thread must not wait for it.
            _ = Task.Run(() => report(this, "overflow", "takes messages more slowly than they come: some are dropped, which 'output' counts"));
        }

        return true;
    }

    /// <summary>Opens it, for the first time or after it failed.</summary>
    /// <exception cref="DebuggerException">It cannot be opened.</exception>
    internal async Task OpenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            CheckCanOpen();
            var peer = await target.OpenAsync(cancellationToken).ConfigureAwait(false);
            lock (_lock)
            {
                // Closed while this waited for a peer that answered late.
                if (_state == SinkState.Closed)
                {
                    peer.Dispose();
                    throw Closed();
                }

                _overflowTold = false;
                _state = SinkState.Open;
                _writer = new SinkWriter(this, peer);
            }
        }
        catch (IOException problem)
        {
            throw new DebuggerException($"output {name} cannot be opened: {problem.Message}");
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Closes it for good, after what waits was written or the time for that is over.</summary>
    /// <returns>How many of its messages were lost by closing it.</returns>
    internal async Task<ulong> CloseAsync()
    {
        SinkWriter? writer;
        lock (_lock)
        {
            writer = _state == SinkState.Open ? _writer : null;
            _state = SinkState.Closed;
        }

        if (writer is null)
        {
            return 0;
        }

        var unread = await writer.FinishAsync(limits.Flush).ConfigureAwait(false);
        lock (_lock)
        {
            var left = _waiting;
            DropWaiting();
            var taken = Math.Min((ulong)unread, _forwarded);
            _forwarded -= taken;
            _dropped += taken;
            return left + taken;
        }
    }

    /// <summary>Called by the writer: some bytes were written, and with them some messages became complete.</summary>
    internal void OnWritten(int bytes, int messages, int messageBytes)
    {
        lock (_lock)
        {
            _bytes += (ulong)bytes;
            _forwarded += (ulong)messages;
            _waiting -= (ulong)messages;
            _waitingBytes -= messageBytes;
        }
    }

    /// <summary>Called by the writer, at most once: nothing more can be written. What waited is lost.</summary>
    internal void OnFailed(string reason)
    {
        lock (_lock)
        {
            if (_state != SinkState.Open)
            {
                return;
            }

            _state = SinkState.Failed;
            DropWaiting();
        }

        report(this, "failed", $"failed, and what is sent to it is dropped until 'output open {name}': {reason}");
    }

    private void CheckCanOpen()
    {
        switch (State)
        {
            case SinkState.Open:
                throw new DebuggerException($"output {name} is open already");
            case SinkState.Closed:
                throw Closed();
        }
    }

    private DebuggerException Closed() => new($"output {name} is closed, for good: 'output create' makes another");

    private void DropWaiting()
    {
        _dropped += _waiting;
        _waiting = 0;
        _waitingBytes = 0;
    }
}
