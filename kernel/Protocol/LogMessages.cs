using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>Which log is read.</summary>
public enum LogBoot : uint
{
    /// <summary>Of this boot.</summary>
    Current = 0,

    /// <summary>What the boot before has left, where memory kept it.</summary>
    Previous = 1,
}

/// <summary>Asks for a part of a log.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ReadLogRequest
{
    public LogBoot Boot;

    /// <summary>Bytes behind the oldest one.</summary>
    public uint Offset;
}

/// <summary>The part; its text follows. It ends where nothing follows.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ReadLogReply
{
    public ReplyHeader Header;

    /// <summary>Bytes that the log holds now.</summary>
    public uint Total;

    /// <summary>Bytes that follow.</summary>
    public uint Bytes;
}
