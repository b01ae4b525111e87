using System;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;

namespace HvDbg.Tests.Fake;

/// <summary>
/// A target without a machine: speaks the protocol by the rules of docs/protocol.md over lines in memory, with registers, memory, events,
/// processes and symbols that a test sets, and with the faults of a bad line.
/// </summary>
internal sealed class FakeTarget : IFrameSink
{
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly FrameDecoder _decoder = new();
    private ITransport? _line;
    private byte[]? _keptReply;
    private MessageType _keptType;
    private uint _keptSequence;

    internal FakeTarget()
    {
        Machine = new FakeMachine();
        Requests = new FakeRequests(this);
        Events = new FakeEvents(this);
        Steps = new FakeSteps(this);
    }

    internal FakeMachine Machine { get; }

    internal FakeRequests Requests { get; }

    internal FakeEvents Events { get; }

    internal FakeSteps Steps { get; }

    /// <summary>What the last handshake said.</summary>
    internal AttachManner? Manner { get; set; }

    /// <summary>Requests that were carried out, in order; repeated ones that were answered from the kept reply are not among them.</summary>
    internal List<MessageType> Executed { get; } = [];

    /// <summary>Frames with a right checksum that arrived, repeated ones too.</summary>
    internal int Received { get; private set; }

    /// <summary>Sequence number of the next message of the target's own.</summary>
    internal uint NextSequence { get; set; } = 1;

    /// <summary>What happens to a frame on its way to the console; the answer is what arrives, null nothing.</summary>
    internal Func<byte[], byte[]?> Line { get; set; } = frame => frame;

    /// <summary>Whether requests are read at all.</summary>
    internal bool Deaf { get; set; }

    /// <summary>Whether opening the line fails.</summary>
    internal bool Unreachable { get; set; }

    internal uint ProtocolVersion { get; set; } = LinkProtocol.Version;

    internal int Connections { get; private set; }

    internal int Damaged => (int)_decoder.Damaged;

    /// <summary>Options with times fit for tests.</summary>
    internal static LinkOptions FastOptions { get; } = new()
    {
        FirstAttempt = TimeSpan.FromMilliseconds(150),
        LongestAttempt = TimeSpan.FromMilliseconds(300),
        RequestTimeout = TimeSpan.FromSeconds(3),
        SearchTimeout = TimeSpan.FromSeconds(3),
        PollInterval = TimeSpan.FromMilliseconds(100),
        Quiet = TimeSpan.FromMilliseconds(50),
        ReconnectInterval = TimeSpan.FromMilliseconds(20),
    };

    internal ValueTask<ITransport> OpenAsync(CancellationToken cancellationToken)
    {
        if (Unreachable)
        {
            throw new System.IO.IOException("nobody listens");
        }

        var (console, target) = MemoryTransport.Pair();
        _line = target;
        Connections++;
        _ = Task.Run(() => ServeAsync(target), cancellationToken);
        return ValueTask.FromResult<ITransport>(console);
    }

    /// <summary>Listens at a Unix socket until the token ends it, for one console at a time.</summary>
    internal void Listen(string path, CancellationToken cancellationToken)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        _ = Task.Run(
            async () =>
            {
                using (listener)
                {
                    while (true)
                    {
                        var line = new SocketTransport(await listener.AcceptAsync(cancellationToken));
                        _line = line;
                        Connections++;
                        await ServeAsync(line);
                    }
                }
            },
            cancellationToken);
    }

    internal Task<Debugger> AttachAsync(LinkOptions? options = null) =>
        Debugger.AttachAsync(OpenAsync, TimeSpan.FromSeconds(10), options ?? FastOptions);

    /// <summary>Breaks the line.</summary>
    internal ValueTask HangUpAsync() => _line!.DisposeAsync();

    /// <summary>Resets the machine: its memory stays as it is, its clock and numbers begin anew.</summary>
    internal void Reset()
    {
        lock (_lock)
        {
            Machine.Boot();
            Events.Forget();
            NextSequence = 1;
            _keptReply = null;
        }
    }

    /// <summary>Sends a message of the target's own.</summary>
    internal void Send<T>(MessageType type, T payload)
        where T : unmanaged => Send(type, Wire.Bytes(payload));

    internal void Send(MessageType type, byte[] payload)
    {
        lock (_lock)
        {
            Transmit(Frames.Make(type, NextSequence++, payload));
        }
    }

    internal void SendText(string text) => SendRaw(Encoding.ASCII.GetBytes(text));

    /// <summary>Puts bytes on the line as they are.</summary>
    internal void SendRaw(byte[] bytes) => _line?.WriteAsync(bytes, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    /// <summary>Puts bytes on the line to the target, behind the console's back.</summary>
    internal void Inject(byte[] bytes)
    {
        lock (_lock)
        {
            _decoder.Feed(bytes, this);
        }
    }

    /// <summary>Stops the guest by itself, with a message about it.</summary>
    internal void Stop(StopReason reason, uint eventId = 0, byte context = 0, uint processor = 0)
    {
        lock (_lock)
        {
            Machine.Stop(reason, eventId, context, processor);
            Transmit(Frames.Make(MessageType.Stopped, NextSequence++, Wire.Bytes(Machine.StopInfo)));
        }
    }

    void IFrameSink.OnFrame(MessageType type, uint sequence, ReadOnlySpan<byte> payload)
    {
        Received++;
        if (_keptReply is { } kept && _keptSequence == sequence && _keptType == type && type != MessageType.Hello)
        {
            Transmit(kept);
            return;
        }

        Executed.Add(type);
        Steps.Ending = null;
        var reply = Frames.Make(type | MessageType.ReplyBit, sequence, Requests.Handle(type, payload));
        (_keptReply, _keptSequence, _keptType) = (type == MessageType.Hello ? null : reply, sequence, type);
        Transmit(reply);
        Steps.Ending?.Invoke();
    }

    void IFrameSink.OnStray(byte value)
    {
    }

    private void Transmit(byte[] frame)
    {
        if (Line(frame) is { } arrives)
        {
            SendRaw(arrives);
        }
    }

    private async Task ServeAsync(ITransport line)
    {
        var buffer = new byte[4096];
        var last = DateTime.UtcNow;
        try
        {
            while (await line.ReadAsync(buffer, CancellationToken.None).ConfigureAwait(false) is > 0 and var count)
            {
                lock (_lock)
                {
                    // A frame whose rest did not come for as long is given up.
                    if (DateTime.UtcNow - last > Silence)
                    {
                        _decoder.GiveUpUnfinished(this);
                    }

                    last = DateTime.UtcNow;
                    if (!Deaf)
                    {
                        _decoder.Feed(buffer.AsSpan(0, count), this);
                    }
                }
            }
        }
        catch (Exception problem) when (problem is ObjectDisposedException or SocketException)
        {
            // The console hung up while a reply was on its way.
        }

        await line.DisposeAsync().ConfigureAwait(false);
    }
}
