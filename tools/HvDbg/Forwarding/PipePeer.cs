using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Win32.SafeHandles;

namespace HvDbg.Forwarding;

/// <summary>
/// A named pipe (FIFO). Its reader may come late, stop reading, leave, and come back: as long as this end stays open the kernel keeps what was
/// written and not read yet (pipe(7) says what a pipe without a reader answers: ENXIO when it is opened, EPIPE when it is written to).
/// </summary>
internal sealed class PipePeer : IOutputPeer
{
    private const int PollMilliseconds = 100;

    // Nothing tells a writer that a reader has come.
    private static readonly TimeSpan ReaderInterval = TimeSpan.FromMilliseconds(50);

    private readonly string _path;
    private SafeFileHandle? _handle;

    private PipePeer(string path) => _path = path;

    public Task<string> Gone { get; } = new TaskCompletionSource<string>().Task;

    public bool HasNoReader => _handle is not { IsClosed: false } handle || NativeFile.HasNoReader(handle);

    internal static PipePeer Open(string path)
    {
        var made = NativeFile.MakePipe(path);
        if (made is not (0 or NativeFile.AlreadyThere))
        {
            throw NativeFile.Problem(path, made);
        }

        var peer = new PipePeer(path);
        peer.Connect();
        return peer;
    }

    public async ValueTask<int> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_handle is null && !Connect())
            {
                await Task.Delay(ReaderInterval, cancellationToken).ConfigureAwait(false);
                continue;
            }

            var written = NativeFile.Write(_handle!, data.Span);
            switch (written)
            {
                case > 0:
                    return written;
                case -NativeFile.TryAgain:
                    NativeFile.WaitWritable(_handle!, PollMilliseconds);
                    break;
                case -NativeFile.BrokenPipe:
                    await Task.Delay(ReaderInterval, cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    throw NativeFile.Problem(_path, -written);
            }
        }
    }

    /// <summary>A reader that still waits for a writer is let go. What nobody reads any more ends with the pipe, and is counted.</summary>
    public int Finish()
    {
        if ((_handle is null && !Connect()) || !NativeFile.HasNoReader(_handle!))
        {
            return 0;
        }

        var (reading, _) = NativeFile.TryOpen(_path, NativeFile.ReadOnly | NativeFile.NonBlocking);
        using (reading)
        {
            var messages = 0;
            var buffer = new byte[1 << 16];
            while (reading is not null && NativeFile.Read(reading, buffer) is > 0 and var count)
            {
                messages += buffer.AsSpan(0, count).Count((byte)'\n');
            }

            return messages;
        }
    }

    public void Dispose() => _handle?.Dispose();

    private bool Connect()
    {
        var (handle, error) = NativeFile.TryOpen(_path, NativeFile.WriteOnly | NativeFile.NonBlocking);
        if (handle is null)
        {
            return error == NativeFile.NoSuchDevice ? false : throw NativeFile.Problem(_path, error);
        }

        if (NativeFile.CanSeek(handle))
        {
            handle.Dispose();
            throw new IOException($"{_path} is no named pipe: create the output with 'file'");
        }

        _handle = handle;
        return true;
    }
}
