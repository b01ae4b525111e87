using System;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace HvKernel.SerialRelay;

/// <summary>Where consoles come from: a TCP port, a Unix socket, or this process' own standard input and output.</summary>
internal abstract class ConsolePort : IDisposable
{
    /// <summary>The address as a console would give it; for port 0 the port that was chosen.</summary>
    public abstract string Address { get; }

    /// <summary>The next console, as a stream that is closed when it leaves. Null when there will be no other.</summary>
    public abstract Task<Stream?> AcceptAsync(CancellationToken cancel);

    public abstract void Dispose();

    /// <exception cref="FormatException">The text is none of <c>tcp:HOST:PORT</c>, <c>unix:PATH</c>, <c>stdio</c>.</exception>
    /// <exception cref="SocketException">The address cannot be listened on.</exception>
    public static ConsolePort Open(string text)
    {
        if (text == "stdio")
            return new StandardPort();
        if (text.StartsWith("unix:", StringComparison.Ordinal) && text.Length > 5)
            return SocketPort.OpenUnix(text[5..]);
        var colon = text.LastIndexOf(':');
        if (text.StartsWith("tcp:", StringComparison.Ordinal) && colon > 4
            && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return SocketPort.OpenTcp(text[4..colon], port);
        }
        throw new FormatException($"{text}: expected tcp:HOST:PORT, unix:PATH or stdio");
    }

    private sealed class StandardPort : ConsolePort
    {
        private bool taken;

        public override string Address => "stdio";

        public override Task<Stream?> AcceptAsync(CancellationToken cancel)
        {
            var first = !taken;
            taken = true;
            return Task.FromResult<Stream?>(first ? new StandardStream() : null);
        }

        public override void Dispose()
        {
        }
    }

    private sealed class SocketPort : ConsolePort
    {
        private readonly Socket listener;
        private readonly string? path;

        private SocketPort(Socket listener, string address, string? path)
        {
            this.listener = listener;
            this.path = path;
            Address = address;
        }

        public override string Address { get; }

        public static SocketPort OpenTcp(string host, ushort port)
        {
            IPAddress address;
            try
            {
                address = Dns.GetHostAddresses(host)[0];
            }
            catch (SocketException error)
            {
                throw new SocketException(error.ErrorCode, $"tcp:{host}:{port}: {error.Message}");
            }
            var listener = Sockets.Listen(new IPEndPoint(address, port), $"tcp:{host}:{port}");
            return new SocketPort(listener, $"tcp:{host}:{((IPEndPoint)listener.LocalEndPoint!).Port}", null);
        }

        public static SocketPort OpenUnix(string path)
        {
            var endpoint = new UnixDomainSocketEndPoint(path);
            if (File.Exists(path))
            {
                // Left behind by a relay that was killed? Then nobody answers.
                using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    probe.Connect(endpoint);
                    throw new FormatException($"unix:{path}: in use");
                }
                catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
                {
                    File.Delete(path);
                }
            }
            return new SocketPort(Sockets.Listen(endpoint, $"unix:{path}"), $"unix:{path}", path);
        }

        public override async Task<Stream?> AcceptAsync(CancellationToken cancel)
        {
            var socket = await listener.AcceptAsync(cancel);
            if (socket.AddressFamily != AddressFamily.Unix)
                socket.NoDelay = true;
            return new NetworkStream(socket, ownsSocket: true);
        }

        public override void Dispose()
        {
            listener.Dispose();
            if (path is not null)
                File.Delete(path);
        }
    }
}
