using System;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>Anything that goes wrong between the console and the target. Every message is one line, fit to be shown as it is.</summary>
public class DebuggerException : Exception
{
    public DebuggerException(string message)
        : base(message)
    {
    }

    public DebuggerException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}

/// <summary>The target did not answer a request, not even after it was sent again.</summary>
public sealed class LinkTimeoutException(string message) : DebuggerException(message);

/// <summary>The line broke. A request that was under way may have been carried out or not.</summary>
public sealed class LinkLostException(string message, Exception? inner = null) : DebuggerException(message, inner);

/// <summary>Console and target speak different versions of the protocol.</summary>
public sealed class VersionMismatchException(uint console, uint target)
    : DebuggerException($"the target speaks protocol version {target}, this console version {console}: use the console that was built with the target's image")
{
    public uint ConsoleVersion { get; } = console;

    public uint TargetVersion { get; } = target;
}

/// <summary>A reply was shorter than its layout or had impossible values.</summary>
public sealed class MalformedReplyException(string message) : DebuggerException(message);

/// <summary>The target refused a request.</summary>
public sealed class TargetException(MessageType request, ReplyStatus status, uint detail)
    : DebuggerException(RefusalText.Of(request, status, detail))
{
    public MessageType Request { get; } = request;

    public ReplyStatus Status { get; } = status;

    /// <summary>What <see cref="ReplyStatus"/> says about it.</summary>
    public uint Detail { get; } = detail;
}
