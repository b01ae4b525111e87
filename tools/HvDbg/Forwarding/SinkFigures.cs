using HvDbg.Sinks;

namespace HvDbg.Forwarding;

/// <summary>An output as lists show it. Its messages are <c>Forwarded + Dropped + Waiting</c>, at any moment.</summary>
/// <param name="Id">Number from 0, in the order in which outputs were made.</param>
/// <param name="Name">Its name.</param>
/// <param name="Target">Where it goes.</param>
/// <param name="State">What it is doing.</param>
/// <param name="HasNoReader">Whether it is a named pipe that nobody has open for reading.</param>
/// <param name="Forwarded">Messages that were handed to the system whole.</param>
/// <param name="Bytes">Bytes that were handed to the system.</param>
/// <param name="Dropped">Messages that were lost: because the output was not open, or its queue was full.</param>
/// <param name="Waiting">Messages that are still to be written.</param>
public sealed record SinkFigures(
    int Id, string Name, OutputTarget Target, SinkState State, bool HasNoReader, ulong Forwarded, ulong Bytes, ulong Dropped, ulong Waiting)
{
    /// <summary>The state in words.</summary>
    public string StateName => State switch
    {
        SinkState.NotOpened => "not opened",
        SinkState.Open => HasNoReader ? "opened, no reader" : "opened",
        SinkState.Failed => "failed",
        _ => "closed",
    };
}
