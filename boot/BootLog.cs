using System;
using HvKernel.Link;
using HvKernel.Vmx;

namespace HvKernel.Boot;

/// <summary>Where boot text goes: the firmware's console, the debug line as soon as its UART is there, and the log that survives a reset.</summary>
public unsafe struct BootLog
{
    private const int LineBytes = 256;

    private Firmware _firmware;
    private Uart _uart;
    private byte* _ring;
    private fixed byte _line[LineBytes];

    public void Initialize(in Firmware firmware) => _firmware = firmware;

    /// <summary>From now on the debug line gets the text too.</summary>
    public void Attach(in Uart uart) => _uart = uart;

    /// <summary>From now on the log in memory gets the text too; null: there is none.</summary>
    public void AttachRing(byte* ring) => _ring = ring;

    public bool HasUart => _uart.Present;

    /// <summary>A writer whose lines begin with the program's name. The log must not move while it is used.</summary>
    public static TextWriter Open(BootLog* log)
    {
        TextWriter writer = default;
        writer.Initialize(log->_line, LineBytes, log, &Send);
        writer.Text("HvKernel: "u8);
        return writer;
    }

    /// <summary>One line of text.</summary>
    public static void Line(BootLog* log, ReadOnlySpan<byte> text)
    {
        var writer = Open(log);
        writer.Line(text);
    }

    private static void Send(void* context, byte* bytes, int count)
    {
        var log = (BootLog*)context;
        log->_firmware.Print(bytes, count);
        LogRing.Append(log->_ring, bytes, count);
        log->_uart.TransmitWaiting(bytes, count);
    }
}
