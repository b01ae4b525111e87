using System;

namespace HvDbg.Forwarding;

/// <summary>How much an output holds back for a slow peer, and how long it is waited for.</summary>
public sealed record SinkLimits
{
    /// <summary>Messages that wait in one output; what comes beyond them is dropped.</summary>
    public int Messages { get; init; } = 1 << 16;

    /// <summary>Bytes that wait in one output.</summary>
    public long Bytes { get; init; } = 32 << 20;

    /// <summary>How long closing an output, or leaving the console, waits for the peer to take what is left.</summary>
    public TimeSpan Flush { get; init; } = TimeSpan.FromSeconds(5);
}
