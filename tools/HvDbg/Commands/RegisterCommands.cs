using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Display;
using HvDbg.Language;
using HvDbg.Output;

namespace HvDbg.Commands;

/// <summary><c>r</c>, <c>rdmsr</c>, <c>wrmsr</c>.</summary>
internal static class RegisterCommands
{
    private const string ExpectedRegister = "a register's name, or NAME=VALUE";

    private static readonly Positional<Assignment> Register = new(
        "register",
        ValueKinds.Rest("NAME[=VALUE]", ExpectedRegister, ReadAssignment),
        "one register, to be shown or, with a value, to be changed; the value is an address expression");

    private static readonly Positional<uint> Index =
        new("index", ValueKinds.Word("INDEX"), "the MSR's number") { IsRequired = true };

    private static readonly Positional<ulong> Value =
        new("value", ValueKinds.Quad("VALUE"), "the value") { IsRequired = true };

    private static readonly Option<uint> Core = new("core", ValueKinds.Word("X"), "on this processor instead of the current one");

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = "r",
            Summary = "show registers, or change one",
            Parameters = [Register],
            Remarks =
            [
                "Of the current processor ('~ N' chooses another). rax to r15, rip and rflags can be changed while the guest stands still.",
            ],
            Examples = ["r", "r rip", "r rax=0n10", "r rip = @rip + 2"],
            Run = context => !context.Arguments.Has(Register) ? ShowAllAsync(context) : OneAsync(context),
        },
        new CommandSpec
        {
            Name = "rdmsr",
            Summary = "read a model-specific register",
            Parameters = [Index, Core],
            Examples = ["rdmsr c0000082", "rdmsr 1b core 1"],
            Run = ReadMsrAsync,
        },
        new CommandSpec
        {
            Name = "wrmsr",
            Summary = "write a model-specific register",
            Parameters = [Index, Value, Core],
            Examples = ["wrmsr c0000103 5"],
            Run = WriteMsrAsync,
        },
    ];

    private static Assignment ReadAssignment(string name, TokenReader reader)
    {
        var position = reader.Position;
        var text = ValueKinds.TakeRest(reader);
        var sign = text.IndexOf('=', StringComparison.Ordinal);
        var register = (sign < 0 ? text : text[..sign]).Trim();
        var info = RegisterTable.Find(register.StartsWith('@') ? register[1..] : register)
            ?? throw new CommandSyntaxException(
                register.Length == 0 ? $"{name}: expected {ExpectedRegister}" : $"{name}: there is no register \"{register}\"", position);
        if (sign < 0)
        {
            return new Assignment(info, null);
        }

        if (info.Id is null)
        {
            throw new CommandSyntaxException($"{name}: {info.Name} cannot be changed; rax to r15, rip and rflags can", position);
        }

        // The value's tokens are read in place, so that a caret points into the command as it was typed.
        var rest = Tokenizer.Split(reader.Text).Where(token => token.End > position + sign + 1).ToList();
        if (rest.Count == 0)
        {
            throw new CommandSyntaxException($"{info.Name}: expected {AddressExpression.Expected}, the value is missing", reader.Text.TrimEnd().Length);
        }

        var first = Math.Max(rest[0].Start, position + sign + 1);
        rest[0] = rest[0] with { Start = first, Text = reader.Text[first..rest[0].End] };
        var values = new TokenReader(reader.Text, rest, 0);
        var value = AddressExpression.Parse(info.Name, values);
        return values.Peek is { } left
            ? throw new CommandSyntaxException($"{info.Name}: expected nothing more, found {left.Shown}", left.Start)
            : new Assignment(info, value);
    }

    private static async Task<CommandResult> ShowAllAsync(CommandContext context)
    {
        var registers = await context.Debugger.ReadRegistersAsync(null, context.CancellationToken).ConfigureAwait(false);
        var data = RegisterDisplay.ToJson(registers);
        data["processor"] = context.Debugger.CurrentProcessor;
        return new CommandResult([.. RegisterDisplay.Lines(registers).Select(line => new OutputLine(line))], data);
    }

    private static async Task<CommandResult> OneAsync(CommandContext context)
    {
        var (register, expression) = context.Arguments.Get(Register);
        if (expression is not null)
        {
            var wanted = await expression.EvaluateAsync(context.Debugger, context.CancellationToken).ConfigureAwait(false);
            await context.Debugger.WriteRegisterAsync(register.Id!.Value, wanted, null, context.CancellationToken).ConfigureAwait(false);
        }

        var registers = await context.Debugger.ReadRegistersAsync(null, context.CancellationToken).ConfigureAwait(false);
        var value = register.Read(registers);
        var digits = Math.Max(1, register.Bits / 4).ToString(CultureInfo.InvariantCulture);
        return CommandResult.Line(
            $"{register.Name}={value.ToString($"x{digits}", CultureInfo.InvariantCulture)}",
            new JsonObject { [register.Name] = Format.Json(value) });
    }

    private static async Task<CommandResult> ReadMsrAsync(CommandContext context)
    {
        var index = context.Arguments.Get(Index);
        var value = await context.Debugger.ReadMsrAsync(index, context.Arguments.Find(Core), context.CancellationToken).ConfigureAwait(false);
        return CommandResult.Line(
            $"msr {Format.Hex(index)}={Format.Quad(value)}", new JsonObject { ["index"] = Format.Json(index), ["value"] = Format.Json(value) });
    }

    private static async Task<CommandResult> WriteMsrAsync(CommandContext context)
    {
        var index = context.Arguments.Get(Index);
        var value = context.Arguments.Get(Value);
        await context.Debugger.WriteMsrAsync(index, value, context.Arguments.Find(Core), context.CancellationToken).ConfigureAwait(false);
        return new CommandResult([], new JsonObject { ["index"] = Format.Json(index), ["value"] = Format.Json(value) });
    }

    /// <summary>A register, and the value it is to get.</summary>
    private sealed record Assignment(RegisterInfo Register, AddressExpression? Value);
}
