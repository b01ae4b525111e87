using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Win32.SafeHandles;

namespace HvDbg.Forwarding;

/// <summary>A file that is appended to. A device (a terminal, for instance) is written to as a file is.</summary>
internal sealed class FilePeer : IOutputPeer
{
    private const int PollMilliseconds = 100;

    private readonly SafeFileHandle _handle;
    private readonly string _path;

    private FilePeer(SafeFileHandle handle, string path)
    {
        _handle = handle;
        _path = path;
    }

    public Task<string> Gone { get; } = new TaskCompletionSource<string>().Task;

    public bool HasNoReader => false;

    internal static FilePeer Open(string path)
    {
        // Without O_NONBLOCK a path that turns out to be a named pipe would wait for its reader here.
        const int Flags = NativeFile.WriteOnly | NativeFile.Create | NativeFile.Append | NativeFile.NonBlocking;
        var (handle, error) = NativeFile.TryOpen(path, Flags);
        return handle is not null ? new FilePeer(handle, path)
            : error == NativeFile.NoSuchDevice ? throw new IOException($"{path} is a named pipe: create the output with 'namedpipe'")
            : throw NativeFile.Problem(path, error);
    }

    public ValueTask<int> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var written = NativeFile.Write(_handle, data.Span);
            if (written > 0)
            {
                return ValueTask.FromResult(written);
            }

            if (written != -NativeFile.TryAgain)
            {
                throw NativeFile.Problem(_path, -written);
            }

            NativeFile.WaitWritable(_handle, PollMilliseconds);
        }
    }

    public int Finish() => 0;

    public void Dispose() => _handle.Dispose();
}
