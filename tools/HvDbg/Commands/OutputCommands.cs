using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Forwarding;
using HvDbg.Language;
using HvDbg.Output;
using HvDbg.Sinks;

namespace HvDbg.Commands;

/// <summary><c>output</c>.</summary>
internal static class OutputCommands
{
    private const string ExpectedOperation = "create, open or close";
    private const string ExpectedName = "a name without blanks, commas, quotes and braces";
    private const string ExpectedPort = "HOST:PORT with a decimal port from 1 to 65535";

    private static readonly ValueKind<OutputKind> Kind = ValueKinds.Choice(
        ("file", OutputKind.File), ("namedpipe", OutputKind.NamedPipe), ("tcp", OutputKind.Tcp));

    private static readonly Positional<OutputRequest> Operation = new(
        "operation",
        new ValueKind<OutputRequest>(
            "create NAME {file PATH|namedpipe PATH|tcp HOST:PORT}|open NAME|close NAME", ExpectedOperation, ReadRequest),
        "create: make an output; open: let messages through; close: for good, after what waits was written");

    private enum Verb
    {
        Create,
        Open,
        Close,
    }

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = "output",
            Summary = "list, make, open and close the outputs that events can be forwarded to",
            Parameters = [Operation],
            Remarks =
            [
                "What an event with 'output {NAME,…}' sends (logged transitions, buffers, failures of its code) goes to these outputs, one line each, and is not shown.",
                "A file is appended to. A named pipe is made where there is none, and its reader may come, pause and go as it likes. TCP connects to a listener.",
                "An output that is not open, or whose peer takes less than comes, drops messages and counts them. One that fails is told once; 'open' tries it again.",
                $"Names have at most {ModeOptions.LongestOutputName} characters and are case-sensitive. The name of a closed output may be used again.",
            ],
            Examples =
            [
                "output",
                "output create log file /tmp/transitions.log",
                "output create live namedpipe /tmp/transitions.fifo",
                "output create remote tcp 127.0.0.1:9000",
                "output open log",
                "output close log",
            ],
            Run = context => context.Arguments.Get(Operation) switch
            {
                { Verb: Verb.Create } request => Task.FromResult(Create(context, request)),
                { Verb: Verb.Open } request => OpenAsync(context, request),
                { Verb: Verb.Close } request => CloseAsync(context, request),
                _ => Task.FromResult(List(context.Session.Outputs)),
            },
        },
    ];

    private static OutputRequest ReadRequest(string name, TokenReader reader)
    {
        var verb = ValueKinds.Choice(("create", Verb.Create), ("open", Verb.Open), ("close", Verb.Close)).Read(name, reader);
        var output = ReadName(reader);
        return new OutputRequest(verb, output, verb == Verb.Create ? ReadTarget(reader) : null);
    }

    private static At<string> ReadName(TokenReader reader)
    {
        Require("name", ExpectedName, reader);
        var token = reader.Take();

        // A word ends at a quote or an opening brace, and 'output {A,B}' is split at commas and loses its blanks.
        var follows = reader.Peek is { } next && next.Start == token.End;
        if (!token.IsWord || follows || token.Text.AsSpan().ContainsAny(',', '}'))
        {
            throw new CommandSyntaxException($"name: expected {ExpectedName}, found {token.Shown}", token.Start);
        }

        return token.Text.Length <= ModeOptions.LongestOutputName
            ? new At<string>(token.Text, token.Start)
            : throw new CommandSyntaxException($"name: a name has at most {ModeOptions.LongestOutputName} characters", token.Start);
    }

    private static OutputTarget ReadTarget(TokenReader reader)
    {
        Require("type", Kind.Expected, reader);
        var kind = Kind.Read("type", reader);
        return kind switch
        {
            OutputKind.File => new OutputTarget(kind, ReadPath("file", reader)),
            OutputKind.NamedPipe => new OutputTarget(kind, ReadPath("namedpipe", reader)),
            _ => ReadPort(reader),
        };
    }

    private static string ReadPath(string type, TokenReader reader)
    {
        const string Expected = "a path, in quotes where it has blanks";
        Require(type, Expected, reader);
        var token = reader.Take();
        return token.Text.Length > 0 && !token.IsGroup(reader.Text) && !token.Text.Contains('\0')
            ? Path.GetFullPath(token.Text)
            : throw new CommandSyntaxException($"{type}: expected {Expected}, found {token.Shown}", token.Start);
    }

    private static OutputTarget ReadPort(TokenReader reader)
    {
        Require("tcp", ExpectedPort, reader);
        var token = reader.Take();
        return token.IsWord && Endpoint.TryParse($"tcp:{token.Text}", out var endpoint, out _)
            ? new OutputTarget(OutputKind.Tcp, endpoint.Target, endpoint.Number)
            : throw new CommandSyntaxException($"tcp: expected {ExpectedPort}, found {token.Shown}", token.Start);
    }

    private static void Require(string name, string expected, TokenReader reader)
    {
        if (reader.AtEnd)
        {
            throw new CommandSyntaxException($"{name}: expected {expected}, the value is missing", reader.Position);
        }
    }

    private static CommandResult Create(CommandContext context, OutputRequest request)
    {
        var (name, target) = (request.Name.Value, request.Target!);
        if (context.Session.Outputs.StateOf(name) is not (SinkState.Unknown or SinkState.Closed))
        {
            throw new CommandSyntaxException($"name: there is an output {name} already", request.Name.Position);
        }

        context.Session.Outputs.Create(name, target);
        return CommandResult.Line(
            $"output {name} is made, and not open yet: {target.KindName} {target.Shown}",
            new JsonObject { ["output"] = name, ["kind"] = target.KindName, ["target"] = target.Shown });
    }

    private static async Task<CommandResult> OpenAsync(CommandContext context, OutputRequest request)
    {
        var name = Known(context, request);
        await context.Session.Outputs.OpenAsync(name, context.CancellationToken).ConfigureAwait(false);
        var figures = context.Session.Outputs.FiguresOf(name)!;
        return CommandResult.Line(
            $"output {name} is open{(figures.HasNoReader ? ", and nobody reads the pipe yet" : "")}",
            new JsonObject { ["output"] = name, ["state"] = figures.StateName });
    }

    private static async Task<CommandResult> CloseAsync(CommandContext context, OutputRequest request)
    {
        var name = Known(context, request);
        if (context.Session.Outputs.StateOf(name) == SinkState.Closed)
        {
            throw new DebuggerException($"output {name} is closed already");
        }

        var lost = await context.Session.Outputs.CloseAsync(name).ConfigureAwait(false);
        var figures = context.Session.Outputs.FiguresOf(name)!;
        var lines = new List<OutputLine>
        {
            new($"output {name} is closed: {Format.Count(figures.Forwarded)} messages forwarded, {Format.Count(figures.Dropped)} dropped"),
        };
        if (lost > 0)
        {
            lines.Add(new OutputLine($"warning: {Format.Count(lost)} of them waited, and nobody took them in time", LineStyle.Warning));
        }

        return new CommandResult(
            lines,
            new JsonObject { ["output"] = name, ["forwarded"] = figures.Forwarded, ["bytes"] = figures.Bytes, ["dropped"] = figures.Dropped, ["lost"] = lost });
    }

    private static string Known(CommandContext context, OutputRequest request)
    {
        var name = request.Name.Value;
        return context.Session.Outputs.StateOf(name) != SinkState.Unknown
            ? name
            : throw new CommandSyntaxException($"name: there is no output {name}: 'output create {name} …' makes one", request.Name.Position);
    }

    private static CommandResult List(OutputRegistry registry)
    {
        var outputs = registry.Outputs;
        var events = registry.Events;
        var data = new JsonObject
        {
            ["outputs"] = new JsonArray([.. outputs.Select(ToJson)]),
            ["events"] = new JsonArray([.. events.Select(ToJson)]),
        };
        if (outputs.Count == 0)
        {
            return CommandResult.Line("no outputs", data);
        }

        var lines = new List<string>(OutputTable(outputs));
        if (events.Count > 0)
        {
            lines.Add("");
            lines.AddRange(EventTable(events));
        }

        return new CommandResult([.. lines.Select(line => new OutputLine(line))], data);
    }

    private static IEnumerable<string> OutputTable(IReadOnlyList<SinkFigures> outputs)
    {
        var table = new TextTable("id", "name", "type", "state", ">forwarded", ">bytes", ">dropped", ">waiting", "target");
        foreach (var output in outputs)
        {
            table.Add(
                Format.Hex((ulong)output.Id),
                output.Name,
                output.Target.KindName,
                output.StateName,
                Format.Count(output.Forwarded),
                Format.Count(output.Bytes),
                Format.Count(output.Dropped),
                Format.Count(output.Waiting),
                output.Target.Shown);
        }

        return table.Lines();
    }

    private static IEnumerable<string> EventTable(IReadOnlyList<AttachmentFigures> events)
    {
        var table = new TextTable("event", ">transitions", ">buffers", ">failures", "outputs");
        foreach (var item in events)
        {
            table.Add(
                Format.Hex(item.Id), Format.Count(item.Records), Format.Count(item.Buffers), Format.Count(item.Faults), string.Join(", ", item.Outputs));
        }

        return table.Lines();
    }

    private static JsonObject ToJson(SinkFigures output) => new()
    {
        ["id"] = output.Id,
        ["output"] = output.Name,
        ["kind"] = output.Target.KindName,
        ["target"] = output.Target.Shown,
        ["state"] = output.StateName,
        ["forwarded"] = output.Forwarded,
        ["bytes"] = output.Bytes,
        ["dropped"] = output.Dropped,
        ["waiting"] = output.Waiting,
    };

    private static JsonObject ToJson(AttachmentFigures item) => new()
    {
        ["event"] = item.Id,
        ["transitions"] = item.Records,
        ["buffers"] = item.Buffers,
        ["failures"] = item.Faults,
        ["outputs"] = new JsonArray([.. item.Outputs.Select(name => JsonValue.Create(name))]),
    };

    /// <summary>What <c>output</c> was asked to do; null where it lists.</summary>
    private sealed record OutputRequest(Verb Verb, At<string> Name, OutputTarget? Target);
}
