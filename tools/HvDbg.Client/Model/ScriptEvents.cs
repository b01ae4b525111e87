using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>One argument of a script's message, as the target sent it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Word">Its eight bytes; of a string its address.</param>
/// <param name="Bytes">Of a string what could be read, without the zero at its end.</param>
/// <param name="End">Why the string ends where it does.</param>
public readonly record struct PrintedArgument(PrintArgumentKind Kind, ulong Word, ImmutableArray<byte> Bytes, PrintedStringEnd End);

/// <summary>A message that a script printed, not formatted: the format stands in the script.</summary>
/// <param name="EventId">The event; null: a script that was run once.</param>
/// <param name="Action">Number of the action from 0; null: the condition.</param>
/// <param name="Context">3: user mode was reached; 0: the kernel was reached.</param>
/// <param name="Processor">Where it ran.</param>
/// <param name="Tick">Time-stamp counter.</param>
/// <param name="Format">The format's number in its script.</param>
/// <param name="Arguments">What is to be shown.</param>
public sealed record PrintEvent(
    uint? EventId, int? Action, byte Context, uint Processor, ulong Tick, int Format, ImmutableArray<PrintedArgument> Arguments) : TargetEvent
{
    private const ulong KindMask = 3;

    /// <summary>The messages of one frame, up to the first that is none.</summary>
    internal static IEnumerable<PrintEvent> Of(ReadOnlyMemory<byte> payload)
    {
        while (MemoryMarshal.TryRead<PrintRecord>(payload.Span, out var record) && TryArguments(record, payload[Unsafe.SizeOf<PrintRecord>()..], out var arguments))
        {
            payload = payload[(Unsafe.SizeOf<PrintRecord>() + (record.Arguments * sizeof(ulong)) + (int)record.StringBytes)..];
            yield return new PrintEvent(
                record.EventId == LinkProtocol.All ? null : record.EventId,
                record.Part == EventPart.Condition ? null : record.Part,
                record.Context,
                record.Processor,
                record.Tick,
                record.Format,
                arguments);
        }
    }

    private static bool TryArguments(in PrintRecord record, ReadOnlyMemory<byte> behind, out ImmutableArray<PrintedArgument> arguments)
    {
        arguments = [];
        var words = record.Arguments * sizeof(ulong);
        if (record.Arguments > ScriptLimits.PrintArguments || (long)words + record.StringBytes > behind.Length)
        {
            return false;
        }

        var strings = behind.Slice(words, (int)record.StringBytes).Span;
        var read = ImmutableArray.CreateBuilder<PrintedArgument>(record.Arguments);
        for (var i = 0; i < record.Arguments; i++)
        {
            var kind = (PrintArgumentKind)((record.Kinds >> (2 * i)) & KindMask);
            var word = MemoryMarshal.Read<ulong>(behind.Span[(i * sizeof(ulong))..]);
            if (kind is not (PrintArgumentKind.String or PrintArgumentKind.WideString))
            {
                read.Add(new PrintedArgument(kind, word, [], PrintedStringEnd.Zero));
                continue;
            }

            var size = Unsafe.SizeOf<PrintedString>();
            if (!MemoryMarshal.TryRead<PrintedString>(strings, out var head) || head.Bytes > strings.Length - size)
            {
                return false;
            }

            read.Add(new PrintedArgument(kind, word, [.. strings.Slice(size, head.Bytes)], head.End));
            strings = strings[(size + head.Bytes)..];
        }

        arguments = read.MoveToImmutable();
        return true;
    }
}

/// <summary>A global word of scripts.</summary>
/// <param name="Name">Without the dot.</param>
/// <param name="Number">Its place.</param>
/// <param name="Value">Its value when it was listed.</param>
public sealed record ScriptGlobal(string Name, int Number, ulong Value);
