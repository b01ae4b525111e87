using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Language;
using HvKernel.Protocol;

namespace HvDbg.Commands;

/// <summary><c>t</c>, <c>i</c>, <c>p</c>, <c>gu</c>.</summary>
internal static class StepCommands
{
    private static readonly TimeSpan ShowTime = TimeSpan.FromSeconds(5);

    private static readonly Positional<uint> Count =
        new("count", new ValueKind<uint>("COUNT", Number.Expected(32), ReadCount), "how many steps; 1 without it");

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = "t",
            Summary = "step: execute one instruction on the current processor, while the others run",
            Parameters = [Count],
            Remarks =
            [
                "Interrupts wait while an instruction is stepped, so that a step stays in the code. An instruction that faults ends at the first one of its handler;",
                "'syscall' ends at the kernel's entry. A string instruction with a rep prefix is one step for each repetition. Several steps show each instruction.",
                "Another stop that comes meanwhile (an event, a breakpoint, Ctrl+C) ends the steps, and the command says so.",
            ],
            Examples = ["t", "t 0n20"],
            Run = context => RunAsync(context, StepKind.Into, holdOthers: false),
        },
        new CommandSpec
        {
            Name = "i",
            Summary = "step as 't' does, while all other processors stand still",
            Parameters = [Count],
            Remarks = ["An instruction that waits for another processor (a spin lock, an answer to an interrupt) never gets on in this way: use 't' or 'g'."],
            Examples = ["i", "i 10"],
            Run = context => RunAsync(context, StepKind.Into, holdOthers: true),
        },
        new CommandSpec
        {
            Name = "p",
            Summary = "step over: one instruction with all that it calls",
            Parameters = [Count],
            Remarks =
            [
                "Calls, system calls, software interrupts and string instructions with a rep prefix are run through; everything else is stepped as 't' does.",
                "The end of a call is where its caller's stack is as it was, in the same address space: recursion and other threads in the same code do not end it.",
                "A call that does not return runs on until Ctrl+C.",
            ],
            Examples = ["p", "p 8"],
            Run = context => RunAsync(context, StepKind.Over, holdOthers: false),
        },
        new CommandSpec
        {
            Name = "gu",
            Summary = "go up: run until the current function has returned",
            Remarks =
            [
                "Ends behind the call. Instructions of the function are stepped, what it calls is run through. "
                    + $"It stops after {Format.Hex(Debugger.DefaultStepLimit)} (0n{Debugger.DefaultStepLimit.ToString(CultureInfo.InvariantCulture)}) instructions in any case,",
                "and with Ctrl+C. Interrupts wait while the function itself runs: one that waits for an interrupt must be left with a breakpoint and 'g'.",
            ],
            Examples = ["gu"],
            Run = context => RunAsync(context, StepKind.Out, holdOthers: false),
        },
    ];

    private static uint ReadCount(string name, TokenReader reader)
    {
        var position = reader.Position;
        var count = (uint)Number.Require(name, reader.Take(), 32);
        return count == 0 ? throw new CommandSyntaxException($"{name}: expected at least 1", position) : count;
    }

    private static async Task<CommandResult> RunAsync(CommandContext context, StepKind kind, bool holdOthers)
    {
        var debugger = context.Debugger;
        var token = context.CancellationToken;
        var count = kind == StepKind.Out ? 1 : context.Arguments.Has(Count) ? context.Arguments.Get(Count) : 1;
        await context.Session.MarkTriggersAsync(token).ConfigureAwait(false);
        var result = await (kind switch
        {
            StepKind.Over => debugger.StepOverAsync(count, null, token),
            StepKind.Out => debugger.StepOutAsync(null, Debugger.DefaultStepLimit, token),
            _ => debugger.StepAsync(count, holdOthers, null, token),
        }).ConfigureAwait(false);
        await context.Session.Pump.WaitUntilShownAsync(result.Stop, ShowTime, token).ConfigureAwait(false);
        var data = new JsonObject
        {
            ["steps"] = result.Steps,
            ["reason"] = StopDisplay.ReasonName(result.Stop.Reason),
            ["processor"] = result.Stop.Processor,
            ["rip"] = Format.Json(result.Stop.Rip),
        };
        return new CommandResult(Ended(result, data), data) { Problem = Problem(result) };
    }

    // What came in the way of a step, where it is no fault of the step.
    private static List<Output.OutputLine> Ended(StepResult result, JsonObject data)
    {
        if (result.IsComplete || result.Stop.Reason == StopReason.Step)
        {
            return [];
        }

        var cause = result.Stop.Reason switch
        {
            StopReason.Event => $"event {Format.Hex(result.Stop.EventId ?? 0)}",
            StopReason.Breakpoint => $"breakpoint {Format.Hex(result.Stop.BreakpointId ?? 0)}",
            StopReason.Pause => "a pause",
            StopReason.TripleFault => "a triple fault",
            _ => StopDisplay.ReasonName(result.Stop.Reason),
        };
        data["endedBy"] = cause;
        return
        [
            new Output.OutputLine(
                $"{cause} came before the end of {(result.Wanted == 1 ? "the step" : $"step {Format.Hex(result.Steps + 1)} of {Format.Hex(result.Wanted)}")}",
                Output.LineStyle.Warning),
        ];
    }

    private static string? Problem(StepResult result) => result.Stop.StepEnd switch
    {
        StepEnd.LimitReached =>
            $"the step has not come to its end after {Format.Hex(Debugger.DefaultStepLimit)} instructions: repeat the command, or set a breakpoint and use 'g'",
        StepEnd.NoPlaceToStop => "the code behind the call cannot be stopped at (no RAM, or all pages for breakpoints are in use): the step ends inside the call",
        _ => null,
    };
}
