using System;
using System.Collections.Generic;
using System.Linq;
using HvDbg.Commands;
using HvDbg.Language;
using HvDbg.Tests.Fake;
using HvKernel.Fuzzing;

namespace HvDbg.Fuzzing;

/// <summary>
/// The console's language: a line is understood, or refused in one line of text with a place in it; a refused one sends nothing. What is
/// understood is carried out at a target without a machine, but for commands that wait, leave, or write files.
/// </summary>
public sealed class CommandTarget : FuzzTarget<string>
{
    private const int CommandsOfOneSession = 300;

    private static readonly HashSet<string> NotRun = ["wait", "sleep", "output", "g", "t", "i", "p", "gu", "pause", "q", "flush"];

    private ConsoleHarness? _console;
    private int _run;

    public override string Name => "commands";

    protected override string[] Generate(FuzzRandom random) => CommandLines.Generate(random);

    protected override string Run(string[] input, FuzzRandom random)
    {
        var line = string.Concat(input);
        ParsedCommand? command;
        Tokenizer.IsOpen(line);
        try
        {
            command = CommandParser.Parse(CommandTable.Default, line);
        }
        catch (CommandSyntaxException problem)
        {
            Check(line, problem.Message, problem.Position);
            foreach (var shown in problem.Pointer(line))
                FuzzFailureException.Unless(!shown.Contains('\n'), "the line under the message has a line end");
            return "refused";
        }

        if (command is null)
        {
            FuzzFailureException.Unless(string.IsNullOrWhiteSpace(line), "taken for an empty line");
            return "empty";
        }

        return NotRun.Contains(command.Spec.Name) ? "understood" : Execute(line);
    }

    protected override string Describe(string[] input) => System.Text.Json.JsonSerializer.Serialize(string.Concat(input));

    protected override void Dispose(bool disposing) => _console?.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static void Check(string line, string message, int position)
    {
        FuzzFailureException.Unless(position >= 0 && position <= line.Length, $"the place {position} is not in the line: {message}");
        FuzzFailureException.Unless(message.Length > 0 && !message.Any(c => c is '\n' or '\r'), $"the message is not one line: {message}");
    }

    private string Execute(string line)
    {
        if (_console is null || ++_run > CommandsOfOneSession)
        {
            _console?.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _console = ConsoleHarness.StartAsync(options: FakeTarget.FastOptions with { PollInterval = TimeSpan.Zero }).GetAwaiter().GetResult();
            _run = 0;
        }

        var before = _console.Target.Executed.Count;
        var shown = _console.Reports.Count;
        _console.RunAsync(line).GetAwaiter().GetResult();
        if (_console.Succeeded)
            return "carried out";

        // An error with a place is one of the language, found after the line was parsed: nothing may have been sent.
        var error = _console.Reports.Skip(shown).Select(report => report.Data).First(data => (string?)data["type"] == "error");
        if (error["position"] is not { } place)
            return "failed at the target";
        Check(line, (string)error["message"]!, (int)place);
        FuzzFailureException.Unless(_console.Target.Executed.Count == before, "refused, and something was sent all the same");
        return "refused when carried out";
    }
}
