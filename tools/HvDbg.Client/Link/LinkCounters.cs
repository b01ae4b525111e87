using System.Diagnostics;
using System.Threading;

namespace HvDbg.Client;

/// <summary>The running figures behind <see cref="LinkStatistics"/>; they live longer than one opened line.</summary>
internal sealed class LinkCounters
{
    internal readonly Stopwatch Clock = Stopwatch.StartNew();
    internal long FramesSent;
    internal long FramesReceived;
    internal long BytesReceived;
    internal long Damaged;
    internal long Retries;
    internal long LateReplies;
    internal long LostMessages;
    internal long Reconnects;

    internal LinkStatistics Snapshot() => new()
    {
        FramesSent = Interlocked.Read(ref FramesSent),
        FramesReceived = Interlocked.Read(ref FramesReceived),
        BytesReceived = Interlocked.Read(ref BytesReceived),
        Damaged = Interlocked.Read(ref Damaged),
        Retries = Interlocked.Read(ref Retries),
        LateReplies = Interlocked.Read(ref LateReplies),
        LostMessages = Interlocked.Read(ref LostMessages),
        Reconnects = Interlocked.Read(ref Reconnects),
    };
}
