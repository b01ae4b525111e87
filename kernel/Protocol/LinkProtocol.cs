using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>Constants of the link that are no layout.</summary>
public static class LinkProtocol
{
    /// <summary>Both sides must have the same number; any change of a layout raises it.</summary>
    public const uint Version = 4;

    /// <summary>Names all processors in a request, and all events in <see cref="ModifyEventRequest"/>.</summary>
    public const uint All = 0xFFFF_FFFF;

    /// <summary>Bytes of a process name, filled with zeros.</summary>
    public const int NameBytes = 16;

    /// <summary>Most actions of one event.</summary>
    public const int MaximumActions = 8;

    /// <summary>Longest safe buffer, in bytes.</summary>
    public const int MaximumBuffer = 64 * 1024;

    /// <summary>Longest piece of machine code, in bytes.</summary>
    public const int MaximumCode = 16 * 1024;

    /// <summary>Longest text of a command that is kept with its event, in bytes.</summary>
    public const int MaximumText = 4096;

    /// <summary>Bytes of the staging area.</summary>
    public const int StagingBytes = 64 * 1024;

    /// <summary>Slots of <see cref="ExitCountersReply"/>: basic exit reasons 0 to 74 and room.</summary>
    public const int ExitReasonSlots = 80;
}

/// <summary>Start of every reply. Where the status is not <see cref="ReplyStatus.Ok"/> the rest may be missing.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ReplyHeader
{
    public ReplyStatus Status;

    /// <summary>What <see cref="Status"/> says about it; else 0.</summary>
    public uint Detail;
}
