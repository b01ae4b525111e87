using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>Request <see cref="MessageType.ScriptLayout"/>: asks for the addresses that scripts are compiled for, and sets the clock of <c>$date</c> and <c>$time</c>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ScriptLayoutRequest
{
    /// <summary>The console's time: milliseconds since 1970-01-01 00:00 UTC.</summary>
    public ulong UnixMilliseconds;
}

/// <summary>Reply to <see cref="MessageType.ScriptLayout"/>: the same from launch to reset.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ScriptLayoutReply
{
    public ReplyHeader Header;

    /// <summary>Called with a <see cref="ScriptHelper"/> in eax.</summary>
    public ulong Gate;

    /// <summary>The global words, eight bytes each.</summary>
    public ulong Globals;

    /// <summary>Data of one run; the last <see cref="ScriptLimits.TextBytes"/> are the helpers'.</summary>
    public ulong Data;

    /// <summary>Addresses that belong to HvKernel while scripts run.</summary>
    public ulong WindowStart, WindowBytes;
    public uint GlobalCount;
    public uint DataBytes;

    /// <summary>Where safe buffers stand, which scripts may read and write.</summary>
    public ulong Buffers;
    public uint BufferBytes;
}

/// <summary>Reply to <see cref="MessageType.NameGlobal"/>, whose payload is the name, 1 to 31 bytes of UTF-8.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct NameGlobalReply
{
    public ReplyHeader Header;

    /// <summary>Its number: the word at this place of the globals.</summary>
    public uint Number;

    /// <summary>1 where no script has used the name before; the word is 0 then.</summary>
    public uint IsNew;
}

/// <summary>Row of <see cref="MessageType.ListGlobals"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct GlobalRow
{
    public ulong Value;
    public uint Number;
    public uint Reserved;
    public fixed byte Name[ScriptLimits.GlobalNameBytes];
}

/// <summary>
/// Head of one message of <see cref="MessageType.Print"/>: the raw arguments, which the console formats. <see cref="Arguments"/> words follow, then for each
/// argument that is a string a <see cref="PrintedString"/> and its bytes. Another head may follow in the same frame.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct PrintRecord
{
    /// <summary>The event, or <see cref="LinkProtocol.All"/> for a script that was run once.</summary>
    public uint EventId;

    /// <summary>Number of the action from 0, or <see cref="EventPart.Condition"/>.</summary>
    public ushort Part;
    public byte Context;
    public byte Processor;
    public ulong Tick;

    /// <summary>Two bits for each argument: 0 word, 1 string, 2 wide string, 3 double.</summary>
    public ulong Kinds;

    /// <summary>Number of the format in the script.</summary>
    public ushort Format;

    /// <summary>At most <see cref="ScriptLimits.PrintArguments"/>.</summary>
    public ushort Arguments;

    /// <summary>Bytes behind the words: the strings with their heads.</summary>
    public uint StringBytes;
}

/// <summary>Head of one string in a <see cref="PrintRecord"/>; its bytes follow, without the zero at their end.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct PrintedString
{
    public ushort Bytes;
    public PrintedStringEnd End;
}

/// <summary>Why a string that was sent ends where it does.</summary>
public enum PrintedStringEnd : ushort
{
    /// <summary>At its zero.</summary>
    Zero = 0,

    /// <summary>The message had no more room.</summary>
    Cut = 1,

    /// <summary>What follows cannot be read.</summary>
    Unreadable = 2,
}
