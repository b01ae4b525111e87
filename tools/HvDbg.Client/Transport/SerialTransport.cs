using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace HvDbg.Client;

/// <summary>
/// A serial device in raw mode: 8 data bits, no parity, one stop bit, no flow control, modem lines ignored. Linux, through the C library.
/// </summary>
public sealed class SerialTransport : ITransport
{
    // A blocked read cannot be called back, so the line is looked at in steps of this length.
    private const int PollMilliseconds = 100;

    private static readonly SortedDictionary<int, uint> SpeedCodes = new()
    {
        [1200] = 0x9, [2400] = 0xB, [4800] = 0xC, [9600] = 0xD, [19200] = 0xE, [38400] = 0xF,
        [57600] = 0x1001, [115200] = 0x1002, [230400] = 0x1003, [460800] = 0x1004, [921600] = 0x1007,
    };

    private readonly string _path;
    private int _descriptor;

    private SerialTransport(string path, int descriptor)
    {
        _path = path;
        _descriptor = descriptor;
    }

    /// <summary>The speeds that can be asked for, for messages.</summary>
    public static string SupportedSpeeds => string.Join(", ", SpeedCodes.Keys);

    public static bool IsSupported(int baud) => SpeedCodes.ContainsKey(baud);

    /// <summary>Opens and sets up the device.</summary>
    /// <exception cref="IOException">The device cannot be opened or is no serial line.</exception>
    public static unsafe SerialTransport Open(string path, int baud)
    {
        var descriptor = LibC.Open(path, LibC.ReadWrite | LibC.NoControllingTerminal | LibC.CloseOnExec | LibC.NonBlocking);
        if (descriptor < 0)
        {
            throw Failure(path, "cannot be opened");
        }

        LibC.Termios settings;
        if (LibC.GetAttributes(descriptor, &settings) != 0)
        {
            var failure = Failure(path, "is no serial line");
            _ = LibC.Close(descriptor);
            throw failure;
        }

        LibC.MakeRaw(&settings);
        settings.ControlFlags = (settings.ControlFlags & ~(LibC.TwoStopBits | LibC.HardwareFlowControl | LibC.HangUpOnClose))
            | LibC.IgnoreModemLines | LibC.EnableReceiver;
        settings.ControlCharacters[LibC.MinimumBytes] = 0;
        settings.ControlCharacters[LibC.ReadTimer] = 0;
        if (LibC.SetSpeed(&settings, SpeedCodes[baud]) != 0 || LibC.SetAttributes(descriptor, 0, &settings) != 0)
        {
            var failure = Failure(path, $"refuses {baud} bits a second");
            _ = LibC.Close(descriptor);
            throw failure;
        }

        return new SerialTransport(path, descriptor);
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        new(Task.Run(() => Read(buffer.Span, cancellationToken), CancellationToken.None));

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        new(Task.Run(() => Write(data.Span, cancellationToken), CancellationToken.None));

    public ValueTask DisposeAsync()
    {
        var descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0)
        {
            _ = LibC.Close(descriptor);
        }

        return ValueTask.CompletedTask;
    }

    private unsafe int Read(Span<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var request = new LibC.PollRequest { Descriptor = _descriptor, Events = LibC.PollIn };
            if (request.Descriptor < 0)
            {
                return 0;
            }

            var ready = LibC.Poll(&request, 1, PollMilliseconds);
            if (ready <= 0)
            {
                continue;
            }

            fixed (byte* data = buffer)
            {
                var count = LibC.Read(_descriptor, data, (nuint)buffer.Length);
                if (count > 0)
                {
                    return (int)count;
                }

                if (count == 0 || Marshal.GetLastPInvokeError() is not (LibC.TryAgain or LibC.Interrupted))
                {
                    return 0;
                }
            }
        }
    }

    private unsafe void Write(ReadOnlySpan<byte> data, CancellationToken cancellationToken)
    {
        fixed (byte* start = data)
        {
            var sent = 0;
            while (sent < data.Length)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var count = LibC.Write(_descriptor, start + sent, (nuint)(data.Length - sent));
                if (count > 0)
                {
                    sent += (int)count;
                }
                else if (Marshal.GetLastPInvokeError() is LibC.TryAgain or LibC.Interrupted)
                {
                    var request = new LibC.PollRequest { Descriptor = _descriptor, Events = LibC.PollOut };
                    _ = LibC.Poll(&request, 1, PollMilliseconds);
                }
                else
                {
                    throw Failure(_path, "cannot be written");
                }
            }
        }
    }

    private static IOException Failure(string path, string what) =>
        new($"{path} {what}: {Marshal.GetLastPInvokeErrorMessage()}");
}
