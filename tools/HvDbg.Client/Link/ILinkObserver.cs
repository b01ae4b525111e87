using System;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>Whether the target can be reached.</summary>
public enum LinkState
{
    /// <summary>The line is open and the target answers.</summary>
    Up,

    /// <summary>The line is open and the target does not answer.</summary>
    Silent,

    /// <summary>The line broke; it is opened again as soon as that is possible.</summary>
    Lost,

    /// <summary>The target cannot be talked to (another protocol version): nothing is tried any more.</summary>
    Refused,
}

/// <summary>
/// Sees what arrives, in the order of arrival, before any request that waits for it goes on. Called on the link's own thread: answers must
/// be quick and may not wait for the link.
/// </summary>
public interface ILinkObserver
{
    /// <summary>A reply to a request of ours; the payload is valid during the call only.</summary>
    void OnReply(MessageType request, ReadOnlySpan<byte> payload);

    /// <summary>A message of the target's own.</summary>
    void OnMessage(MessageType type, ReadOnlySpan<byte> payload);

    /// <summary>A line of text outside frames.</summary>
    void OnText(string line);

    void OnLinkState(LinkState state, string reason);
}
