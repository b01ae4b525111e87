using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Output;
using HvDbg.Session;
using HvDbg.Sinks;
using HvKernel.Protocol;

namespace HvDbg.Commands;

/// <summary><c>!mode</c> and <c>preactivate</c>.</summary>
internal static class ModeCommands
{
    private static readonly Positional<EventType> Feature = new(
        "feature", ValueKinds.Choice(("mode", EventType.TrapExecutionModeChanged)), "what to switch on: mode")
    {
        IsRequired = true,
    };

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = "!mode",
            Summary = "catch the transitions of a process between user mode and kernel",
            Parameters =
            [
                ModeOptions.Mode, ModeOptions.Pid, ModeOptions.Cr3, ModeOptions.Core, ModeOptions.Immediate, ModeOptions.ShortCircuit, ModeOptions.Stage,
                ModeOptions.Buffer, ModeOptions.Run, ModeOptions.Condition, ModeOptions.Code, ModeOptions.When, ModeOptions.Output, ModeOptions.Script, ModeOptions.Log, ModeOptions.Count,
            ],
            Remarks =
            [
                "Without code, log or count the guest stops at each trigger, before the first instruction of the new mode.",
                "Options may stand in any order. 'events' lists what was set; 'events show ID' tells how its code runs; 'events c ID' clears it.",
                "code finds rcx = safe buffer or 0, rdx = GUEST_REGS, r8 = 3 (user mode was reached) or 0 (the kernel was).",
                "condition finds rcx = GUEST_REGS, rdx = 3 or 0. GUEST_REGS: rax rcx rdx rbx rsp rbp rsi rdi r8 … r15, 8 bytes each; writes take effect.",
                "asm belongs to the one block behind it. Instructions are separated by ';'. A ret at the end may be left out.",
                "script takes a text in HyperDbg's language; what it prints is shown, and pause() stops the guest. when takes one expression of it.",
                "Code that fails is ended and reported, and its event disabled; the guest goes on.",
            ],
            Examples =
            [
                "!mode u pid 1c0",
                "!mode ku pid 0n448 log",
                "!mode k cr3 10a3c2000 core 1 count",
                "!mode k pid 490 script {.n = .n + 1;}",
                "!mode k pid 490 when {@rax == 1} script {printf(\"%s writes %llx bytes\\n\", $pname, @rdx);}",
                "!mode ku pid 490 code {90 90 90} condition {90 90 90}",
                "!mode k pid 490 asm code {mov rax, gs:[0x188]; mov rax, [rax+0xb8]; add rax, 0x450} buffer 18",
            ],
            Run = AddAsync,
        },
        new CommandSpec
        {
            Name = "preactivate",
            Summary = "switch a feature on ahead of the first event that needs it",
            Parameters = [Feature],
            Remarks = ["The first '!mode' does it by itself where it was not done."],
            Examples = ["preactivate mode"],
            Run = PreactivateAsync,
        },
    ];

    private static async Task<CommandResult> AddAsync(CommandContext context)
    {
        var scripts = await EventScripts.CompileAsync(context.Debugger, context.Command, context.CancellationToken).ConfigureAwait(false);
        var definition = ModeDefinition.Of(context.Command, scripts);
        var outputs = ModeDefinition.Outputs(context.Arguments, context.Session.Sinks);
        if (definition.Breaks && context.Debugger.Manner == AttachManner.Observer)
        {
            throw new DebuggerException(
                "!mode: without code, log or count an event stops the guest, and this console observes only (--observe)");
        }

        await context.Session.MarkTriggersAsync(context.CancellationToken).ConfigureAwait(false);
        var added = await RegisterAsync(context, definition, scripts, outputs).ConfigureAwait(false);
        var name = added.ProcessName.Length > 0 ? $", {added.ProcessName}" : "";
        var lines = new List<OutputLine> { new($"event {Format.Hex(added.Id)} watches {EventText.Process(definition.Process)}{name}") };
        if (added.Activated)
        {
            lines.Add(new OutputLine("the trap for transitions was off and is on now ('preactivate mode' does that ahead of time)"));
        }

        var data = new JsonObject { ["event"] = added.Id, ["process"] = added.ProcessName, ["activated"] = added.Activated };
        var warnings = Warnings(context, definition, outputs).ToArray();
        if (warnings.Length > 0)
        {
            lines.AddRange(warnings.Select(warning => new OutputLine($"warning: {warning}", LineStyle.Warning)));
            data["warnings"] = new JsonArray([.. warnings.Select(warning => JsonValue.Create(warning))]);
        }

        return new CommandResult(lines, data);
    }

    private static async Task<AddedEvent> RegisterAsync(
        CommandContext context, ModeEventDefinition definition, EventScripts scripts, IReadOnlyList<string> outputs)
    {
        var sinks = context.Session.Sinks;
        var expected = sinks.Expect(outputs);
        try
        {
            var added = await context.Debugger.AddEventAsync(definition, context.CancellationToken).ConfigureAwait(false);
            context.Session.Scripts.Keep(added.Id, scripts);
            sinks.Attach(added.Id, outputs);
            return added;
        }
        finally
        {
            if (expected is not null)
            {
                await expected.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static IEnumerable<string> Warnings(CommandContext context, ModeEventDefinition definition, IReadOnlyList<string> outputs)
    {
        var hasCode = definition.Actions.Any(action => action.Code is not null || action.Script is not null);
        if (context.Arguments.Has(ModeOptions.Buffer) && !hasCode)
        {
            yield return "nothing uses the buffer, because there is no code";
        }

        if (context.Arguments.Get(ModeOptions.Run, RunChoice.Auto) == RunChoice.Root && (hasCode || definition.Condition is not null)
            && context.Session.WarnOnce("run root"))
        {
            yield return "code that runs in VMX root ('run root') can take the machine down";
        }

        if (definition.ShortCircuit && definition.Mode != ModeTrapDirection.User && context.Session.WarnOnce("sc on k"))
        {
            yield return "'sc on' with k holds back system calls and interrupts of the process, and its processor with them, until a time limit ends it";
        }

        foreach (var output in outputs.Where(output => context.Session.Sinks.StateOf(output) == SinkState.NotOpened))
        {
            yield return $"the output {output} is not open yet: 'output open {output}' opens it";
        }

        foreach (var output in outputs.Where(output => context.Session.Sinks.StateOf(output) == SinkState.Failed))
        {
            yield return $"the output {output} failed: 'output open {output}' tries again";
        }
    }

    private static async Task<CommandResult> PreactivateAsync(CommandContext context)
    {
        await context.Debugger.PreactivateModeAsync(context.CancellationToken).ConfigureAwait(false);
        return CommandResult.Line("the trap for transitions is on", new JsonObject { ["feature"] = "mode" });
    }
}
