using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Code;
using HvDbg.Display;
using HvDbg.Output;
using HvDbg.Session;

namespace HvDbg.Commands;

/// <summary><c>?</c> and <c>print</c>: the script language on the stopped guest; <c>globals</c>: what scripts have in common.</summary>
internal static class ScriptCommands
{
    private static readonly Positional<string> Script = new(
        "script", ValueKinds.Rest("EXPR|STATEMENTS", "an expression or statements of the script language", (_, reader) => ValueKinds.TakeRest(reader)), "what to run")
    {
        IsRequired = true,
    };

    private static readonly Positional<string> Expression = new(
        "expression", ValueKinds.Rest("EXPR", "an expression of the script language", (_, reader) => ValueKinds.TakeRest(reader)), "what to show the value of")
    {
        IsRequired = true,
    };

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = "?",
            Aliases = ["eval"],
            Summary = "run a script once in the stopped guest, or show an expression's value",
            Parameters = [Script],
            Remarks =
            [
                "It runs in the target, on the current processor, as the same code that events run; what it writes takes effect.",
                "docs/script.md has the language. Globals (.name) are shared with the scripts of events.",
            ],
            Examples = ["? @rax + 1", "? poi(@rsp + 8)", "? .n = 0;", "? printf(\"%s runs on core %x\\n\", $pname, $core);"],
            Run = RunAsync,
        },
        new CommandSpec
        {
            Name = "print",
            Summary = "show an expression's value in hexadecimal",
            Parameters = [Expression],
            Examples = ["print @rip", "print dd(@rsp) & ff", "print .n"],
            Run = PrintAsync,
        },
        new CommandSpec
        {
            Name = "globals",
            Summary = "list the global words of scripts with their values",
            Examples = ["globals"],
            Run = ListAsync,
        },
    ];

    /// <summary>Runs a script once and answers rax.</summary>
    /// <exception cref="DebuggerException">It failed; the message says why and where.</exception>
    internal static async Task<ulong> RunAsync(ConsoleSession session, CompiledScript script, CancellationToken cancellationToken)
    {
        session.Scripts.Once = script;
        return await ScriptRun.ValueAsync(session.Debugger, script, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The value of an expression in the stopped guest.</summary>
    internal static async Task<ulong> EvaluateAsync(ConsoleSession session, string expression, CancellationToken cancellationToken)
    {
        var script = await session.Debugger.CompileExpressionAsync(expression, null, cancellationToken).ConfigureAwait(false);
        return await RunAsync(session, script, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<CommandResult> RunAsync(CommandContext context)
    {
        var text = context.Arguments.Get(Script).Trim();
        try
        {
            var value = await EvaluateAsync(context.Session, text.TrimEnd(';'), context.CancellationToken).ConfigureAwait(false);
            return new CommandResult(
                [new OutputLine($"{Format.Hex(value)}  (0n{value.ToString(CultureInfo.InvariantCulture)})")], new JsonObject { ["value"] = Format.Json(value) });
        }
        catch (ScriptException)
        {
            // No expression: statements then, whose last one may lack its end here.
            var statements = text[^1] is ';' or '}' ? text : text + ";";
            var script = await context.Debugger.CompileScriptAsync(statements, null, context.CancellationToken).ConfigureAwait(false);
            await RunAsync(context.Session, script, context.CancellationToken).ConfigureAwait(false);
            return CommandResult.Nothing;
        }
    }

    private static async Task<CommandResult> PrintAsync(CommandContext context)
    {
        var value = await EvaluateAsync(context.Session, context.Arguments.Get(Expression), context.CancellationToken).ConfigureAwait(false);
        return CommandResult.Line(Format.Hex(value), new JsonObject { ["value"] = Format.Json(value) });
    }

    private static async Task<CommandResult> ListAsync(CommandContext context)
    {
        var globals = await context.Debugger.ListGlobalsAsync(context.CancellationToken).ConfigureAwait(false);
        var data = new JsonObject
        {
            ["globals"] = new JsonArray([.. globals.Select(global => new JsonObject { ["name"] = global.Name, ["value"] = Format.Json(global.Value) })]),
        };
        if (globals.Count == 0)
        {
            return CommandResult.Line("no script has named a global", data);
        }

        var table = new TextTable("name", ">value");
        foreach (var global in globals.OrderBy(global => global.Name, StringComparer.Ordinal))
        {
            table.Add("." + global.Name, Format.Hex(global.Value));
        }

        return new CommandResult([.. table.Lines().Select(line => new OutputLine(line))], data);
    }
}
