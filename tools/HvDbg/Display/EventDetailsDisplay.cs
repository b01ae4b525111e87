using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json.Nodes;
using HvDbg.Client;
using HvDbg.Client.Code;
using HvDbg.Client.Script.Code;
using HvDbg.Session;
using HvKernel.Protocol;

namespace HvDbg.Display;

/// <summary>What <c>events show ID</c> shows.</summary>
public static class EventDetailsDisplay
{
    /// <param name="details">The event.</param>
    /// <param name="scripts">Its scripts, where this console knows or could compile them.</param>
    /// <param name="frequency">Ticks a second.</param>
    public static IEnumerable<string> Lines(EventDetails details, EventScripts? scripts, ulong frequency)
    {
        var entry = details.Entry;
        yield return $"event {Format.Hex(entry.Id)}: {Command(details)}";
        yield return $"  state      {EventText.State(entry)}";
        yield return $"  process    {EventText.Process(entry.Process)}{(entry.ProcessName.Length > 0 ? $", {entry.ProcessName}" : "")}";
        yield return $"  direction  {Direction(entry.Direction)}";
        yield return $"  processor  {(entry.Processor is { } processor ? Format.Hex(processor) : "all")}";
        yield return $"  options    imm {(IsCollected(entry) ? "no" : "yes")}, sc {(EventText.IsShortCircuited(entry) ? "on" : "off")}";
        yield return $"  triggers   user {Format.Count(entry.UserReached)}, kernel {Format.Count(entry.KernelReached)}; " +
            $"condition false {Format.Count(entry.ConditionFalse)}; short-circuited {Format.Count(entry.ShortCircuited)}; " +
            $"breaks not carried out {Format.Count(entry.BreaksSuppressed)}";
        yield return $"  messages   {Format.Count(entry.Sent)} sent, {Format.Count(entry.Dropped)} dropped";
        yield return $"  time       {Format.Time(entry.ActionTicks, frequency)} in condition and actions";
        if (details.Condition is { } condition)
        {
            yield return $"  condition  {Summary(condition)}";
            foreach (var line in Listing(condition, Script(condition, scripts), frequency))
            {
                yield return line;
            }
        }

        foreach (var action in details.Actions)
        {
            yield return $"  action {Format.Hex(action.Part),-3} {(HasCode(action.Kind) ? Summary(action) : Kind(action.Kind))}";
            foreach (var line in HasCode(action.Kind) ? Listing(action, Script(action, scripts), frequency) : [])
            {
                yield return line;
            }
        }

        if (details.Actions.Count == 0)
        {
            yield return "  no action: it never triggers";
        }
    }

    public static JsonObject ToJson(EventDetails details, ulong frequency)
    {
        var entry = details.Entry;
        var data = EventText.ToJson(entry, Command(details), frequency);
        data["direction"] = EventText.Direction(entry.Direction);
        data["key"] = Format.Json(entry.Process.Value);
        data["keyKind"] = entry.Process.Kind == ProcessKeyKind.Pid ? "pid" : "cr3";
        data["core"] = entry.Processor;
        data["immediate"] = !IsCollected(entry);
        data["shortCircuit"] = EventText.IsShortCircuited(entry);
        data["condition"] = details.Condition is { } condition ? ToJson(condition) : null;
        data["actions"] = new JsonArray([.. details.Actions.Select(action => HasCode(action.Kind)
            ? ToJson(action)
            : new JsonObject { ["kind"] = Kind(action.Kind) })]);
        return data;
    }

    /// <summary>Why code is run in its manner.</summary>
    public static string Reason(EventPartContent part)
    {
        if ((part.Flags & BlobFlags.Script) != 0)
        {
            return "compiled from a script, which ends by itself after a number of operations";
        }

        var analysis = BlobAnalysis.Of(part.Bytes.AsSpan());
        return (part.Manner, analysis.Provable) switch
        {
            (RunManner.Direct, true) =>
                $"proved to end after at most {analysis.MaximumInstructions.ToString(CultureInfo.InvariantCulture)} instructions and to do nothing privileged",
            (RunManner.Direct, false) => $"as it was asked for, although not proved: {analysis.Reason}",
            (_, true) => "as it was asked for; it is proved and could run directly",
            _ => analysis.Reason,
        };
    }

