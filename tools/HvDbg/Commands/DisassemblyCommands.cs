using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Output;
using HvKernel.Protocol;

namespace HvDbg.Commands;

/// <summary><c>u</c>.</summary>
internal static class DisassemblyCommands
{
    private const uint DefaultLength = 0x40;
    private const ulong LongModeActive = 1 << 10;

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = "u",
            Summary = "disassemble",
            Parameters = [MemoryOptions.Address, MemoryOptions.Length, MemoryOptions.Pid, MemoryOptions.Cr3],
            Remarks =
            [
                $"Without an address it goes on behind the instructions before; the first begins at @rip. Without a length it takes {DefaultLength:x} bytes.",
                "Symbols of the guest's kernel stand above the first instruction they cover, and in the place of branch targets.",
            ],
            Examples = ["u", "u @rip l 20", "u do_syscall_64 l 80"],
            Run = RunAsync,
        },
    ];

    private static async Task<CommandResult> RunAsync(CommandContext context)
    {
        var debugger = context.Debugger;
        var token = context.CancellationToken;
        var view = await MemoryOptions.ViewAsync(context, physical: false).ConfigureAwait(false);
        var registers = await debugger.ReadRegistersAsync(null, token).ConfigureAwait(false);
        var address = context.Arguments.Has(MemoryOptions.Address)
            ? await context.Arguments.Get(MemoryOptions.Address).EvaluateAsync(debugger, token).ConfigureAwait(false)
            : context.Session.NextAddress.GetValueOrDefault("u", registers.Rip);
        var length = (int)context.Arguments.Get(MemoryOptions.Length, DefaultLength);
        var block = await debugger.ReadMemoryPartlyAsync(address, length, view, token).ConfigureAwait(false);
        var instructions = await Disassembler
            .DecodeAsync(block.Bytes, address, Bits(debugger.CurrentStop, registers), debugger.Symbols, token)
            .ConfigureAwait(false);
        if (instructions.Count > 0)
        {
            context.Session.NextAddress["u"] = unchecked(instructions[^1].Address + (ulong)instructions[^1].Bytes.Length);
        }

        return new CommandResult(
            [.. Lines(instructions)],
            new JsonObject { ["instructions"] = new JsonArray([.. instructions.Select(instruction => instruction.ToJson())]) })
        {
            Problem = block.Problem is { } refusal && (block.Bytes.Length == 0 || instructions.Count == 0)
                ? MemoryOptions.Problem(unchecked(address + (ulong)block.Bytes.Length), refusal)
                : null,
        };
    }

    private static IEnumerable<OutputLine> Lines(List<InstructionLine> instructions)
    {
        string? last = null;
        foreach (var instruction in instructions)
        {
            // One line where a symbol's code begins or is entered in the middle, not one for each instruction.
            var name = instruction.Symbol?.Split('+')[0];
            if (name is not null && name != last)
            {
                yield return new OutputLine(instruction.Symbol + ":");
            }

            last = name;
            yield return new OutputLine(instruction.ToString());
        }
    }

    private static int Bits(StopEvent? stop, RegistersReply registers)
    {
        if (stop is not null && stop.Rip == registers.Rip)
        {
            return stop.Bits;
        }

        return (registers.Efer & LongModeActive) != 0 ? 64 : (registers.Cr0 & 1) != 0 ? 32 : 16;
    }
}
