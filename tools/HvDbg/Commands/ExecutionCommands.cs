using System;
using System.Collections.Generic;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Display;

namespace HvDbg.Commands;

/// <summary><c>g</c>, <c>pause</c>, <c>flush</c>, <c>exit</c>.</summary>
internal static class ExecutionCommands
{
    private static readonly TimeSpan ShowTime = TimeSpan.FromSeconds(5);

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = "g",
            Aliases = ["go"],
            Summary = "let the guest go on",
            Run = ContinueAsync,
        },
        new CommandSpec
        {
            Name = "pause",
            Summary = "stop the guest, as Ctrl+C does",
            Remarks =
            [
                "Works whatever the guest does: idle, spinning with interrupts off, or after a panic. Not in a console that only observes (--observe).",
            ],
            Run = PauseAsync,
        },
        new CommandSpec
        {
            Name = "flush",
            Summary = "throw away the messages that the target has collected and not sent",
            Remarks = ["They count as dropped at their events. What had been sent before is shown first."],
            Run = FlushAsync,
        },
        new CommandSpec
        {
            Name = "exit",
            Aliases = ["quit", "q"],
            Summary = "leave the console; the target stays as it is, with its events",
            Run = _ => Task.FromResult(CommandResult.Nothing with { Leave = true }),
        },
    ];

    private static async Task<CommandResult> ContinueAsync(CommandContext context)
    {
        await context.Session.MarkTriggersAsync(context.CancellationToken).ConfigureAwait(false);
        await context.Debugger.ContinueAsync(context.CancellationToken).ConfigureAwait(false);
        return CommandResult.Nothing;
    }

    private static async Task<CommandResult> PauseAsync(CommandContext context)
    {
        var before = context.Debugger.CurrentStop;
        var stop = await context.Debugger.PauseAsync(context.CancellationToken).ConfigureAwait(false);
        await context.Session.Pump.WaitUntilShownAsync(stop, ShowTime, context.CancellationToken).ConfigureAwait(false);
        var data = new JsonObject
        {
            ["reason"] = StopDisplay.ReasonName(stop.Reason),
            ["processor"] = stop.Processor,
            ["rip"] = Format.Json(stop.Rip),
        };
        return before is null ? new CommandResult([], data) : CommandResult.Line("the guest stands still already", data);
    }

    private static async Task<CommandResult> FlushAsync(CommandContext context)
    {
        var thrown = await context.Debugger.FlushAsync(context.CancellationToken).ConfigureAwait(false);
        var status = await context.Debugger.GetStatusAsync(context.CancellationToken).ConfigureAwait(false);
        await context.Session.Pump.DrainAsync(context.CancellationToken).ConfigureAwait(false);
        return CommandResult.Line(
            $"{Format.Count(thrown)} messages thrown away, {Format.Count(status.Dropped)} dropped since boot",
            new JsonObject { ["thrownAway"] = thrown, ["dropped"] = status.Dropped });
    }
}
