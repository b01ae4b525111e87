using System.Net;
using System.Net.Sockets;

namespace HvKernel.SerialRelay;

/// <summary>What the socket class has no word for.</summary>
internal static class Sockets
{
    // From <netinet/in.h> and <netinet/tcp.h>.
    private const int IpProtocolTcp = 6;
    private const int TcpQuickAck = 12;

    /// <exception cref="SocketException">With the address in the message.</exception>
    public static Socket Listen(EndPoint endpoint, string name)
    {
        var stream = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            stream.Bind(endpoint);
            stream.Listen(8);
            return stream;
        }
        catch (SocketException error)
        {
            stream.Dispose();
            throw new SocketException(error.ErrorCode, $"{name}: {error.Message}");
        }
    }

    /// <summary>
    /// Acknowledges what has come at once. An emulator sends byte by byte without TCP_NODELAY: each delayed acknowledgement would hold
    /// the line for 40 ms. The kernel forgets the option, so it is set again after each receive.
    /// </summary>
    public static void AcknowledgeNow(Socket socket)
    {
        if (System.OperatingSystem.IsLinux())
            socket.SetRawSocketOption(IpProtocolTcp, TcpQuickAck, [1, 0, 0, 0]);
    }
}
