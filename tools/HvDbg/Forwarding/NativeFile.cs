using System;
using System.IO;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HvDbg.Forwarding;

/// <summary>
/// The C library's calls for files and named pipes, with the constants of Linux on x86-64: .NET's own way of opening a named pipe waits for
/// a reader without limit, and its streams do not tell how much of a failed write was carried out.
/// </summary>
internal static unsafe partial class NativeFile
{
    internal const int ReadOnly = 0;
    internal const int WriteOnly = 1;
    internal const int Create = 0x40;
    internal const int Append = 0x400;
    internal const int NonBlocking = 0x800;
    internal const int CloseOnExec = 0x80000;

    internal const int NoSuchFile = 2;
    internal const int NoSuchDevice = 6;
    internal const int TryAgain = 11;
    internal const int AlreadyThere = 17;
    internal const int BrokenPipe = 32;

    private const int Interrupted = 4;
    private const short PollOut = 4;
    private const short PollError = 8;
    private const int SeekCurrent = 1;

    /// <summary>Opens a file with mode <paramref name="mode"/> (octal 666, less the umask, unless told) where it is made.</summary>
    /// <returns>The descriptor, or the error's number.</returns>
    internal static (SafeFileHandle? Handle, int Error) TryOpen(string path, int flags, uint mode = 0x1B6)
    {
        int descriptor;
        do
        {
            descriptor = open(path, flags | CloseOnExec, mode);
        }
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        return descriptor < 0 ? (null, Marshal.GetLastPInvokeError()) : (new SafeFileHandle(descriptor, ownsHandle: true), 0);
    }

    /// <summary>Makes a named pipe that its owner alone can use: what goes through it are secrets of a machine.</summary>
    /// <returns>0, or the error's number.</returns>
    internal static int MakePipe(string path) => mkfifo(path, 0x180) < 0 ? Marshal.GetLastPInvokeError() : 0;

    /// <returns>The number of bytes written, or minus the error's number.</returns>
    internal static int Write(SafeFileHandle handle, ReadOnlySpan<byte> data)
    {
        nint written;
        fixed (byte* start = data)
        {
            do
            {
                written = write(handle, start, (nuint)data.Length);
            }
            while (written < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        }

        return written < 0 ? -Marshal.GetLastPInvokeError() : (int)written;
    }

    /// <returns>The number of bytes read, 0 at the end, or minus the error's number.</returns>
    internal static int Read(SafeFileHandle handle, Span<byte> data)
    {
        fixed (byte* start = data)
        {
            var count = read(handle, start, (nuint)data.Length);
            return count < 0 ? -Marshal.GetLastPInvokeError() : (int)count;
        }
    }

    /// <summary>Waits until something can be written, or for a time.</summary>
    internal static void WaitWritable(SafeFileHandle handle, int milliseconds) => Poll(handle, milliseconds);

    /// <summary>Whether nobody has the other end of a pipe open for reading.</summary>
    internal static bool HasNoReader(SafeFileHandle handle) => (Poll(handle, 0) & PollError) != 0;

    /// <summary>Whether it has a position, as files have and pipes do not.</summary>
    internal static bool CanSeek(SafeFileHandle handle) => lseek(handle, 0, SeekCurrent) >= 0;

    internal static IOException Problem(string path, int error) => new($"{path}: {Marshal.GetPInvokeErrorMessage(error)}");

    private static short Poll(SafeFileHandle handle, int milliseconds)
    {
        var request = new PollRequest { Descriptor = (int)handle.DangerousGetHandle(), Events = PollOut };
        _ = poll(&request, 1, milliseconds);
        return request.Returned;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle handle, byte* data, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle handle, byte* data, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(SafeFileHandle handle, long offset, int from);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollRequest* requests, nuint count, int milliseconds);

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }
}
