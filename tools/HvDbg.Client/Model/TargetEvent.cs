using System.Collections.Generic;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>Something that the target told, or that became of the link, without being asked for.</summary>
public abstract record TargetEvent;

/// <summary>The guest stands still.</summary>
public sealed record StopEvent : TargetEvent
{
    public required StopReason Reason { get; init; }

    /// <summary>The event that triggered; null with other reasons.</summary>
    public uint? EventId { get; init; }

    /// <summary>3: user mode reached; 0: kernel reached. Null where no event stopped the guest.</summary>
    public byte? Context { get; init; }

    /// <summary>The breakpoint that was reached; null with other reasons.</summary>
    public uint? BreakpointId { get; init; }

    /// <summary>How a step ended; null with other reasons.</summary>
    public StepEnd? StepEnd { get; init; }

    public required uint Processor { get; init; }

    public required ulong Rip { get; init; }

    public ulong Rsp { get; init; }

    public ulong Cr3 { get; init; }

    /// <summary>Time-stamp counter at the halt.</summary>
    public required ulong Tick { get; init; }

    /// <summary>Process and thread that run; 0 where the guest's OS is not known.</summary>
    public uint Pid { get; init; }

    public uint Tid { get; init; }

    /// <summary>Name of the process, empty where it is not known.</summary>
    public string ProcessName { get; init; } = "";

    /// <summary>Operand size of the code segment: 64, 32 or 16.</summary>
    public int Bits { get; init; } = 64;

    /// <summary>The bytes at <see cref="Rip"/> that could be read, at most 15.</summary>
    public byte[] Instruction { get; init; } = [];

    internal static unsafe StopEvent Of(StopInfo info) => new()
    {
        Reason = info.Reason,
        EventId = info.Reason == StopReason.Event ? info.EventId : null,
        Context = info.Reason == StopReason.Event ? info.Context : null,
        BreakpointId = info.Reason == StopReason.Breakpoint ? info.EventId : null,
        StepEnd = info.Reason == StopReason.Step ? (StepEnd)info.Context : null,
        Processor = info.Processor,
        Rip = info.Rip,
        Rsp = info.Rsp,
        Cr3 = info.Cr3,
        Tick = info.Tick,
        Pid = info.Pid,
        Tid = info.Tid,
        ProcessName = Wire.Name(info.Name, LinkProtocol.NameBytes),
        Bits = info.Bits is 16 or 32 ? info.Bits : 64,
        Instruction = new System.ReadOnlySpan<byte>(info.Instruction, info.InstructionLength <= 15 ? info.InstructionLength : 15).ToArray(),
    };
}

/// <summary>The guest goes on.</summary>
public sealed record ContinuedEvent : TargetEvent;

/// <summary>One transition that an event with the action <see cref="EventAction.Log"/> recorded.</summary>
/// <param name="EventId">The event's number.</param>
/// <param name="Context">3: user mode reached; 0: kernel reached.</param>
/// <param name="Processor">Where it happened.</param>
/// <param name="Rip">First instruction of the new mode.</param>
/// <param name="Tick">Time-stamp counter.</param>
public readonly record struct Transition(uint EventId, byte Context, uint Processor, ulong Rip, ulong Tick)
{
    public bool ReachedUser => Context == 3;
}

/// <summary>Transitions in the order in which they happened on each processor; as many as one message carried.</summary>
public sealed record TransitionsEvent(IReadOnlyList<Transition> Transitions) : TargetEvent;

/// <summary>What became of a watched process.</summary>
public sealed record NoticeEvent(uint EventId, EventNoticeKind Kind, ulong Tick, string ProcessName) : TargetEvent;

/// <summary>A line of text from the target: boot messages, a panic, or a log line.</summary>
public sealed record TextEvent(string Line) : TargetEvent;

/// <summary>The machine was reset: events, symbols and state from before are gone.</summary>
public sealed record ResetEvent(ulong BootId) : TargetEvent;

/// <summary>Messages of the target's own were lost on the line.</summary>
public sealed record MessagesLostEvent(uint Count) : TargetEvent;

/// <summary>The target threw messages away: its queue was full, or they were flushed.</summary>
/// <param name="Count">Since the last report.</param>
/// <param name="Total">Since its boot.</param>
public sealed record MessagesDroppedEvent(ulong Count, ulong Total) : TargetEvent;

/// <summary>The line was lost, came back, or the target stopped answering.</summary>
public sealed record LinkStateEvent(LinkState State, string Reason) : TargetEvent;
