using System;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace HvDbg.Client;

/// <summary>A TCP or Unix stream socket, as emulators offer for their serial ports.</summary>
public sealed class SocketTransport : ITransport
{
    private readonly Socket _socket;

    /// <summary>Takes a connected socket, and closes it in the end.</summary>
    public SocketTransport(Socket socket) => _socket = socket;

    /// <summary>Connects once; a refused connection is a <see cref="SocketException"/>.</summary>
    public static async Task<SocketTransport> ConnectTcpAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return new SocketTransport(socket);
    }

    /// <summary>Connects once to a Unix socket.</summary>
    public static async Task<SocketTransport> ConnectUnixAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return new SocketTransport(socket);
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (data.Length > 0)
        {
            var sent = await _socket.SendAsync(data, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            data = data[sent..];
        }
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
