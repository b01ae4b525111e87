using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Output;

namespace HvDbg.Commands;

/// <summary>Dumps (<c>db dc dd dq</c>) and edits (<c>eb ed eq</c>), each with a physical twin (<c>!db</c> …).</summary>
internal static class MemoryCommands
{
    private const uint DefaultLength = 0x80;

    private static readonly Values<ulong> Bytes = EditValues(1);
    private static readonly Values<ulong> DoubleWords = EditValues(4);
    private static readonly Values<ulong> QuadWords = EditValues(8);

    internal static IEnumerable<CommandSpec> All =>
    [
        .. Dump("db", "bytes and characters", DumpUnit.Byte),
        .. Dump("dc", "double words and characters", DumpUnit.DoubleWordWithText),
        .. Dump("dd", "double words", DumpUnit.DoubleWord),
        .. Dump("dq", "quad words", DumpUnit.QuadWord),
        .. Edit("eb", "bytes", 1, Bytes),
        .. Edit("ed", "double words", 4, DoubleWords),
        .. Edit("eq", "quad words", 8, QuadWords),
    ];

    private static Values<ulong> EditValues(int size) =>
        new("value", ValueKinds.Quad("VALUE", size * 8), $"what to write, {size} byte{(size == 1 ? "" : "s")} each") { IsRequired = true };

    private static IEnumerable<CommandSpec> Dump(string name, string what, DumpUnit unit)
    {
        foreach (var physical in new[] { false, true })
        {
            var full = physical ? "!" + name : name;
            yield return new CommandSpec
            {
                Name = full,
                Summary = $"show {(physical ? "guest-physical " : "")}memory as {what}",
                Parameters = physical
                    ? [MemoryOptions.Address, MemoryOptions.Length]
                    : [MemoryOptions.Address, MemoryOptions.Length, MemoryOptions.Pid, MemoryOptions.Cr3],
                Remarks = ["Without an address it goes on behind the dump before; the first begins at " + (physical ? "0." : "@rip.") +
                    $" Without a length it shows {DefaultLength:x} bytes."],
                Examples = physical ? [$"{full} 1000 l 20"] : [$"{full} @rsp", $"{full} linux_banner l 40", $"{full} 400000 l 40 pid 1c0"],
                Run = context => DumpAsync(context, unit, physical),
            };
        }
    }

    private static IEnumerable<CommandSpec> Edit(string name, string what, int size, Values<ulong> values)
    {
        foreach (var physical in new[] { false, true })
        {
            var full = physical ? "!" + name : name;
            yield return new CommandSpec
            {
                Name = full,
                Summary = $"change {what} in {(physical ? "guest-physical " : "")}memory",
                Parameters = physical
                    ? [MemoryOptions.RequiredAddress, values]
                    : [MemoryOptions.RequiredAddress, values, MemoryOptions.Pid, MemoryOptions.Cr3],
                Examples = [$"{full} {(physical ? "1000" : "@rsp+8")} {(size == 1 ? "90 90" : "0 12345678")}"],
                Run = context => EditAsync(context, size, values, physical),
            };
        }
    }

    private static async Task<CommandResult> DumpAsync(CommandContext context, DumpUnit unit, bool physical)
    {
        var view = await MemoryOptions.ViewAsync(context, physical).ConfigureAwait(false);
        var address = await StartAsync(context, physical).ConfigureAwait(false);
        var size = HexDump.SizeOf(unit);
        var length = ((int)context.Arguments.Get(MemoryOptions.Length, DefaultLength) + size - 1) / size * size;
        var block = await context.Debugger.ReadMemoryPartlyAsync(address, length, view, context.CancellationToken).ConfigureAwait(false);
        foreach (var name in new[] { "db", "dc", "dd", "dq" })
        {
            context.Session.NextAddress[physical ? "!" + name : name] = unchecked(address + (ulong)length);
        }

        return new CommandResult(
            [.. HexDump.Lines(address, block.Bytes, length, unit).Select(line => new OutputLine(line))],
            new JsonObject { ["address"] = Format.Json(address), ["bytes"] = Convert.ToHexStringLower(block.Bytes) })
        {
            Problem = block.Problem is { } refusal ? MemoryOptions.Problem(unchecked(address + (ulong)block.Bytes.Length), refusal) : null,
        };
    }

    private static async Task<ulong> StartAsync(CommandContext context, bool physical)
    {
        if (context.Arguments.Has(MemoryOptions.Address))
        {
            return await context.Arguments.Get(MemoryOptions.Address).EvaluateAsync(context.Debugger, context.CancellationToken).ConfigureAwait(false);
        }

        if (context.Session.NextAddress.TryGetValue(context.Command.Spec.Name, out var next))
        {
            return next;
        }

        return physical ? 0 : (await context.Debugger.ReadRegistersAsync(null, context.CancellationToken).ConfigureAwait(false)).Rip;
    }

    private static async Task<CommandResult> EditAsync(CommandContext context, int size, Values<ulong> values, bool physical)
    {
        var items = context.Arguments.Get(values);
        var bytes = new byte[items.Count * size];
        var whole = new byte[8];
        for (var i = 0; i < items.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(whole, items[i]);
            whole.AsSpan(0, size).CopyTo(bytes.AsSpan(i * size));
        }

        var view = await MemoryOptions.ViewAsync(context, physical).ConfigureAwait(false);
        var address = await context.Arguments.Get(MemoryOptions.RequiredAddress)
            .EvaluateAsync(context.Debugger, context.CancellationToken)
            .ConfigureAwait(false);
        try
        {
            await context.Debugger.WriteMemoryAsync(address, bytes, view, context.CancellationToken).ConfigureAwait(false);
        }
        catch (TargetException refusal)
        {
            throw new DebuggerException(MemoryOptions.Problem(address, refusal), refusal);
        }

        return new CommandResult([], new JsonObject { ["address"] = Format.Json(address), ["length"] = bytes.Length });
    }
}