    private static bool IsCollected(EventEntry entry) => (entry.Flags & EventFlags.Collect) != 0;

    private static string Command(EventDetails details) => details.CommandText.Length > 0 ? details.CommandText : EventText.Command(details.Entry);

    private static string Direction(ModeTrapDirection direction) => direction switch
    {
        ModeTrapDirection.User => "u: user mode is reached",
        ModeTrapDirection.Kernel => "k: the kernel is reached",
        _ => "ku: user mode or the kernel is reached",
    };

    private static string Kind(EventAction kind) => kind switch
    {
        EventAction.Break => "break",
        EventAction.Script => "script",
        EventAction.CustomCode => "code",
        EventAction.Log => "log",
        EventAction.Count => "count",
        _ => $"kind {(uint)kind}",
    };

    private static string Summary(EventPartContent part)
    {
        var what = part.Part == EventPart.Condition ? "" : Kind(part.Kind) + ", ";
        var buffer = part.BufferBytes > 0 ? $", buffer of 0x{Format.Hex((ulong)part.BufferBytes)} bytes at {Format.Address(part.Buffer)}" : "";
        return $"{what}0x{Format.Hex((ulong)part.Bytes.Length)} bytes{buffer}; runs {EventText.Manner(part.Manner)}: {Reason(part)}";
    }

    private static bool HasCode(EventAction kind) => kind is EventAction.CustomCode or EventAction.Script;

    // What is compiled again from a text that has changed, as a file may have, belongs to other code.
    private static CompiledScript? Script(EventPartContent part, EventScripts? scripts)
    {
        var script = (part.Flags & BlobFlags.Script) == 0 ? null : scripts?.Part(part.Part == EventPart.Condition ? null : (int)part.Part);
        return script is not null && script.Bytes.AsSpan().SequenceEqual(part.Bytes.AsSpan()) ? script : null;
    }

    private static IEnumerable<string> Listing(EventPartContent part, CompiledScript? script, ulong frequency)
    {
        yield return $"             ran {Times(part.Runs)}, failed {Times(part.Faults)}, {Format.Count(part.InvalidPointers)} invalid pointers, " +
            Format.Time(part.Ticks, frequency);
        var instructions = BlobListing.Of(part.Bytes.AsSpan())
            .Select(instruction => (instruction.Offset, $"{instruction.Offset:x4}  {Bytes(instruction.Bytes),-30}  {instruction.Text}"));
        foreach (var line in script is null ? instructions.Select(instruction => instruction.Item2) : ScriptDisplay.Listing(script, instructions))
        {
            yield return $"             {line}";
        }
    }

    private static string Times(ulong count) => count == 1 ? "once" : $"{Format.Count(count)} times";

    private static string Bytes(byte[] bytes) =>
        string.Join(' ', Array.ConvertAll(bytes, value => value.ToString("X2", CultureInfo.InvariantCulture)));

    private static JsonObject ToJson(EventPartContent part) => new()
    {
        ["kind"] = part.Part == EventPart.Condition ? "condition" : Kind(part.Kind),
        ["bytes"] = Convert.ToHexStringLower(part.Bytes.AsSpan()),
        ["manner"] = EventText.Manner(part.Manner),
        ["reason"] = Reason(part),
        ["bufferBytes"] = part.BufferBytes,
        ["buffer"] = Format.Json(part.Buffer),
        ["address"] = Format.Json(part.Address),
        ["runs"] = part.Runs,
        ["faults"] = part.Faults,
        ["invalidPointers"] = part.InvalidPointers,
        ["ticks"] = part.Ticks,
        ["instructions"] = new JsonArray([.. BlobListing.Of(part.Bytes.AsSpan()).Select(instruction => new JsonObject
        {
            ["offset"] = instruction.Offset,
            ["bytes"] = Convert.ToHexStringLower(instruction.Bytes),
            ["text"] = instruction.Text,
        })]),
    };
}
