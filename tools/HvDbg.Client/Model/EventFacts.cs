using System.Collections.Generic;
using System.Collections.Immutable;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>How an event names its process.</summary>
public readonly record struct ProcessKey(ProcessKeyKind Kind, ulong Value)
{
    /// <summary>A process id as the guest's own tools show it.</summary>
    public static ProcessKey Pid(uint pid) => new(ProcessKeyKind.Pid, pid);

    /// <summary>A CR3 value of the process, which needs no knowledge of the guest's OS.</summary>
    public static ProcessKey Cr3(ulong cr3) => new(ProcessKeyKind.Cr3, cr3);
}

/// <summary>An event as the target accepted it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Activated">Whether it switched the trap on, which <c>preactivate mode</c> can do ahead of time.</param>
/// <param name="ProcessName">Name of the watched process, empty where it is not known.</param>
public sealed record AddedEvent(uint Id, bool Activated, string ProcessName);

/// <summary>An event in the target's table.</summary>
public sealed record EventEntry
{
    public required uint Id { get; init; }

    public required EventType Type { get; init; }

    public required ModeTrapDirection Direction { get; init; }

    /// <summary>Kind of the first action.</summary>
    public required EventAction Action { get; init; }

    /// <summary>Number of actions; with none the event never triggers.</summary>
    public required int Actions { get; init; }

    public EventFlags Flags { get; init; }

    /// <summary>The only processor it holds for; null: all.</summary>
    public uint? Processor { get; init; }

    public required ProcessKey Process { get; init; }

    public required bool Enabled { get; init; }

    public required WatchState State { get; init; }

    /// <summary>Whether its code failed, and whether its process is held.</summary>
    public EventCondition Condition { get; init; }

    public string ProcessName { get; init; } = "";

    /// <summary>Bytes of its condition's code; 0: it has none.</summary>
    public uint ConditionBytes { get; init; }

    /// <summary>Bytes of the command that set it; 0: it was set without one.</summary>
    public uint TextBytes { get; init; }

    /// <summary>Times that it triggered because user mode was reached.</summary>
    public required ulong UserReached { get; init; }

    /// <summary>Times that it triggered because the kernel was reached.</summary>
    public required ulong KernelReached { get; init; }

    /// <summary>Transitions whose condition was false; they are no triggers.</summary>
    public ulong ConditionFalse { get; init; }

    /// <summary>Transitions that did not take effect: episodes, not attempts.</summary>
    public ulong ShortCircuited { get; init; }

    /// <summary>Ticks spent in its condition and actions.</summary>
    public required ulong ActionTicks { get; init; }

    /// <summary>Records and buffers that were handed to the link.</summary>
    public ulong Sent { get; init; }

    /// <summary>Records and buffers lost because the target's queue was full, or thrown away by a flush.</summary>
    public required ulong Dropped { get; init; }

    /// <summary>Triggers whose break was not carried out because the console observes only.</summary>
    public ulong BreaksSuppressed { get; init; }
}

/// <summary>One part of an event as the target keeps it.</summary>
/// <param name="Part">Number of the action, or an <see cref="EventPart"/>.</param>
/// <param name="Kind">What the action does.</param>
/// <param name="Bytes">The code as it was given, or the text.</param>
/// <param name="BufferBytes">Length of its safe buffer; 0: none.</param>
/// <param name="Manner">How it is run.</param>
/// <param name="Flags">What the target was told about it.</param>
/// <param name="Address">Where the code stands while it runs.</param>
/// <param name="Buffer">Address of the safe buffer, or 0.</param>
/// <param name="Runs">How often it ran to its end.</param>
/// <param name="Faults">How often it failed.</param>
/// <param name="InvalidPointers">How often it returned a pointer that could not be read.</param>
/// <param name="Ticks">Ticks spent in it.</param>
public sealed record EventPartContent(
    uint Part,
    EventAction Kind,
    ImmutableArray<byte> Bytes,
    int BufferBytes,
    RunManner Manner,
    BlobFlags Flags,
    ulong Address,
    ulong Buffer,
    ulong Runs,
    ulong Faults,
    ulong InvalidPointers,
    ulong Ticks);

/// <summary>Everything about one event.</summary>
/// <param name="Entry">Its row in the list.</param>
/// <param name="CommandText">The command that set it; empty where there was none.</param>
/// <param name="Condition">Its condition; null: none.</param>
/// <param name="Actions">Its actions in their order.</param>
public sealed record EventDetails(
    EventEntry Entry, string CommandText, EventPartContent? Condition, IReadOnlyList<EventPartContent> Actions);

/// <summary>What became of code that was run once.</summary>
/// <param name="Result">What it left in rax.</param>
/// <param name="Ticks">Ticks from entry to return.</param>
/// <param name="Manner">How it was run.</param>
/// <param name="Buffer">What stood at the pointer that it returned; empty where there was no buffer or the pointer could not be read.</param>
/// <param name="Fault">Why it did not come to its end; null: it did.</param>
public sealed record CodeRun(ulong Result, ulong Ticks, RunManner Manner, ImmutableArray<byte> Buffer, CodeFaultEvent? Fault);
