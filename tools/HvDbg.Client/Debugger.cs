using System;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>
/// A machine that runs under HvKernel, seen from the console. Every request is a method; what the target tells on its own comes through
/// <see cref="Subscribe"/>. All methods may be called from any thread, while the guest runs or stands still, except where they say so.
/// They throw <see cref="TargetException"/> where the target refuses, <see cref="LinkTimeoutException"/> where it does not answer, and
/// <see cref="LinkLostException"/> where the line breaks under the request.
/// </summary>
public sealed partial class Debugger : IAsyncDisposable
{
    private readonly LinkOptions _options;
    private readonly Connection _connection;
    private readonly Observer _observer;

    private Debugger(TransportOpener open, LinkOptions options)
    {
        _options = options;
        _observer = new Observer(this);
        _connection = new Connection(open, options, _observer);
        Symbols = new GuestSymbols(this);
    }

    /// <summary>What the handshake told; changes when another boot of the target is met.</summary>
    public TargetInfo Target => _observer.Target ?? throw new InvalidOperationException("not attached");

    /// <summary>Symbols of the guest's kernel, asked for when needed and kept.</summary>
    public GuestSymbols Symbols { get; }

    /// <summary>Whether this console may stop the guest.</summary>
    public AttachManner Manner => _options.Manner;

    public LinkState LinkState => _connection.State;

    public LinkStatistics LinkStatistics => _connection.Statistics;

    /// <summary>
    /// The processor that requests mean which name none: the one that stopped the guest last, or the one chosen by setting this.
    /// </summary>
    public uint CurrentProcessor
    {
        get => _observer.CurrentProcessor;
        set => _observer.CurrentProcessor = value;
    }

    /// <summary>Attaches to <c>tcp:HOST:PORT</c>, <c>unix:PATH</c> or <c>DEVICE,BAUD</c>, waiting for the target to appear.</summary>
    /// <exception cref="FormatException">The endpoint is none.</exception>
    /// <exception cref="LinkTimeoutException">Nothing answered within <paramref name="timeout"/>.</exception>
    /// <exception cref="VersionMismatchException">The target speaks another version of the protocol.</exception>
    public static Task<Debugger> AttachAsync(string endpoint, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        AttachAsync(Endpoint.Parse(endpoint).OpenAsync, timeout, null, cancellationToken);

    /// <inheritdoc cref="AttachAsync(string, TimeSpan, CancellationToken)"/>
    public static Task<Debugger> AttachAsync(
        string endpoint, TimeSpan timeout, LinkOptions? options, CancellationToken cancellationToken = default) =>
        AttachAsync(Endpoint.Parse(endpoint).OpenAsync, timeout, options, cancellationToken);

    /// <summary>Attaches over any line.</summary>
    public static async Task<Debugger> AttachAsync(
        TransportOpener open, TimeSpan timeout, LinkOptions? options = null, CancellationToken cancellationToken = default)
    {
        var debugger = new Debugger(open, options ?? new LinkOptions());
        try
        {
            await debugger._connection.StartAsync(timeout, cancellationToken).ConfigureAwait(false);
            return debugger;
        }
        catch
        {
            await debugger.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Leaves the target as it is, with its events, running or stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        _observer.Complete();
    }

    /// <summary>Sends one request and takes a refusal for an exception.</summary>
    private async Task<byte[]> RequestAsync(
        MessageType type, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken, TimeSpan? timeout = null)
    {
        var reply = await _connection.RequestAsync(type, payload, timeout, cancellationToken).ConfigureAwait(false);
        var header = Wire.Read<ReplyHeader>(reply, type);
        return header.Status == ReplyStatus.Ok ? reply : throw new TargetException(type, header.Status, header.Detail);
    }

    /// <summary>Sends one request whose refusals carry more than a status.</summary>
    private async Task<(ReplyHeader Header, byte[] Payload)> AskAsync(
        MessageType type, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var reply = await _connection.RequestAsync(type, payload, null, cancellationToken).ConfigureAwait(false);
        return (Wire.Read<ReplyHeader>(reply, type), reply);
    }
}
