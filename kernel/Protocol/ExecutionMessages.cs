using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>Whether the guest runs.</summary>
public enum TargetState : byte
{
    Running = 0,
    Stopped = 1,

    /// <summary>One processor steps, the others stand still.</summary>
    Stepping = 2,
}

/// <summary>Why the guest stands still.</summary>
public enum StopReason : byte
{
    None = 0,

    /// <summary>The console asked.</summary>
    Pause = 1,

    /// <summary>An event with a break action triggered.</summary>
    Event = 2,

    /// <summary><c>wait-for-debugger = yes</c> in the configuration.</summary>
    WaitForDebugger = 3,

    /// <summary>The guest took a triple fault; continuing resets the machine.</summary>
    TripleFault = 4,

    /// <summary>A step ended.</summary>
    Step = 5,

    /// <summary>A breakpoint was reached.</summary>
    Breakpoint = 6,
}

/// <summary>A halt of the guest: payload of <see cref="MessageType.Stopped"/>, and part of <see cref="StatusReply"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct StopInfo
{
    public StopReason Reason;

    /// <summary>
    /// With <see cref="StopReason.Event"/> 3: user mode reached, 0: kernel reached; with <see cref="StopReason.Step"/> a <see cref="StepEnd"/>.
    /// </summary>
    public byte Context;
    public ushort Processor;

    /// <summary>Number of the event, or with <see cref="StopReason.Breakpoint"/> of the breakpoint.</summary>
    public uint EventId;
    public ulong Rip;
    public ulong Rsp;
    public ulong Cr3;

    /// <summary>Time-stamp counter at the halt.</summary>
    public ulong Tick;

    /// <summary>Process and thread that run, where the guest's OS is known; else 0.</summary>
    public uint Pid;
    public uint Tid;
    public fixed byte Name[LinkProtocol.NameBytes];

    /// <summary>64, 32 or 16: operand size of the code segment.</summary>
    public byte Bits;

    /// <summary>Bytes at RIP that could be read, at most 15.</summary>
    public byte InstructionLength;
    public fixed byte Instruction[16];
}

/// <summary>Reply to <see cref="MessageType.Status"/>, <see cref="MessageType.Pause"/> and <see cref="MessageType.Continue"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct StatusReply
{
    public ReplyHeader Header;
    public TargetState State;
    public byte Reserved0;
    public ushort Reserved1;

    /// <summary>Events that exist.</summary>
    public uint Events;
    public ulong Tick;

    /// <summary>Messages lost because the queue was full, since boot.</summary>
    public ulong Dropped;

    /// <summary>Frames that arrived damaged, since boot.</summary>
    public uint DamagedFrames;

    /// <summary>Sequence number that the next message of the target's own will have.</summary>
    public uint NextSequence;
    public StopInfo Stop;
}
