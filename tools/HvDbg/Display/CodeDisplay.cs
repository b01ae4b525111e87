using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using HvDbg.Client;
using HvDbg.Client.Code;
using HvDbg.Client.Script;
using HvDbg.Output;
using HvKernel.Protocol;

namespace HvDbg.Display;

/// <summary>What code delivers, and how it fails.</summary>
public static class CodeDisplay
{
    /// <summary>A buffer: whose it is, its bytes, and its text where it is one.</summary>
    public static Report Render(BufferEvent buffer)
    {
        var bytes = buffer.Bytes.ToArray();
        var head = $"event {Format.Hex(buffer.EventId)}  action {Format.Hex((ulong)buffer.Action)}  processor {Format.Hex(buffer.Processor)}  " +
            $"{StopDisplay.Reached(buffer.Context)}  0x{Format.Hex((ulong)bytes.Length)} bytes at {Format.Address(buffer.Address)}  tick {Format.Hex(buffer.Tick)}";
        var text = TextOf(bytes);
        var lines = new List<string> { text is null ? head : $"{head}  \"{text}\"" };
        lines.AddRange(HexDump.Lines(buffer.Address, bytes, bytes.Length, DumpUnit.Byte));
        var data = new JsonObject
        {
            ["type"] = "buffer",
            ["event"] = buffer.EventId,
            ["action"] = buffer.Action,
            ["context"] = buffer.Context,
            ["processor"] = buffer.Processor,
            ["tick"] = Format.Json(buffer.Tick),
            ["address"] = Format.Json(buffer.Address),
            ["bytes"] = Convert.ToHexStringLower(bytes),
        };
        if (text is not null)
        {
            data["text"] = text;
        }

        return new Report([.. lines.Select(line => new OutputLine(line, LineStyle.Event))], data);
    }

    /// <summary>A failure: what failed, why, where, and with which registers.</summary>
    public static Report Render(CodeFaultEvent fault)
    {
        var lines = new List<string> { $"event {Format.Hex(fault.EventId)}: its {Part(fault)} failed, and it is disabled: {Why(fault)}" };
        lines.AddRange(Where(fault));
        return new Report([.. lines.Select(line => new OutputLine(line, LineStyle.Warning))], ToJson(fault));
    }

    /// <summary>What happened, in one sentence without the event.</summary>
    public static string Why(CodeFaultEvent fault) => fault.Kind switch
    {
        BlobFaultKind.Exception => $"{ExceptionText.Of(fault.Vector)}{(HasErrorCode(fault.Vector) ? $" with error code {Format.Hex(fault.ErrorCode)}" : "")}" +
            (fault.Vector == PageFault ? $" at address {Format.Address(fault.Address)}" : ""),
        BlobFaultKind.TimeLimit => "it ran too long",
        BlobFaultKind.ForbiddenInstruction => $"an instruction that leaves its context ({ExitReasonText.Of((int)(fault.Detail & 0xFFFF))})",
        BlobFaultKind.EntryFailed => $"the processor refused to enter its context (0x{Format.Hex(fault.Detail)}), which is HvKernel's own fault",
        BlobFaultKind.ScriptFailure => ScriptFault.Why(fault)!,
        _ => $"fault {(byte)fault.Kind} (0x{Format.Hex(fault.Detail)})",
    };

    /// <summary>The text that bytes are: printable ASCII up to a zero, behind which only zeros follow; null where they are none.</summary>
    public static string? TextOf(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return end <= 0 || bytes[..end].ContainsAnyExceptInRange((byte)0x20, (byte)0x7E) ? null : Encoding.ASCII.GetString(bytes[..end]);
    }

    private const byte PageFault = 14;

    // SDM vol. 3A, "Error Code".
    private static bool HasErrorCode(byte vector) => vector is 8 or (>= 10 and <= 14) or 17 or 21;

