using System;
using System.Collections.Immutable;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>Code of an event failed, and the event is disabled. Also what became of code that was run once.</summary>
public sealed record CodeFaultEvent : TargetEvent
{
    public required uint EventId { get; init; }

    /// <summary>Number of the action from 0; null: the condition.</summary>
    public int? Action { get; init; }

    public required BlobFaultKind Kind { get; init; }

    public required RunManner Manner { get; init; }

    /// <summary>Of <see cref="BlobFaultKind.Exception"/>: which.</summary>
    public byte Vector { get; init; }

    /// <summary>3: user mode was reached; 0: the kernel was reached.</summary>
    public byte Context { get; init; }

    public uint Processor { get; init; }

    /// <summary>Exit reason or VM-instruction error, as <see cref="Kind"/> says.</summary>
    public uint Detail { get; init; }

    public ulong Tick { get; init; }

    /// <summary>Error code of the exception, or 0.</summary>
    public ulong ErrorCode { get; init; }

    /// <summary>Of a page fault the address; else 0.</summary>
    public ulong Address { get; init; }

    public ulong Rip { get; init; }

    /// <summary>Where in the code; null where RIP had left it.</summary>
    public uint? Offset { get; init; }

    /// <summary>Length of the code.</summary>
    public uint CodeBytes { get; init; }

    /// <summary>Registers of the code, not the guest's.</summary>
    public GuestRegisters Registers { get; init; }

    public ulong Rflags { get; init; }

    /// <summary>The bytes at <see cref="Rip"/> that could be read, at most 16.</summary>
    public ImmutableArray<byte> Instruction { get; init; } = [];

    internal static unsafe CodeFaultEvent Of(BlobFault fault) => new()
    {
        EventId = fault.EventId,
        Action = fault.Part == EventPart.Condition ? null : fault.Part,
        Kind = fault.Kind,
        Manner = fault.Manner,
        Vector = fault.Vector,
        Context = fault.Context,
        Processor = fault.Processor,
        Detail = fault.Detail,
        Tick = fault.Tick,
        ErrorCode = fault.ErrorCode,
        Address = fault.Address,
        Rip = fault.Rip,
        CodeBytes = fault.CodeBytes,
        Offset = fault.Rip - fault.CodeAddress < fault.CodeBytes ? (uint)(fault.Rip - fault.CodeAddress) : null,
        Registers = fault.Registers,
        Rflags = fault.Rflags,
        Instruction = [.. new ReadOnlySpan<byte>(fault.Instruction, Math.Min(fault.InstructionLength, (byte)16))],
    };
}

/// <summary>What an action returned a pointer to, whole.</summary>
/// <param name="EventId">The event's number.</param>
/// <param name="Action">Number of the action from 0.</param>
/// <param name="Context">3: user mode was reached; 0: the kernel was reached.</param>
/// <param name="Processor">Where it ran.</param>
/// <param name="Tick">Time-stamp counter.</param>
/// <param name="Address">The pointer.</param>
/// <param name="Bytes">As many as the action's <c>buffer</c> says.</param>
public sealed record BufferEvent(
    uint EventId, int Action, byte Context, uint Processor, ulong Tick, ulong Address, ImmutableArray<byte> Bytes) : TargetEvent;

/// <summary>Parts of a buffer were lost on the line, so that it cannot be delivered.</summary>
/// <param name="EventId">The event's number.</param>
/// <param name="Action">Number of the action from 0.</param>
/// <param name="Tick">Time-stamp counter of the delivery.</param>
/// <param name="Received">Bytes that came.</param>
/// <param name="Total">Bytes that it had.</param>
public sealed record BufferLostEvent(uint EventId, int Action, ulong Tick, int Received, int Total) : TargetEvent;
