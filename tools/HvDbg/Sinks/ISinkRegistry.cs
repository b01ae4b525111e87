using System;
using System.Collections.Generic;

namespace HvDbg.Sinks;

/// <summary>What an output is doing.</summary>
public enum SinkState
{
    /// <summary>There is none of this name.</summary>
    Unknown,

    /// <summary>It was made and is not open yet: what is sent to it is lost until it is.</summary>
    NotOpened,

    Open,

    /// <summary>Nothing more can be written to it, until it is opened again.</summary>
    Failed,

    /// <summary>It was closed, for good.</summary>
    Closed,
}

/// <summary>The outputs that events can be forwarded to, by name; names are case-sensitive.</summary>
public interface ISinkRegistry
{
    /// <summary>What the output of a name is doing.</summary>
    SinkState StateOf(string name);

    /// <summary>
    /// Called before an event with outputs is registered: its first messages may come before its number is known. The answer is disposed
    /// when <see cref="Attach"/> was called, or the event was refused.
    /// </summary>
    IAsyncDisposable? Expect(IReadOnlyList<string> names) => null;

    /// <summary>Forwards an event's messages to these outputs from now on; called once, when the event was registered.</summary>
    void Attach(uint eventId, IReadOnlyList<string> names);
}

/// <summary>No outputs.</summary>
public sealed class NoSinks : ISinkRegistry
{
    public SinkState StateOf(string name) => SinkState.Unknown;

    public void Attach(uint eventId, IReadOnlyList<string> names)
    {
    }
}
