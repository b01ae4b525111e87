using System;
using System.Threading;
using System.Threading.Tasks;

namespace HvDbg.Client;

/// <summary>A line to the target that carries bytes both ways. Reading and writing may go on at the same time.</summary>
public interface ITransport : IAsyncDisposable
{
    /// <summary>Waits for bytes. The answer is how many were put into <paramref name="buffer"/>; 0 means that the line is closed.</summary>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Sends all of <paramref name="data"/>.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken);
}

/// <summary>Opens a line; called again whenever the line was lost.</summary>
public delegate ValueTask<ITransport> TransportOpener(CancellationToken cancellationToken);
