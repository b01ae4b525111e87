using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Language;
using HvDbg.Output;
using HvDbg.Session;
using HvDbg.Terminal;
using HvKernel.Protocol;

namespace HvDbg;

/// <summary>The program behind its command line: attaches, runs the batch or takes commands, and says with its exit status how it went.</summary>
public static class ConsoleProgram
{
    private static readonly TimeSpan LeaveTwice = TimeSpan.FromSeconds(2);

    /// <returns>0, or 1 where the target did not appear or a command of the batch failed.</returns>
    public static async Task<int> RunAsync(
        ConsoleOptions options, IConsoleOutput output, ILineReader reader, CancellationToken cancellationToken)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Func<Task>? interrupt = null;
        using var keys = new Interrupt(() => interrupt, leaving);
        try
        {
            var commands = ReadBatch(options.Batch);
            var link = new LinkOptions { Manner = options.Observe ? AttachManner.Observer : AttachManner.Debugger };
            var debugger = await Debugger.AttachAsync(options.Endpoint, options.Wait, link, leaving.Token).ConfigureAwait(false);
            await using var closing = debugger.ConfigureAwait(false);
            output.Write(Attached(options.Endpoint, debugger));
            var guest = options.GuestConsole is { Length: > 0 } file ? new GuestConsole(file) : null;
            var session = new ConsoleSession(debugger, output, null, guest);
            await using var ending = session.ConfigureAwait(false);
            if (debugger.CurrentStop is { } stop)
            {
                await session.Pump.ShowAsync(stop).ConfigureAwait(false);
            }

            if (options.Batch.Count > 0)
            {
                interrupt = () => session.ExecuteAsync("pause", leaving.Token);
                return await BatchRunner.RunAsync(session, commands, options.StopOnError, leaving.Token).ConfigureAwait(false) ? 0 : 1;
            }

            var runner = new InteractiveRunner(session, reader);
            interrupt = runner.InterruptAsync;
            await runner.RunAsync(leaving.Token).ConfigureAwait(false);
            return 0;
        }
        catch (OperationCanceledException)
        {
            return 1;
        }
        catch (Exception problem) when (problem is DebuggerException or FormatException or IOException or UnauthorizedAccessException)
        {
            output.Write(new Report(
                [new OutputLine(problem.Message, LineStyle.Error)], new JsonObject { ["type"] = "error", ["message"] = problem.Message }));
            return 1;
        }
    }

    /// <summary>All commands of the batch. Files are read before the target is touched, so that a missing one leaves nothing half-done.</summary>
    private static List<string> ReadBatch(IReadOnlyList<BatchItem> batch)
    {
        var commands = new List<string>();
        foreach (var item in batch)
        {
            if (!item.IsFile)
            {
                commands.Add(item.Text);
                continue;
            }

            var text = item.Text == "-" ? Console.In.ReadToEnd() : File.ReadAllText(item.Text);
            AddLines(commands, text);
        }

        return commands;
    }

    /// <summary>One command a line; a brace that is open at the end of a line goes on in the next.</summary>
    private static void AddLines(List<string> commands, string text)
    {
        var open = "";
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            var command = open.Length > 0 ? $"{open}\n{line}" : line.Trim();
            open = "";
            if (command.Length == 0 || command[0] == '#')
            {
                continue;
            }

            if (Tokenizer.IsOpen(command))
            {
                open = command;
            }
            else
            {
                commands.Add(command.TrimEnd());
            }
        }

        if (open.Length > 0)
        {
            commands.Add(open);
        }
    }

    private static Report Attached(string endpoint, Debugger debugger)
    {
        var target = debugger.Target;
        var state = debugger.IsStopped ? "stopped" : "running";
        var transitions = (target.Capabilities & TargetCapabilities.ModeBasedExecute) != 0 ? ""
            : (target.Capabilities & TargetCapabilities.ShadowRoots) != 0 ? ", no MBEC: transitions by shadow page roots"
            : ", no MBEC";
        var observing = debugger.Manner == AttachManner.Observer ? ", observing only" : "";
        return new Report(
            [new OutputLine($"attached to {endpoint}: {target.Processors} processor(s), guest {state}{transitions}{observing}")],
            new JsonObject
            {
                ["type"] = "attached",
                ["endpoint"] = endpoint,
                ["protocol"] = target.ProtocolVersion,
                ["processors"] = target.Processors,
                ["boot"] = Format.Json(target.BootId),
                ["image"] = target.BuildId,
                ["stopped"] = debugger.IsStopped,
                ["observing"] = debugger.Manner == AttachManner.Observer,
            });
    }

    /// <summary>Ctrl+C: stops the guest once there is one, and leaves where it is pressed twice or there is none yet.</summary>
    private sealed class Interrupt : IDisposable
    {
        private readonly Func<Func<Task>?> _action;
        private readonly CancellationTokenSource _leaving;
        private DateTime _last = DateTime.MinValue;

        internal Interrupt(Func<Func<Task>?> action, CancellationTokenSource leaving)
        {
            _action = action;
            _leaving = leaving;
            Console.CancelKeyPress += OnKey;
        }

        public void Dispose() => Console.CancelKeyPress -= OnKey;

        private void OnKey(object? sender, ConsoleCancelEventArgs key)
        {
            key.Cancel = true;
            var action = _action();
            var again = DateTime.UtcNow - _last < LeaveTwice;
            _last = DateTime.UtcNow;
            if (action is null || again)
            {
                _leaving.Cancel();
                return;
            }

            _ = Task.Run(action);
        }
    }
}
