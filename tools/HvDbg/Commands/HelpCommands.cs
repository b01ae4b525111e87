using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Language;
using HvDbg.Output;

namespace HvDbg.Commands;

/// <summary><c>.help</c>, made of the table that parses the commands.</summary>
internal static class HelpCommands
{
    private static readonly Positional<string> Command =
        new("command", new ValueKind<string>("COMMAND", "a command's name", (_, reader) => reader.Take().Text), "the command to explain");

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = ".help",
            Aliases = ["help"],
            Summary = "list the commands, or explain one",
            Parameters = [Command],
            Examples = [".help", ".help !mode"],
            Run = RunAsync,
        },
    ];

    /// <summary>What <c>.help COMMAND</c> prints.</summary>
    internal static IEnumerable<string> Explain(CommandSpec spec)
    {
        yield return $"{spec.Name}: {spec.Summary}";
        yield return "";
        yield return $"  {spec.Syntax}";
        if (spec.Aliases.Count > 0)
        {
            yield return $"  also: {ValueKinds.Join(spec.Aliases)}";
        }

        if (spec.Parameters.Count > 0)
        {
            yield return "";
            var width = spec.Parameters.Max(parameter => parameter.Shape.Length);
            foreach (var parameter in spec.Parameters)
            {
                yield return $"  {parameter.Shape.PadRight(width)}  {parameter.Help}";
            }
        }

        foreach (var group in new[] { spec.Remarks, [.. spec.Examples.Select(example => $"  {example}")] })
        {
            if (group.Count > 0)
            {
                yield return "";
            }

            foreach (var line in group)
            {
                yield return line;
            }
        }
    }

    private static Task<CommandResult> RunAsync(CommandContext context)
    {
        var table = context.Session.Table;
        if (!context.Arguments.Has(Command))
        {
            return Task.FromResult(List(table));
        }

        var name = context.Arguments.Get(Command);
        var spec = table.Find(name)
            ?? table.Find("!" + name)
            ?? table.Find("." + name)
            ?? throw new CommandSyntaxException($"command: there is no command \"{name}\"", context.Command.Text.LastIndexOf(name, System.StringComparison.Ordinal));
        return Task.FromResult(new CommandResult(
            [.. Explain(spec).Select(line => new OutputLine(line))],
            new JsonObject { ["name"] = spec.Name, ["syntax"] = spec.Syntax, ["summary"] = spec.Summary }));
    }

    private static CommandResult List(CommandTable table)
    {
        var width = table.Commands.Max(command => command.Name.Length);
        var lines = table.Commands.Select(command => $"{command.Name.PadRight(width)}  {command.Summary}");
        var data = new JsonArray([.. table.Commands.Select(command => new JsonObject
        {
            ["name"] = command.Name,
            ["syntax"] = command.Syntax,
            ["summary"] = command.Summary,
        })]);
        return new CommandResult(
            [
                .. lines.Select(line => new OutputLine(line)),
                new OutputLine(""),
                new OutputLine("Numbers are hexadecimal; 0n12 is decimal, 0t17 octal, 0y101 binary. '.help COMMAND' explains one."),
            ],
            new JsonObject { ["commands"] = data });
    }
}
