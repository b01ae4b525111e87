using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace HvDbg.Forwarding;

/// <summary>The open end of an output. Used by one writer at a time.</summary>
internal interface IOutputPeer : IDisposable
{
    /// <summary>Ends with the reason when the other side is found gone while nothing is written; of most kinds never.</summary>
    Task<string> Gone { get; }

    /// <summary>Whether it waits for somebody to read; for lists.</summary>
    bool HasNoReader { get; }

    /// <summary>Writes some of the bytes, at least one, and waits as long as the other side takes none.</summary>
    /// <returns>How many were written.</returns>
    /// <exception cref="IOException">Nothing more can be written.</exception>
    ValueTask<int> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>Called behind the last write: nothing follows.</summary>
    /// <returns>How many of the messages that were written nobody can read any more.</returns>
    int Finish();
}
