using System;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>How the console works with the target, and times of the link. The defaults suit a line of 115200 bits a second and an emulator on a busy machine.</summary>
public sealed record LinkOptions
{
    /// <summary>Whether breaks and pauses may stop the guest.</summary>
    public AttachManner Manner { get; init; } = AttachManner.Debugger;

    /// <summary>How long the first reply is waited for before the request is sent again; doubles with each attempt up to <see cref="LongestAttempt"/>.</summary>
    public TimeSpan FirstAttempt { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestAttempt { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>When a request is given up, all attempts together.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The same for requests that make the target search the guest's memory.</summary>
    public TimeSpan SearchTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often the target is asked for its state, so that a lost message about a stop is noticed.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the line must be silent before a frame that has begun is given up.</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Pause between two attempts to open the line.</summary>
    public TimeSpan ReconnectInterval { get; init; } = TimeSpan.FromMilliseconds(250);
}
