using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using HvDbg.Client;
using HvDbg.Client.Assembly;
using HvDbg.Client.Script.Code;
using HvDbg.Language;
using HvDbg.Session;
using HvDbg.Sinks;
using HvKernel.Protocol;

namespace HvDbg.Commands;

/// <summary>
/// Makes an event of the options of <c>!mode</c>. Whatever is wrong with them is found here, before anything is sent to the target.
/// </summary>
internal static class ModeDefinition
{
    /// <exception cref="CommandSyntaxException">An option's value is none that an event can have.</exception>
    internal static ModeEventDefinition Of(ParsedCommand command, EventScripts scripts)
    {
        var arguments = command.Arguments;
        CheckStage(arguments);
        CheckConditions(arguments);
        var buffer = BufferBytes(arguments);
        var run = arguments.Get(ModeOptions.Run, RunChoice.Auto);
        var condition = arguments.Get(ModeOptions.Condition);
        return new ModeEventDefinition
        {
            Mode = arguments.Get(ModeOptions.Mode),
            Process = arguments.Find(ModeOptions.Pid) is { } pid ? ProcessKey.Pid(pid) : ProcessKey.Cr3(arguments.Find(ModeOptions.Cr3) ?? 0),
            Processor = arguments.Find(ModeOptions.Core),
            Condition = condition.Count == 0 ? null : Code(ModeOptions.Condition, condition[0], run),
            When = scripts.When,
            Actions = Actions(arguments, run, buffer, scripts.Script),
            ShortCircuit = arguments.Find(ModeOptions.ShortCircuit) is { Value: true },
            Collect = !arguments.Get(ModeOptions.Immediate, true),
            CommandText = command.Text.Trim(),
        };
    }

    /// <summary>The outputs that the event is to be forwarded to.</summary>
    /// <exception cref="CommandSyntaxException">One of them cannot take anything.</exception>
    internal static IReadOnlyList<string> Outputs(Arguments arguments, ISinkRegistry sinks)
    {
        var names = arguments.Object(ModeOptions.Output) ?? [];
        foreach (var (name, position) in names)
        {
            switch (sinks.StateOf(name))
            {
                case SinkState.Unknown:
                    throw new CommandSyntaxException($"output: there is no output {name}: 'output create {name} …' makes one", position);
                case SinkState.Closed:
                    throw new CommandSyntaxException($"output: {name} is closed, for good: 'output create' makes another", position);
            }
        }

        return [.. names.Select(name => name.Value)];
    }

    private static void CheckStage(Arguments arguments)
    {
        if (arguments.Find(ModeOptions.Stage) is not { } stage || stage.Value == CallingStage.Pre)
        {
            return;
        }

        var word = stage.Value == CallingStage.Post ? "post" : "all";
        var reason = arguments.Find(ModeOptions.ShortCircuit) is { Value: true }
            ? "what is short-circuited has no stage after it"
            : "a transition has no stage after it";
        throw new CommandSyntaxException($"stage: expected pre, found \"{word}\": {reason}", stage.Position);
    }

    private static void CheckConditions(Arguments arguments)
    {
        if (arguments.Has(ModeOptions.When) && arguments.Has(ModeOptions.Condition))
        {
            throw new CommandSyntaxException(
                "when: cannot go together with condition: an event has one condition", arguments.PositionOf(ModeOptions.When));
        }
    }

    private static int BufferBytes(Arguments arguments)
    {
        var buffer = arguments.Find(ModeOptions.Buffer) ?? default;
        return buffer.Value <= LinkProtocol.MaximumBuffer
            ? (int)buffer.Value
            : throw new CommandSyntaxException(
                $"buffer: expected at most {LinkProtocol.MaximumBuffer:x} bytes (64 KiB), found {buffer.Value:x}", buffer.Position);
    }

    private static ImmutableArray<ActionDefinition> Actions(Arguments arguments, RunChoice run, int buffer, CompiledScript? script)
    {
        var actions = new List<(int Position, ActionDefinition Action)>();
        var blocks = arguments.Get(ModeOptions.Code);
        if (blocks.Count > LinkProtocol.MaximumActions - (arguments.Has(ModeOptions.Log) ? 1 : 0) - (script is null ? 0 : 1))
        {
            throw new CommandSyntaxException(
                $"code: an event has at most {LinkProtocol.MaximumActions} actions", blocks[^1].KeywordPosition);
        }

        foreach (var block in blocks)
        {
            var code = Code(ModeOptions.Code, block, run);
            actions.Add((block.KeywordPosition, new ActionDefinition(EventAction.CustomCode, code, buffer)));
        }

        if (script is not null)
        {
            actions.Add((arguments.PositionOf(ModeOptions.Script), ActionDefinition.OfScript(script)));
        }

        if (arguments.Has(ModeOptions.Log))
        {
            actions.Add((arguments.PositionOf(ModeOptions.Log), ActionDefinition.Log));
        }

        // Every event counts: 'count' stands for the break that is left out.
        if (actions.Count == 0)
        {
            return [arguments.Has(ModeOptions.Count) ? ActionDefinition.Count : ActionDefinition.Break];
        }

        return [.. actions.OrderBy(action => action.Position).Select(action => action.Action)];
    }

    private static CodeDefinition Code(CodeOption option, CodeText block, RunChoice run)
    {
        byte[] bytes;
        try
        {
            var manner = run == RunChoice.Root ? RunManner.Root : RunManner.Contained;
            bytes = block.IsAssembly ? Assembler.Assemble(block.Text, manner) : HexCode.Parse(block.Text);
        }
        catch (CodeTextException problem)
        {
            throw new CommandSyntaxException($"{option.Name}: {problem.Message}", block.Position + problem.Offset);
        }

        return bytes.Length is > 0 and <= LinkProtocol.MaximumCode
            ? new CodeDefinition([.. bytes], run)
            : throw new CommandSyntaxException(
                $"{option.Name}: expected 1 to {LinkProtocol.MaximumCode:x} bytes of machine code, found {bytes.Length:x}", block.Position);
    }
}