    private static string Part(CodeFaultEvent fault) => fault.Action is { } action ? $"action {Format.Hex((ulong)action)}" : "condition";

    private static IEnumerable<string> Where(CodeFaultEvent fault)
    {
        var place = fault.Offset is { } offset ? $"at offset {Format.Hex(offset)} of its code" : "outside its code";
        yield return $"  {place} (rip {Format.Address(fault.Rip)}), {EventText.Manner(fault.Manner)}, processor {Format.Hex(fault.Processor)}, " +
            $"{StopDisplay.Reached(fault.Context)}, tick {Format.Hex(fault.Tick)}";
        if (Instruction(fault) is { } instruction)
        {
            var bytes = string.Join(' ', Array.ConvertAll(instruction.Bytes, value => value.ToString("X2", CultureInfo.InvariantCulture)));
            yield return $"  {bytes,-35} {instruction.Text}";
        }
        else
        {
            yield return "  (no memory that can be read)";
        }

        foreach (var row in Registers(fault).Chunk(3))
        {
            yield return "  " + string.Join(' ', row.Select(register => $"{register.Name.ToUpperInvariant(),-3}={Format.Quad(register.Value)}"));
        }

        yield return $"  RFLAGS {Format.Quad(fault.Rflags)}";
    }

    private static BlobInstruction? Instruction(CodeFaultEvent fault) =>
        fault.Instruction.IsEmpty ? null : BlobListing.Of(fault.Instruction.AsSpan(), fault.Rip).FirstOrDefault();

    private static (string Name, ulong Value)[] Registers(CodeFaultEvent fault)
    {
        var r = fault.Registers;
        return
        [
            ("rax", r.Rax), ("rbx", r.Rbx), ("rcx", r.Rcx), ("rdx", r.Rdx), ("rsi", r.Rsi), ("rdi", r.Rdi), ("rsp", r.Rsp), ("rbp", r.Rbp),
            ("r8", r.R8), ("r9", r.R9), ("r10", r.R10), ("r11", r.R11), ("r12", r.R12), ("r13", r.R13), ("r14", r.R14), ("r15", r.R15),
        ];
    }

    internal static JsonObject ToJson(CodeFaultEvent fault)
    {
        var data = new JsonObject
        {
            ["type"] = "fault",
            ["event"] = fault.EventId,
            ["part"] = fault.Action is null ? "condition" : "action",
            ["action"] = fault.Action,
            ["kind"] = fault.Kind switch
            {
                BlobFaultKind.Exception => "exception",
                BlobFaultKind.TimeLimit => "time-limit",
                BlobFaultKind.ForbiddenInstruction => "forbidden-instruction",
                BlobFaultKind.EntryFailed => "entry-failed",
                BlobFaultKind.ScriptFailure => "script",
                _ => $"kind-{(byte)fault.Kind}",
            },
            ["exception"] = fault.Kind == BlobFaultKind.Exception ? ExceptionText.Of(fault.Vector) : null,
            ["message"] = Why(fault),
            ["manner"] = EventText.Manner(fault.Manner),
            ["context"] = fault.Context,
            ["processor"] = fault.Processor,
            ["tick"] = Format.Json(fault.Tick),
            ["errorCode"] = Format.Json(fault.ErrorCode),
            ["address"] = Format.Json(fault.Address),
            ["rip"] = Format.Json(fault.Rip),
            ["offset"] = fault.Offset,
            ["detail"] = fault.Detail,
            ["rflags"] = Format.Json(fault.Rflags),
        };
        if (Instruction(fault) is { } instruction)
        {
            data["instruction"] = new JsonObject { ["bytes"] = Convert.ToHexStringLower(instruction.Bytes), ["text"] = instruction.Text };
        }

        var registers = new JsonObject();
        foreach (var (name, value) in Registers(fault))
        {
            registers[name] = Format.Json(value);
        }

        data["registers"] = registers;
        return data;
    }
}
