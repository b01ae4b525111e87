using System;
using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>Type numbers of events, in the order of the manual's enumeration.</summary>
public enum EventType : uint
{
    TrapExecutionModeChanged = 25,
}

/// <summary>Which transitions an event wants: the manual's OptionalParam1.</summary>
public enum ModeTrapDirection : uint
{
    /// <summary>User to kernel.</summary>
    Kernel = 0,

    /// <summary>Both.</summary>
    UserAndKernel = 1,

    /// <summary>Kernel to user.</summary>
    User = 3,
}

/// <summary>How an event names its process.</summary>
public enum ProcessKeyKind : uint
{
    /// <summary>Process id, as the guest's own tools show it.</summary>
    Pid = 0,

    /// <summary>A CR3 value of the process.</summary>
    Cr3 = 1,
}

/// <summary>What one action of an event does; the first three are the manual's numbers.</summary>
public enum EventAction : uint
{
    /// <summary>Stop the guest and hand control to the console.</summary>
    Break = 0,

    /// <summary>Run a compiled script.</summary>
    Script = 1,

    /// <summary>Run machine code.</summary>
    CustomCode = 2,

    /// <summary>Send one record for each transition.</summary>
    Log = 3,

    /// <summary>Count only.</summary>
    Count = 4,
}

/// <summary>What holds for an event as a whole.</summary>
[Flags]
public enum EventFlags : uint
{
    None = 0,

    /// <summary>The transition does not take effect unless an action decides otherwise (<c>sc on</c>).</summary>
    ShortCircuit = 1,

    /// <summary>Messages are collected and sent when a frame is full, on a timer, and on a halt (<c>imm no</c>).</summary>
    Collect = 2,
}

/// <summary>One action in an <see cref="AddEventRequest"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ActionDescriptor
{
    public EventAction Kind;

    /// <summary>Bytes of its safe buffer, at most <see cref="LinkProtocol.MaximumBuffer"/>; 0: none.</summary>
    public uint BufferBytes;
    public BlobDescriptor Code;
}

/// <summary>
/// Request <see cref="MessageType.AddEvent"/>. <see cref="Actions"/> times <see cref="ActionDescriptor"/> follow, then blob bytes.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct AddEventRequest
{
    public EventType Type;
    public ModeTrapDirection Direction;
    public EventFlags Flags;

    /// <summary>A processor number, or <see cref="LinkProtocol.All"/>.</summary>
    public uint Processor;
    public ProcessKeyKind KeyKind;

    /// <summary>Actions that follow, at most <see cref="LinkProtocol.MaximumActions"/>; with none the event never triggers.</summary>
    public uint Actions;

    /// <summary>Pid or CR3 value.</summary>
    public ulong Key;

    /// <summary>Bytes staged by <see cref="MessageType.Stage"/> that belong to this request, ahead of those it carries itself.</summary>
    public uint StagedBytes;

    /// <summary>The user's text of the command, UTF-8, among the blob bytes, at most <see cref="LinkProtocol.MaximumText"/>.</summary>
    public uint TextOffset;
    public uint TextBytes;
    public uint Reserved;
    public BlobDescriptor Condition;
}

/// <summary>Reply to <see cref="MessageType.AddEvent"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct AddEventReply
{
    public ReplyHeader Header;
    public uint EventId;

    /// <summary>1 where this event switched the trap on, 0 where it had been activated before.</summary>
    public uint Activated;
    public fixed byte Name[LinkProtocol.NameBytes];
}

/// <summary>What to do with an event.</summary>
public enum EventOperation : uint
{
    Enable = 0,
    Disable = 1,
    Clear = 2,

    /// <summary>Short-circuit from now on (<c>sc on</c>); an episode that is under way is not changed by it.</summary>
    ShortCircuitOn = 3,

    /// <summary>Short-circuit no longer (<c>sc off</c>); ends an episode that is under way.</summary>
    ShortCircuitOff = 4,
}

/// <summary>Request <see cref="MessageType.ModifyEvent"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ModifyEventRequest
{
    /// <summary>An event's number, or <see cref="LinkProtocol.All"/>.</summary>
    public uint EventId;
    public EventOperation Operation;
}

/// <summary>Where a watched process is in its life.</summary>
public enum WatchState : byte
{
    /// <summary>The process exists and its transitions are caught.</summary>
    Armed = 0,

    /// <summary>The process ended; the event stays listed and never triggers again.</summary>
    ProcessExited = 1,
}

/// <summary>What an event is doing besides being enabled or disabled.</summary>
[Flags]
public enum EventCondition : ushort
{
    None = 0,

    /// <summary>Disabled because its code failed.</summary>
    Faulted = 1,

    /// <summary>Its process is held at the edge of user mode.</summary>
    Parked = 2,

    /// <summary>It held the kernel for as long as it may, and does so no more.</summary>
    HoldSpent = 4,

    /// <summary>Inside the target only: it holds the kernel now.</summary>
    Holding = 0x4000,

    /// <summary>Inside the target only: it asks that the transition under way shall not take effect.</summary>
    Asked = 0x8000,
}

/// <summary>Row of <see cref="MessageType.ListEvents"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct EventRow
{
    public uint Id;
    public EventType Type;
    public ModeTrapDirection Direction;
    public EventFlags Flags;
    public uint Processor;
    public ProcessKeyKind KeyKind;
    public ulong Key;
    public byte Enabled;
    public WatchState State;
    public EventCondition Condition;
    public fixed byte Name[LinkProtocol.NameBytes];

    /// <summary>Actions, and the kind of the first of them.</summary>
    public ushort Actions;
    public ushort FirstAction;

    /// <summary>Bytes of its condition's code, and of the user's text of it.</summary>
    public uint ConditionBytes;
    public uint TextBytes;

    /// <summary>Times that it triggered: user mode was reached, and the kernel. Transitions whose condition was false do not count here.</summary>
    public ulong UserReached, KernelReached;

    /// <summary>Transitions whose condition was false.</summary>
    public ulong ConditionFalse;

    /// <summary>Transitions that did not take effect: episodes, not attempts.</summary>
    public ulong ShortCircuited;

    /// <summary>Ticks spent in its condition and actions.</summary>
    public ulong ActionTicks;

    /// <summary>Records and buffers handed to the link, and those lost because the queue was full.</summary>
    public ulong Sent, Dropped;

    /// <summary>Triggers whose break was not carried out because the console observes only.</summary>
    public ulong BreaksSuppressed;
}

/// <summary>Reply to <see cref="MessageType.Flush"/>: what waited to be sent was thrown away, and counted as dropped at its events.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct FlushReply
{
    public ReplyHeader Header;

    /// <summary>Records and buffers thrown away.</summary>
    public ulong Messages;
}
