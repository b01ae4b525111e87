using System.IO;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Code;
using HvDbg.Commands;

namespace HvDbg.Session;

/// <summary>The scripts of one event.</summary>
/// <param name="When">Its condition; null: none, or machine code.</param>
/// <param name="Script">The script among its actions; null: none.</param>
public sealed record EventScripts(CompiledScript? When, CompiledScript? Script)
{
    /// <summary>No scripts.</summary>
    public static EventScripts None { get; } = new(null, null);

    /// <summary>The script of an action, or of the condition (null). An event has one script among its actions.</summary>
    public CompiledScript? Part(int? action) => action is null ? When : Script;

    /// <summary>Compiles what a <c>!mode</c> command has of scripts.</summary>
    /// <exception cref="ScriptException">One of them is wrong.</exception>
    public static async Task<EventScripts> CompileAsync(Debugger debugger, ParsedCommand command, CancellationToken cancellationToken)
    {
        var arguments = command.Arguments;
        var when = arguments.Object(ModeOptions.When);
        var script = arguments.Object(ModeOptions.Script);
        return new EventScripts(
            when is null ? null : await debugger.CompileExpressionAsync(when.Text, null, cancellationToken).ConfigureAwait(false),
            script is null ? null : await CompileAsync(debugger, script, cancellationToken).ConfigureAwait(false));
    }

    private static async Task<CompiledScript> CompileAsync(Debugger debugger, ScriptText script, CancellationToken cancellationToken)
    {
        if (script.Path is null)
        {
            return await debugger.CompileScriptAsync(script.Text, null, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            var text = await File.ReadAllTextAsync(script.Path, cancellationToken).ConfigureAwait(false);
            return await debugger.CompileScriptAsync(text, new ScriptOptions { Name = script.Path }, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException problem)
        {
            throw new DebuggerException($"script: {script.Path}: {problem.Message}", problem);
        }
    }
}
