using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Language;
using HvDbg.Output;
using HvKernel.Protocol;

namespace HvDbg.Commands;

/// <summary><c>events</c>.</summary>
internal static class EventCommands
{
    private const string ExpectedOperation = "e, d, c, show or sc";

    private static readonly Positional<EventsRequest> Operation = new(
        "operation",
        new ValueKind<EventsRequest>("{e|d|c} {ID|all}|show ID|sc {on|off} [ID]", ExpectedOperation, ReadRequest),
        "e: enable; d: disable; c: clear; show: everything about one; sc: short-circuit, without ID the event that stopped the guest");

    private enum Verb
    {
        Modify,
        Show,
        ShortCircuit,
    }

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = "events",
            Aliases = ["event"],
            Summary = "list events with their figures; enable, disable, clear or explain them",
            Parameters = [Operation],
            Remarks =
            [
                "The list shows how often each event triggered because user mode and the kernel were reached, transitions whose condition was false, transitions",
                "that did not take effect, the time spent in condition and actions, and the messages that were sent and dropped.",
                "'show' adds filters, options, and of the condition and each action its code, how it runs and why, and how often it ran and failed.",
                "Disabling or clearing an event, or 'sc off', lets a process go on that its short-circuit holds.",
            ],
            Examples = ["events", "events d 0", "events c all", "events show 0", "events sc off", "events sc on 1"],
            Run = RunAsync,
        },
    ];

    private static EventsRequest ReadRequest(string name, TokenReader reader)
    {
        var token = reader.Take();
        return (token.IsWord ? token.Text.ToLowerInvariant() : "") switch
        {
            "e" => new EventsRequest(Verb.Modify, EventOperation.Enable, ReadId(reader, mayBeAll: true)),
            "d" => new EventsRequest(Verb.Modify, EventOperation.Disable, ReadId(reader, mayBeAll: true)),
            "c" => new EventsRequest(Verb.Modify, EventOperation.Clear, ReadId(reader, mayBeAll: true)),
            "show" => new EventsRequest(Verb.Show, default, ReadId(reader, mayBeAll: false)),
            "sc" => ReadShortCircuit(reader),
            _ => throw new CommandSyntaxException($"{name}: expected {ExpectedOperation}, found {token.Shown}", token.Start),
        };
    }

    private static EventsRequest ReadShortCircuit(TokenReader reader)
    {
        if (reader.AtEnd)
        {
            throw new CommandSyntaxException("sc: expected on or off, the value is missing", reader.Position);
        }

        var operation = ValueKinds
            .Choice(("on", EventOperation.ShortCircuitOn), ("off", EventOperation.ShortCircuitOff))
            .Read("sc", reader);
        return new EventsRequest(Verb.ShortCircuit, operation, reader.AtEnd ? null : ReadId(reader, mayBeAll: false));
    }

    private static uint? ReadId(TokenReader reader, bool mayBeAll)
    {
        if (reader.AtEnd)
        {
            throw new CommandSyntaxException(
                mayBeAll ? "id: expected an event's number or all, the value is missing" : "id: expected an event's number, the value is missing",
                reader.Position);
        }

        return mayBeAll ? ValueKinds.WordOrAll("ID").Read("id", reader) : (uint)Number.Require("id", reader.Take(), 32);
    }

    private static Task<CommandResult> RunAsync(CommandContext context)
    {
        if (!context.Arguments.Has(Operation))
        {
            return ListAsync(context);
        }

        var request = context.Arguments.Get(Operation);
        return request.Verb switch
        {
            Verb.Show => ShowAsync(context, request.Id!.Value),
            Verb.ShortCircuit => ShortCircuitAsync(context, request),
            _ => ModifyAsync(context, request.Operation, request.Id),
        };
    }

    private static Task<CommandResult> ShortCircuitAsync(CommandContext context, EventsRequest request)
    {
        var id = request.Id ?? context.Debugger.CurrentStop?.EventId
            ?? throw new DebuggerException("events sc: no event stopped the guest: name the one that is meant");
        return ModifyAsync(context, request.Operation, id);
    }

    private static async Task<CommandResult> ModifyAsync(CommandContext context, EventOperation operation, uint? id)
    {
        await context.Session.MarkTriggersAsync(context.CancellationToken).ConfigureAwait(false);
        await context.Debugger.ModifyEventAsync(id ?? LinkProtocol.All, operation, context.CancellationToken).ConfigureAwait(false);
        var word = operation switch
        {
            EventOperation.Enable => "enabled",
            EventOperation.Disable => "disabled",
            EventOperation.Clear => "cleared",
            EventOperation.ShortCircuitOn => "short-circuited",
            _ => "short-circuited no longer",
        };
        var which = id is { } one ? $"event {Format.Hex(one)}" : "all events";
        return CommandResult.Line($"{which} {word}", new JsonObject { ["event"] = id, ["operation"] = word });
    }

    private static async Task<CommandResult> ShowAsync(CommandContext context, uint id)
    {
        var details = await context.Debugger.DescribeEventAsync(id, context.CancellationToken).ConfigureAwait(false);
        var frequency = context.Debugger.Target.TickFrequency;
        var hasScripts = details.Actions.Prepend(details.Condition).Any(part => part is not null && (part.Flags & BlobFlags.Script) != 0);
        var scripts = hasScripts ? await context.Session.Scripts.FindAsync(id, context.CancellationToken).ConfigureAwait(false) : null;
        return new CommandResult(
            [.. EventDetailsDisplay.Lines(details, scripts, frequency).Select(line => new OutputLine(line))], EventDetailsDisplay.ToJson(details, frequency));
    }

    private static async Task<CommandResult> ListAsync(CommandContext context)
    {
        var entries = await context.Debugger.ListEventsAsync(context.CancellationToken).ConfigureAwait(false);
        var frequency = context.Debugger.Target.TickFrequency;
        var rows = new JsonArray();
        var table = new TextTable(
            "id", "state", ">user", ">kernel", ">condition false", ">short-circuited", ">time", ">sent", ">dropped", "process", "command");
        foreach (var entry in entries)
        {
            var text = await TextAsync(context, entry).ConfigureAwait(false);
            rows.Add(EventText.ToJson(entry, text, frequency));
            table.Add(
                Format.Hex(entry.Id),
                EventText.State(entry),
                Format.Count(entry.UserReached),
                Format.Count(entry.KernelReached),
                Format.Count(entry.ConditionFalse),
                Format.Count(entry.ShortCircuited),
                Format.Time(entry.ActionTicks, frequency),
                Format.Count(entry.Sent),
                Format.Count(entry.Dropped),
                entry.ProcessName,
                EventText.Short(text));
        }

        var data = new JsonObject { ["events"] = rows };
        return entries.Count == 0
            ? CommandResult.Line("no events", data)
            : new CommandResult([.. table.Lines().Select(line => new OutputLine(line))], data);
    }

    private static async Task<string> TextAsync(CommandContext context, EventEntry entry)
    {
        try
        {
            var text = await context.Debugger.ReadEventTextAsync(entry, context.CancellationToken).ConfigureAwait(false);
            return text.Length > 0 ? text : EventText.Command(entry);
        }
        catch (TargetException refusal) when (refusal.Status == ReplyStatus.NoSuchEvent)
        {
            // Cleared by somebody else since the list was taken.
            return EventText.Command(entry);
        }
    }

    private sealed record EventsRequest(Verb Verb, EventOperation Operation, uint? Id);
}
