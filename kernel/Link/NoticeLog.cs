using System;
using HvKernel.Protocol;

namespace HvKernel.Link;

/// <summary>Notices as lines of the log.</summary>
public static unsafe class NoticeLog
{
    private const int LineBytes = 128;

    /// <summary>One line about one event.</summary>
    /// <param name="log">The log; null: there is none.</param>
    /// <param name="eventId">The event.</param>
    /// <param name="kind">What happened.</param>
    /// <param name="name">The process, <see cref="LinkProtocol.NameBytes"/> bytes.</param>
    public static void Add(byte* log, uint eventId, EventNoticeKind kind, byte* name)
    {
        var buffer = stackalloc byte[LineBytes];
        TextWriter line = default;
        line.Initialize(buffer, LineBytes, log, &Send);
        line.Text("HvKernel: event "u8);
        line.Hex(eventId);
        line.Text(": "u8);
        line.ZeroEnded(name, LinkProtocol.NameBytes);
        line.Line(Words(kind));
    }

    private static ReadOnlySpan<byte> Words(EventNoticeKind kind) => kind switch
    {
        EventNoticeKind.ProcessExited => " ended"u8,
        EventNoticeKind.ExecFollowed => " runs another program"u8,
        EventNoticeKind.Parked => " is held"u8,
        EventNoticeKind.Released => " goes on"u8,
        EventNoticeKind.KernelHoldEnded => " was held back from the kernel for as long as is allowed"u8,
        _ => " sent a notice"u8,
    };

    private static void Send(void* log, byte* bytes, int count) => LogRing.Append((byte*)log, bytes, count);
}
