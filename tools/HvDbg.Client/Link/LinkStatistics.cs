namespace HvDbg.Client;

/// <summary>What went over the line since the console attached, as the console saw it.</summary>
public sealed record LinkStatistics
{
    public long FramesSent { get; init; }

    public long FramesReceived { get; init; }

    public long BytesReceived { get; init; }

    /// <summary>Frames that arrived damaged.</summary>
    public long Damaged { get; init; }

    /// <summary>Requests that were sent again because no reply came in time.</summary>
    public long Retries { get; init; }

    /// <summary>Replies that nobody waited for: late, or a second answer to a repeated request.</summary>
    public long LateReplies { get; init; }

    /// <summary>Messages of the target's own that never came, by gaps in their sequence: lost on the way, or dropped by the target.</summary>
    public long LostMessages { get; init; }

    /// <summary>Times that the line was lost and opened again.</summary>
    public long Reconnects { get; init; }
}
