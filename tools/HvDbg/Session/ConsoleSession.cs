using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Commands;
using HvDbg.Display;
using HvDbg.Forwarding;
using HvDbg.Language;
using HvDbg.Output;
using HvDbg.Sinks;

namespace HvDbg.Session;

/// <summary>What became of one line.</summary>
/// <param name="Succeeded">Whether it was carried out completely.</param>
/// <param name="Leave">Whether the console is to be left.</param>
public readonly record struct Outcome(bool Succeeded, bool Leave);

/// <summary>A console at a target: carries commands out and shows what they answer and what happens meanwhile.</summary>
public sealed class ConsoleSession : IAsyncDisposable
{
    private readonly IConsoleOutput _output;
    private readonly HashSet<string> _warned = [];

    public ConsoleSession(
        Debugger debugger, IConsoleOutput output, CommandTable? table = null, GuestConsole? guestConsole = null, ISinkRegistry? sinks = null)
    {
        Debugger = debugger;
        Table = table ?? CommandTable.Default;
        Scripts = new ScriptStore(debugger, Table);
        Outputs = new OutputRegistry(output.Write, text: Scripts.Text);
        Sinks = sinks ?? Outputs;
        _output = output;
        GuestConsole = guestConsole;
        Pump = new EventPump(debugger, output, Outputs.Take, Scripts);
        Outputs.Forwarded = Pump.CountForwarded;
        Outputs.Returned = Pump.ShowLateAsync;
    }

    public Debugger Debugger { get; }

    public CommandTable Table { get; }

    /// <summary>The scripts of events, by which their messages are shown.</summary>
    public ScriptStore Scripts { get; }

    public EventPump Pump { get; }

    /// <summary>The guest's own console, where the launcher gave one.</summary>
    public GuestConsole? GuestConsole { get; }

    /// <summary>The outputs that events can be forwarded to, as <c>!mode</c> sees them.</summary>
    public ISinkRegistry Sinks { get; }

    /// <summary>The outputs that <c>output</c> makes.</summary>
    public OutputRegistry Outputs { get; }

    /// <summary>Where a dump without address goes on, by command name.</summary>
    public Dictionary<string, ulong> NextAddress { get; } = [];

    /// <summary>Triggers shown before the last command that can cause some: where <c>wait event</c> counts from.</summary>
    public long TriggersBefore { get; private set; }

    /// <summary>The prompt: the processor in front while the guest stands still.</summary>
    public string Prompt => Debugger.IsStopped ? $"{Format.Hex(Debugger.CurrentProcessor)}: HvDbg> " : "HvDbg> ";

    /// <summary>Says that <c>wait event</c> counts from here.</summary>
    public async Task MarkTriggersAsync(CancellationToken cancellationToken)
    {
        await Pump.DrainAsync(cancellationToken).ConfigureAwait(false);
        TriggersBefore = Pump.Triggers;
    }

    /// <summary>Whether a warning was not given yet in this session; it counts as given then.</summary>
    public bool WarnOnce(string subject) => _warned.Add(subject);

    /// <summary>Takes some triggers as waited for.</summary>
    public void ConsumeTriggers(long count) => TriggersBefore += count;

    /// <summary>Carries one line out. Whatever goes wrong is shown, and no exception.</summary>
    public async Task<Outcome> ExecuteAsync(string text, CancellationToken cancellationToken)
    {
        var name = "";
        try
        {
            var command = CommandParser.Parse(Table, text);
            if (command is null)
            {
                return new Outcome(true, false);
            }

            name = command.Spec.Name;
            var result = await command.Spec.Run(new CommandContext(this, command, cancellationToken)).ConfigureAwait(false);
            await Pump.DrainAsync(cancellationToken).ConfigureAwait(false);
            ShowResult(command, result);
            return new Outcome(result.Problem is null, result.Leave);
        }
        catch (CommandSyntaxException problem)
        {
            ShowError(text, name, problem.Message, problem);
        }
        catch (Exception problem) when (problem is DebuggerException or TimeoutException or IOException)
        {
            await Pump.DrainAsync(CancellationToken.None).ConfigureAwait(false);
            ShowError(text, name, problem.Message, null);
        }
        catch (OperationCanceledException)
        {
            ShowError(text, name, "interrupted", null);
        }

        return new Outcome(false, false);
    }

    /// <summary>Leaves: what was forwarded and not written yet is waited for as long as an output's limit allows.</summary>
    public async ValueTask DisposeAsync()
    {
        await Pump.DisposeAsync().ConfigureAwait(false);
        await Outputs.DisposeAsync().ConfigureAwait(false);
    }

    private void ShowResult(ParsedCommand command, CommandResult result)
    {
        var data = new JsonObject { ["type"] = "result", ["command"] = command.Text.Trim(), ["name"] = command.Spec.Name, ["data"] = result.Data };
        _output.Write(new Report(result.Lines, data));
        if (result.Problem is not null)
        {
            ShowError(command.Text, command.Spec.Name, result.Problem, null);
        }
    }

    private void ShowError(string text, string name, string message, CommandSyntaxException? syntax)
    {
        var lines = new List<string>(message.Split('\n'));
        var data = new JsonObject { ["type"] = "error", ["command"] = text.Trim(), ["message"] = message };
        if (name.Length > 0)
        {
            data["name"] = name;
        }

        if (syntax is not null)
        {
            lines.AddRange(syntax.Pointer(text));
            data["position"] = syntax.Position;
        }

        _output.Write(new Report([.. lines.Select(line => new OutputLine(line, LineStyle.Error))], data));
    }
}
