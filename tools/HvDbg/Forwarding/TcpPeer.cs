using System;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace HvDbg.Forwarding;

/// <summary>
/// A listener that was connected to. What it sends is read and thrown away: a socket that is closed with something unread resets the
/// connection, and what it had sent itself could be lost.
/// </summary>
internal sealed class TcpPeer : IOutputPeer
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;

    private TcpPeer(Socket socket)
    {
        _socket = socket;
        Gone = WatchAsync();
    }

    public Task<string> Gone { get; }

    public bool HasNoReader => false;

    internal static async ValueTask<IOutputPeer> OpenAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConnectLimit);
        try
        {
            await socket.ConnectAsync(host, port, limit.Token).ConfigureAwait(false);
            return new TcpPeer(socket);
        }
        catch (SocketException problem)
        {
            socket.Dispose();
            throw new IOException($"{host}:{port}: {problem.Message}");
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException($"{host}:{port}: nobody answered within {ConnectLimit.TotalSeconds} s");
        }
    }

    public async ValueTask<int> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            return await _socket.SendAsync(data, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException problem)
        {
            throw new IOException(problem.Message);
        }
    }

    public int Finish()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // It was gone already.
        }

        return 0;
    }

    public void Dispose() => _socket.Dispose();

    private async Task<string> WatchAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (await _socket.ReceiveAsync(buffer).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (SocketException problem)
        {
            return problem.Message;
        }
        catch (ObjectDisposedException)
        {
            // Closed from this side.
        }

        // A peer that sends nothing more may read on: only writing finds out whether it does.
        return await new TaskCompletionSource<string>().Task.ConfigureAwait(false);
    }
}
