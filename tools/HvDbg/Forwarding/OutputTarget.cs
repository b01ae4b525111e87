using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace HvDbg.Forwarding;

/// <summary>The types of outputs.</summary>
public enum OutputKind
{
    File,
    NamedPipe,
    Tcp,
}

/// <summary>Where an output goes.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Place">Path of a file or named pipe; host of a TCP peer.</param>
/// <param name="Port">Port of a TCP peer, else 0.</param>
public sealed record OutputTarget(OutputKind Kind, string Place, int Port = 0)
{
    /// <summary>The word that commands use for the type.</summary>
    public string KindName => Kind switch
    {
        OutputKind.File => "file",
        OutputKind.NamedPipe => "namedpipe",
        _ => "tcp",
    };

    /// <summary>The path, or HOST:PORT.</summary>
    public string Shown => Kind != OutputKind.Tcp ? Place : Place.Contains(':', StringComparison.Ordinal) ? $"[{Place}]:{Port}" : $"{Place}:{Port}";

    /// <summary>Opens it: a file is made or appended to, a named pipe made where there is none, a TCP peer connected to.</summary>
    /// <exception cref="IOException">It cannot be opened; the message says why.</exception>
    internal ValueTask<IOutputPeer> OpenAsync(CancellationToken cancellationToken) => Kind switch
    {
        OutputKind.File => ValueTask.FromResult<IOutputPeer>(FilePeer.Open(Place)),
        OutputKind.NamedPipe => ValueTask.FromResult<IOutputPeer>(PipePeer.Open(Place)),
        _ => TcpPeer.OpenAsync(Place, Port, cancellationToken),
    };
}
