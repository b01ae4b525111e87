using System.Collections.Generic;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Output;
using HvKernel.Protocol;

namespace HvDbg.Commands;

/// <summary><c>bp</c>, <c>bl</c>, <c>be</c>, <c>bd</c>, <c>bc</c>.</summary>
internal static class BreakpointCommands
{
    private static readonly Option<uint> Pid =
        new("pid", ValueKinds.Word("X"), "an address of this process, and only this process stops");

    private static readonly Option<uint> Core = new("core", ValueKinds.Word("X"), "only on this processor; all without it");

    private static readonly Positional<uint?> Id = new("id", ValueKinds.WordOrAll("ID"), "the breakpoint's number, or all") { IsRequired = true };

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = "bp",
            Summary = "set a breakpoint on an instruction",
            Parameters = [MemoryOptions.RequiredAddress, Pid, Core],
            Remarks =
            [
                "The guest stops before the instruction is executed. The address must be the first byte of an instruction, and mapped now: the breakpoint stands",
                "at the physical address that it has now, in every process that maps the page, until it is cleared.",
                "The guest cannot read the breakpoint's byte: the processor executes a copy of the page, and what it reads and writes is the page itself. Where the",
                "processor lacks execute-only EPT translations ('cpu' tells) the byte is visible, and 'bp' and 'bl' say so.",
                "'g' and steps from a breakpoint execute its instruction first. At most 40 (0n64) breakpoints, on at most 20 (0n32) pages.",
            ],
            Examples = ["bp do_exit", "bp 401136 pid 1c0", "bp @rip+5 core 1"],
            Run = AddAsync,
        },
        new CommandSpec
        {
            Name = "bl",
            Summary = "list breakpoints: where they stand, whom they stop, how often they did",
            Run = ListAsync,
        },
        Modify("be", "enable a breakpoint, or all", BreakpointOperation.Enable, "enabled"),
        Modify("bd", "disable a breakpoint, or all: it stays in the list", BreakpointOperation.Disable, "disabled"),
        Modify("bc", "clear a breakpoint, or all", BreakpointOperation.Clear, "cleared"),
    ];

    private static CommandSpec Modify(string name, string summary, BreakpointOperation operation, string word) => new()
    {
        Name = name,
        Summary = summary,
        Parameters = [Id],
        Examples = [$"{name} 0", $"{name} all"],
        Run = async context =>
        {
            var id = context.Arguments.Get(Id);
            await context.Debugger.ModifyBreakpointAsync(id ?? LinkProtocol.All, operation, context.CancellationToken).ConfigureAwait(false);
            var which = id is { } one ? $"breakpoint {Format.Hex(one)}" : "all breakpoints";
            return CommandResult.Line($"{which} {word}", new JsonObject { ["breakpoint"] = id, ["operation"] = word });
        },
    };

    private static async Task<CommandResult> AddAsync(CommandContext context)
    {
        var debugger = context.Debugger;
        var token = context.CancellationToken;
        if (!debugger.IsStopped)
        {
            throw new TargetException(MessageType.AddBreakpoint, ReplyStatus.NotStopped, 0);
        }

        var pid = context.Arguments.Find(Pid);
        var view = pid is { } of ? await MemoryOptions.ViewOfPidAsync(context, of).ConfigureAwait(false) : default;
        var address = await context.Arguments.Get(MemoryOptions.RequiredAddress).EvaluateAsync(debugger, token).ConfigureAwait(false);
        AddedBreakpoint added;
        try
        {
            added = await debugger
                .AddBreakpointAsync(new BreakpointDefinition(address, view, pid, context.Arguments.Find(Core)), token)
                .ConfigureAwait(false);
        }
        catch (TargetException refusal) when (refusal.Status is ReplyStatus.NotMapped or ReplyStatus.NotRam)
        {
            throw new DebuggerException(MemoryOptions.Problem(address, refusal), refusal);
        }

        var lines = new List<OutputLine>
        {
            new($"breakpoint {Format.Hex(added.Id)} at {await PlaceAsync(context, address).ConfigureAwait(false)}, physical {Format.Hex(added.PhysicalAddress)}"),
        };
        if (added.IsVisible)
        {
            lines.Add(new OutputLine("the processor has no execute-only EPT translations: the guest can read this breakpoint's byte (CC)", LineStyle.Warning));
        }

        return new CommandResult(lines, new JsonObject
        {
            ["breakpoint"] = added.Id,
            ["address"] = Format.Json(address),
            ["physical"] = Format.Json(added.PhysicalAddress),
            ["visible"] = added.IsVisible,
        });
    }

    private static async Task<CommandResult> ListAsync(CommandContext context)
    {
        var entries = await context.Debugger.ListBreakpointsAsync(context.CancellationToken).ConfigureAwait(false);
        var rows = new JsonArray();
        var table = new TextTable("id", "state", "address", ">physical", "pid", "core", ">hits", "symbol");
        foreach (var entry in entries)
        {
            var symbol = await SymbolAsync(context, entry.Address).ConfigureAwait(false);
            table.Add(
                Format.Hex(entry.Id),
                $"{(entry.Enabled ? "enabled" : "disabled")}{(entry.IsVisible ? ", visible" : "")}",
                Format.Address(entry.Address),
                Format.Hex(entry.PhysicalAddress),
                entry.Pid is { } pid ? Format.Hex(pid) : "all",
                entry.Core is { } core ? Format.Hex(core) : "all",
                Format.Count(entry.Hits),
                symbol ?? "");
            var row = new JsonObject
            {
                ["breakpoint"] = entry.Id,
                ["enabled"] = entry.Enabled,
                ["visible"] = entry.IsVisible,
                ["address"] = Format.Json(entry.Address),
                ["physical"] = Format.Json(entry.PhysicalAddress),
                ["pid"] = entry.Pid,
                ["core"] = entry.Core,
                ["hits"] = entry.Hits,
            };
            if (symbol is not null)
            {
                row["symbol"] = symbol;
            }

            rows.Add(row);
        }

        var data = new JsonObject { ["breakpoints"] = rows };
        return entries.Count == 0 ? CommandResult.Line("no breakpoints", data) : new CommandResult([.. Lines(table)], data);
    }

    private static IEnumerable<OutputLine> Lines(TextTable table)
    {
        foreach (var line in table.Lines())
        {
            yield return new OutputLine(line);
        }
    }

    private static async Task<string> PlaceAsync(CommandContext context, ulong address) =>
        await SymbolAsync(context, address).ConfigureAwait(false) is { } symbol ? $"{Format.Address(address)} ({symbol})" : Format.Address(address);

    private static async Task<string?> SymbolAsync(CommandContext context, ulong address)
    {
        var symbol = await context.Debugger.Symbols.AtAsync(address, context.CancellationToken).ConfigureAwait(false);
        return symbol is null ? null : GuestSymbols.Describe(symbol, address);
    }
}
