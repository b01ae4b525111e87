using System;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using HvDbg.Client;

namespace HvDbg.Tests.Fake;

/// <summary>One end of a line in memory.</summary>
internal sealed class MemoryTransport : ITransport
{
    private readonly ChannelReader<byte[]> _incoming;
    private readonly ChannelWriter<byte[]> _outgoing;
    private ReadOnlyMemory<byte> _rest;

    private MemoryTransport(ChannelReader<byte[]> incoming, ChannelWriter<byte[]> outgoing)
    {
        _incoming = incoming;
        _outgoing = outgoing;
    }

    internal static (MemoryTransport Console, MemoryTransport Target) Pair()
    {
        var toTarget = Channel.CreateUnbounded<byte[]>();
        var toConsole = Channel.CreateUnbounded<byte[]>();
        return (new MemoryTransport(toConsole.Reader, toTarget.Writer), new MemoryTransport(toTarget.Reader, toConsole.Writer));
    }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_rest.IsEmpty)
        {
            if (!await _incoming.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return 0;
            }

            _incoming.TryRead(out var chunk);
            _rest = chunk;
        }

        var count = Math.Min(buffer.Length, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (!_outgoing.TryWrite(data.ToArray()))
        {
            throw new ObjectDisposedException(nameof(MemoryTransport));
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _outgoing.TryComplete();
        return ValueTask.CompletedTask;
    }
}
