using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;

namespace HvDbg.Client;

/// <summary>What kind of line an <see cref="Endpoint"/> names.</summary>
public enum EndpointKind
{
    Tcp,
    Unix,
    Serial,
}

/// <summary>
/// Where the target's line is: <c>tcp:HOST:PORT</c>, <c>unix:PATH</c>, or a serial device with its speed, <c>/dev/ttyS0,115200</c>.
/// </summary>
public sealed record Endpoint
{
    /// <summary>Speed of a serial device that is named without one.</summary>
    public const int DefaultBaud = 115200;

    private Endpoint(EndpointKind kind, string target, int number)
    {
        Kind = kind;
        Target = target;
        Number = number;
    }

    public EndpointKind Kind { get; }

    /// <summary>Host name, socket path or device path.</summary>
    public string Target { get; }

    /// <summary>TCP port, or bits a second of a serial device; 0 with a Unix socket.</summary>
    public int Number { get; }

    /// <summary>Reads an endpoint.</summary>
    /// <exception cref="FormatException">The text is none; the message says what was expected.</exception>
    public static Endpoint Parse(string text) =>
        TryParse(text, out var endpoint, out var problem) ? endpoint : throw new FormatException(problem);

    /// <summary>Reads an endpoint; where that fails <paramref name="problem"/> is one line that says what was expected.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Endpoint? endpoint, out string problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        endpoint = null;
        problem = "";
        if (text.StartsWith("tcp:", StringComparison.OrdinalIgnoreCase))
        {
            return TryParseTcp(text, out endpoint, out problem);
        }

        if (text.StartsWith("unix:", StringComparison.OrdinalIgnoreCase))
        {
            if (text.Length == 5)
            {
                problem = $"endpoint \"{text}\": expected unix:PATH, the path is missing";
                return false;
            }

            endpoint = new Endpoint(EndpointKind.Unix, text[5..], 0);
            return true;
        }

        return TryParseSerial(text, out endpoint, out problem);
    }

    /// <summary>Opens the line once.</summary>
    public async ValueTask<ITransport> OpenAsync(CancellationToken cancellationToken) => Kind switch
    {
        EndpointKind.Tcp => await SocketTransport.ConnectTcpAsync(Target, Number, cancellationToken).ConfigureAwait(false),
        EndpointKind.Unix => await SocketTransport.ConnectUnixAsync(Target, cancellationToken).ConfigureAwait(false),
        _ => SerialTransport.Open(Target, Number),
    };

    public override string ToString() => Kind switch
    {
        EndpointKind.Tcp => Target.Contains(':', StringComparison.Ordinal) ? $"tcp:[{Target}]:{Number}" : $"tcp:{Target}:{Number}",
        EndpointKind.Unix => $"unix:{Target}",
        _ => $"{Target},{Number}",
    };

    private static bool TryParseTcp(string text, [NotNullWhen(true)] out Endpoint? endpoint, out string problem)
    {
        endpoint = null;
        problem = "";
        var rest = text[4..];
        var colon = rest.LastIndexOf(':');
        if (colon <= 0
            || !int.TryParse(rest[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is 0 or > 65535)
        {
            problem = $"endpoint \"{text}\": expected tcp:HOST:PORT with a decimal port from 1 to 65535";
            return false;
        }

        endpoint = new Endpoint(EndpointKind.Tcp, rest[..colon].Trim('[', ']'), port);
        return true;
    }

    private static bool TryParseSerial(string text, [NotNullWhen(true)] out Endpoint? endpoint, out string problem)
    {
        endpoint = null;
        problem = "";
        var baud = DefaultBaud;
        var comma = text.LastIndexOf(',');
        var path = comma < 0 ? text : text[..comma];
        if (comma >= 0 && (!int.TryParse(text[(comma + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out baud)
            || !SerialTransport.IsSupported(baud)))
        {
            problem = $"endpoint \"{text}\": expected a line speed after the comma, one of {SerialTransport.SupportedSpeeds}";
            return false;
        }

        if (!path.StartsWith('/') && !path.StartsWith('.'))
        {
            problem = $"endpoint \"{text}\": expected tcp:HOST:PORT, unix:PATH or a device path like /dev/ttyS0,115200";
            return false;
        }

        endpoint = new Endpoint(EndpointKind.Serial, path, baud);
        return true;
    }
}
