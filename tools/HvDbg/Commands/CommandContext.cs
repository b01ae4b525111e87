using System.Collections.Generic;
using System.Text.Json.Nodes;
using System.Threading;
using HvDbg.Client;
using HvDbg.Output;
using HvDbg.Session;

namespace HvDbg.Commands;

/// <summary>What a command works with.</summary>
public sealed record CommandContext(ConsoleSession Session, ParsedCommand Command, CancellationToken CancellationToken)
{
    public Debugger Debugger => Session.Debugger;

    public Arguments Arguments => Command.Arguments;
}

/// <summary>What a command answers, for people and for programs.</summary>
/// <param name="Lines">The lines that are shown.</param>
/// <param name="Data">The same as an object, with the field names that <c>docs/commands.md</c> lists.</param>
public sealed record CommandResult(IReadOnlyList<OutputLine> Lines, JsonObject Data)
{
    /// <summary>Whether the console is to be left.</summary>
    public bool Leave { get; init; }

    /// <summary>Why the command succeeded in part only; it counts as failed, and what it found is shown all the same.</summary>
    public string? Problem { get; init; }

    /// <summary>An answer without content.</summary>
    public static CommandResult Nothing => new([], []);

    public static CommandResult Line(string text, JsonObject? data = null) => new([new OutputLine(text)], data ?? []);
}
