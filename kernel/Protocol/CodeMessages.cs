using System;
using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>How machine code is run.</summary>
public enum RunManner : byte
{
    /// <summary>
    /// In VMX root, without a limit of its own: for code that the console has proved to end and to do nothing privileged. Its final RET, where
    /// it has one, is not executed but replaced.
    /// </summary>
    Direct = 0,

    /// <summary>In a non-root context of its own, at CPL 3.</summary>
    Contained = 1,

    /// <summary>In VMX root at CPL 0, stepped against a time limit.</summary>
    Root = 2,
}

/// <summary>What the console's analysis found out about machine code.</summary>
[Flags]
public enum BlobFlags : byte
{
    None = 0,

    /// <summary>It may change x87, MMX, SSE or AVX state; without this bit that state is not saved (<see cref="RunManner.Direct"/> only).</summary>
    UsesVectorState = 1,

    /// <summary>It may access memory through GS; without this bit GS has no base that is of use (<see cref="RunManner.Direct"/> only).</summary>
    UsesGs = 2,

    /// <summary>
    /// It is a compiled script (<see cref="RunManner.Direct"/> only): it may call the gate, and finds its arguments as custom code does, as a condition too.
    /// </summary>
    Script = 4,
}

/// <summary>One piece of machine code in an <see cref="AddEventRequest"/>: condition, or the code of an action.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct BlobDescriptor
{
    /// <summary>Offset in the blob bytes: those staged before, followed by those behind the request's actions.</summary>
    public uint Offset;

    /// <summary>0: there is none.</summary>
    public uint Bytes;
    public RunManner Manner;
    public BlobFlags Flags;
    public ushort Reserved;
}

/// <summary>Request <see cref="MessageType.Stage"/>: bytes follow, which are laid at this offset of the staging area.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct StageRequest
{
    public uint Offset;
}

/// <summary>Names the condition of an event in <see cref="EventPartRequest"/> and <see cref="BlobFault"/>.</summary>
public static class EventPart
{
    public const uint Condition = 0xFFFF;
    public const uint Text = 0xFFFE;
}

/// <summary>Request <see cref="MessageType.ReadEventPart"/>: bytes of an event's code as it was given.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct EventPartRequest
{
    public uint EventId;

    /// <summary>Number of the action from 0, or an <see cref="EventPart"/>.</summary>
    public uint Part;
    public uint Offset;
}

/// <summary>Reply to <see cref="MessageType.ReadEventPart"/>; as many bytes as fit from the offset follow.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct EventPartReply
{
    public ReplyHeader Header;
    public EventAction Kind;

    /// <summary>Bytes of the whole part.</summary>
    public uint Bytes;
    public uint BufferBytes;
    public RunManner Manner;
    public BlobFlags Flags;
    public ushort Reserved;

    /// <summary>Guest-independent address at which the code stands while it runs.</summary>
    public ulong Address;

    /// <summary>Address of the safe buffer, or 0.</summary>
    public ulong Buffer;

    /// <summary>How often it ran to its end, failed, and returned a pointer that could not be read.</summary>
    public ulong Runs, Faults, InvalidPointers;

    /// <summary>Ticks spent in it.</summary>
    public ulong Ticks;
}

/// <summary>
/// Request <see cref="MessageType.RunCode"/>: runs machine code once, in the context of the stopped guest, as an action of no event.
/// The code follows. Changes to the guest's registers take effect unless <see cref="RunCodeFlags.KeepRegisters"/> is set.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct RunCodeRequest
{
    public RunManner Manner;
    public BlobFlags Flags;
    public RunCodeFlags Options;
    public byte Reserved;
    public uint BufferBytes;

    /// <summary>What the code finds in r8.</summary>
    public ulong Context;

    /// <summary>Bytes staged before that belong to the code, ahead of those that follow.</summary>
    public uint StagedBytes;

    /// <summary>Which processor runs it, with its guest's registers and tables; <see cref="LinkProtocol.All"/>: the one that serves the link.</summary>
    public uint Processor;
}

[Flags]
public enum RunCodeFlags : byte
{
    None = 0,

    /// <summary>What the code writes to GUEST_REGS is thrown away.</summary>
    KeepRegisters = 1,
}

/// <summary>Reply to <see cref="MessageType.RunCode"/>; the fault is all zeros where there was none. Bytes at the returned pointer follow, as many as fit of BufferBytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct RunCodeReply
{
    public ReplyHeader Header;
    public ulong Result;

    /// <summary>Ticks from entry to return.</summary>
    public ulong Ticks;
    public uint BufferBytes;
    public uint Reserved;
    public BlobFault Fault;
}
