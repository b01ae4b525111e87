using System;
using System.Collections.Generic;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Language;

namespace HvDbg.Commands;

/// <summary><c>wait</c> and <c>sleep</c>, for scripts.</summary>
internal static class BatchCommands
{
    private const uint DefaultSeconds = 60;

    // Timers take no more than 2^32 − 2 milliseconds.
    private const uint LongestMilliseconds = uint.MaxValue - 1;
    private const uint LongestSeconds = LongestMilliseconds / 1000;

    private static readonly Positional<WaitTarget> What = new(
        "what",
        new ValueKind<WaitTarget>("{event [COUNT]|guest \"TEXT\"}", "event or guest", ReadTarget),
        "event: COUNT (1) stops by events, logged transitions, buffers or failures of code; guest: a text on the guest's console")
    {
        IsRequired = true,
    };

    private static readonly Option<uint> Timeout =
        new("timeout", ValueKinds.Word("SECONDS"), $"when to give up and fail; {DefaultSeconds:x} (0n{DefaultSeconds}) without it");

    private static readonly Positional<uint> Milliseconds =
        new("milliseconds", ValueKinds.Word("MILLISECONDS"), "how long") { IsRequired = true };

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = "wait",
            Summary = "wait until something happens (for scripts)",
            Parameters = [What, Timeout],
            Remarks =
            [
                "Events count from the last '!mode', 'g' or 'events' command, or from what the last 'wait event' waited for.",
                "An event with 'count', or with code that returns no buffer, sends nothing that could be waited for.",
                "The guest's console is the file given by --guest-console or HVDBG_GUEST_CONSOLE; each search begins behind what the one before found.",
                "These numbers are hexadecimal too: 'timeout 0n30' is half a minute.",
            ],
            Examples = ["wait event", "wait event 0n100 timeout 0n30", "wait guest \"login:\" timeout 0n120"],
            Run = context => context.Arguments.Get(What) is { Text: { } text } ? GuestAsync(context, text) : EventAsync(context),
        },
        new CommandSpec
        {
            Name = "sleep",
            Summary = "do nothing for a while (for scripts)",
            Parameters = [Milliseconds],
            Remarks = ["The number is hexadecimal: 'sleep 0n1000' is a second."],
            Examples = ["sleep 0n500"],
            Run = SleepAsync,
        },
    ];

    private static WaitTarget ReadTarget(string name, TokenReader reader)
    {
        var token = reader.Take();
        var isWord = token.IsWord;
        if (isWord && token.Text.Equals("guest", StringComparison.OrdinalIgnoreCase))
        {
            return reader.AtEnd
                ? throw new CommandSyntaxException("guest: expected a text in quotes, the value is missing", reader.Position)
                : ReadText(reader.Take());
        }

        if (!isWord || !token.Text.Equals("event", StringComparison.OrdinalIgnoreCase))
        {
            throw new CommandSyntaxException($"{name}: expected event or guest, found {token.Shown}", token.Start);
        }

        if (reader.Peek is not { IsWord: true } next || next.Text.Equals("timeout", StringComparison.OrdinalIgnoreCase))
        {
            return new WaitTarget(null, 1);
        }

        var count = (uint)Number.Require("count", reader.Take(), 32);
        return count == 0
            ? throw new CommandSyntaxException("count: expected at least 1", next.Start)
            : new WaitTarget(null, count);
    }

    private static WaitTarget ReadText(Token token) => token.Text.Length == 0
        ? throw new CommandSyntaxException("guest: expected a text that is not empty", token.Start)
        : new WaitTarget(token.Text, 0);

    private static async Task<CommandResult> EventAsync(CommandContext context)
    {
        var session = context.Session;
        var count = context.Arguments.Get(What).Count;
        var seconds = Math.Min(LongestSeconds, context.Arguments.Get(Timeout, DefaultSeconds));
        var before = session.TriggersBefore;
        var arrived = await session.Pump
            .WaitForTriggersAsync(before, count, TimeSpan.FromSeconds(seconds), context.CancellationToken)
            .ConfigureAwait(false);
        if (!arrived)
        {
            throw new DebuggerException($"wait: {session.Pump.Triggers - before} of {count} events came within {seconds} s");
        }

        session.ConsumeTriggers(count);
        return new CommandResult([], new JsonObject { ["events"] = count });
    }

    private static async Task<CommandResult> GuestAsync(CommandContext context, string text)
    {
        var console = context.Session.GuestConsole
            ?? throw new DebuggerException("wait guest: the guest's console is not known; give its file with --guest-console FILE or HVDBG_GUEST_CONSOLE");
        var seconds = Math.Min(LongestSeconds, context.Arguments.Get(Timeout, DefaultSeconds));
        var line = await console.WaitAsync(text, TimeSpan.FromSeconds(seconds), context.CancellationToken).ConfigureAwait(false)
            ?? throw new DebuggerException($"wait: the guest did not print \"{text}\" within {seconds} s");
        return new CommandResult([new Output.OutputLine(line, Output.LineStyle.Dim)], new JsonObject { ["line"] = line });
    }

    private static async Task<CommandResult> SleepAsync(CommandContext context)
    {
        var milliseconds = Math.Min(LongestMilliseconds, context.Arguments.Get(Milliseconds));
        await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), context.CancellationToken).ConfigureAwait(false);
        return new CommandResult([], new JsonObject { ["milliseconds"] = milliseconds });
    }

    /// <summary>What is waited for: a text of the guest, or a number of events.</summary>
    private sealed record WaitTarget(string? Text, uint Count);
}
