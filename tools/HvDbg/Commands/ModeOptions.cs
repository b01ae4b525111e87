using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using HvDbg.Client;
using HvDbg.Language;
using HvKernel.Protocol;

namespace HvDbg.Commands;

/// <summary>When an event triggers; <c>!mode</c> has only the first.</summary>
internal enum CallingStage
{
    Pre,
    Post,
    All,
}

/// <summary>A script as a person gives it.</summary>
/// <param name="Text">What stands in the braces.</param>
/// <param name="Path">The file that holds it instead; null: none.</param>
/// <param name="Position">Where it begins in the command's text.</param>
internal sealed record ScriptText(string Text, string? Path, int Position);

/// <summary>The options of <c>!mode</c>: how they are written and read.</summary>
internal static class ModeOptions
{
    /// <summary>Most outputs of one event, and the longest name of one.</summary>
    internal const int MostOutputs = 5;

    internal const int LongestOutputName = 49;

    private const string ExpectedOutputs = "names of outputs in braces, separated by commas";
    private const string ExpectedScript = "a script in braces, or file:PATH";
    private const string ExpectedExpression = "an expression of the script language in braces";

    internal static readonly Positional<ModeTrapDirection> Mode = new(
        "mode",
        ValueKinds.Choice(
            ("u", ModeTrapDirection.User),
            ("k", ModeTrapDirection.Kernel),
            ("uk", ModeTrapDirection.UserAndKernel),
            ("ku", ModeTrapDirection.UserAndKernel)),
        "u: user mode is reached; k: the kernel is reached; uk, ku: both")
    {
        IsRequired = true,
    };

    internal static readonly Option<uint> Pid = new(
        "pid",
        new ValueKind<uint>("X", Number.Expected(32), ReadPid),
        "the process, by its id (hexadecimal: 0n123 for the guest's 123)")
    {
        IsRequired = true,
        Group = "process",
    };

    internal static readonly Option<ulong> Cr3 = new("cr3", ValueKinds.Quad("X"), "the process, by a CR3 value: works where the guest's OS is not known")
    {
        IsRequired = true,
        Group = "process",
    };

    internal static readonly Option<uint> Core = new("core", ValueKinds.Word("X"), "only on this processor; all without it");

    internal static readonly Option<bool> Immediate = new(
        "imm", ValueKinds.Choice(("yes", true), ("no", false)), "yes (the default): messages are sent at once; no: collected, which costs less");

    internal static readonly Option<At<bool>> ShortCircuit = new(
        "sc",
        ValueKinds.WithPlace(ValueKinds.Choice(("on", true), ("off", false))),
        "on: the transition does not take effect, and u holds the process; off (the default)");

    internal static readonly Option<At<CallingStage>> Stage = new(
        "stage",
        ValueKinds.WithPlace(ValueKinds.Choice(("pre", CallingStage.Pre), ("post", CallingStage.Post), ("all", CallingStage.All))),
        "pre (the default); post and all are refused, because a transition has no stage after it");

    internal static readonly Option<At<ulong>> Buffer = new(
        "buffer",
        ValueKinds.WithPlace(ValueKinds.Quad("X", 32)),
        $"a safe buffer of so many bytes, at most {LinkProtocol.MaximumBuffer:x}, for each code; what a code returns a pointer to is shown");

    internal static readonly Option<RunChoice> Run = new(
        "run",
        ValueKinds.Choice(("auto", RunChoice.Auto), ("contained", RunChoice.Contained), ("root", RunChoice.Root)),
        "how code runs; auto (the default): directly where it is proved harmless, else contained; root: in VMX root, whatever it does");

    internal static readonly CodeOption Condition = new("condition", isRepeated: false, "code that must return other than 0 in rax for the event to trigger");

    internal static readonly CodeOption Code = new("code", isRepeated: true, "code that runs at each trigger; several run in the order given");

    internal static readonly Option<IReadOnlyList<At<string>>> Output = new(
        "output", new ValueKind<IReadOnlyList<At<string>>>("{NAME,…}", ExpectedOutputs, ReadOutputs), $"forward the event's messages to at most {MostOutputs} outputs");

    internal static readonly Option<ScriptText> Script = new(
        "script", new ValueKind<ScriptText>("{TEXT|file:PATH}", ExpectedScript, ReadScript), "a script that runs at each trigger (docs/script.md)");

    internal static readonly Option<ScriptText> When = new(
        "when",
        new ValueKind<ScriptText>("{EXPR}", ExpectedExpression, ReadExpression),
        "an expression of the script language that must be other than 0 for the event to trigger");

    internal static readonly Flag Log = new("log", "a line for each trigger, without stopping") { Group = "action" };

    internal static readonly Flag Count = new("count", "count only; 'events' shows the figures") { Group = "action" };

    private static uint ReadPid(string name, TokenReader reader)
    {
        var token = reader.Take();
        return token.IsWord && token.Text.Equals("all", StringComparison.OrdinalIgnoreCase)
            ? throw new CommandSyntaxException($"{name}: !mode watches one process, and cannot watch all", token.Start)
            : (uint)Number.Require(name, token, 32);
    }

    private static List<At<string>> ReadOutputs(string name, TokenReader reader)
    {
        var token = reader.Take();
        if (!token.IsGroup(reader.Text))
        {
            throw new CommandSyntaxException($"{name}: expected {ExpectedOutputs}, found {token.Shown}", token.Start);
        }

        var names = new List<At<string>>();
        var position = token.Start + 1;
        foreach (var part in token.Text.Split(','))
        {
            var blanks = part.Length - part.TrimStart().Length;
            names.Add(new At<string>(string.Concat(part.Where(character => !char.IsWhiteSpace(character))), position + blanks));
            position += part.Length + 1;
        }

        if (names.Count > MostOutputs)
        {
            throw new CommandSyntaxException($"{name}: expected at most {MostOutputs} names, found {names.Count}", names[MostOutputs].Position);
        }

        foreach (var (text, place) in names)
        {
            if (text.Length is 0 or > LongestOutputName)
            {
                throw new CommandSyntaxException(
                    text.Length == 0 ? $"{name}: expected {ExpectedOutputs}, a name is missing" : $"{name}: a name has at most {LongestOutputName} characters",
                    place);
            }

            if (names.First(other => other.Value == text).Position != place)
            {
                throw new CommandSyntaxException($"{name}: {text} is given twice", place);
            }
        }

        return names;
    }

    private static ScriptText ReadScript(string name, TokenReader reader)
    {
        var token = reader.Take();
        var text = token.Text.Trim();
        var isFile = text.StartsWith("file:", StringComparison.OrdinalIgnoreCase);
        if (!token.IsGroup(reader.Text) && !isFile)
        {
            throw new CommandSyntaxException($"{name}: expected {ExpectedScript}, found {token.Shown}", token.Start);
        }

        if (text.Length == 0)
        {
            throw new CommandSyntaxException($"{name}: expected {ExpectedScript}, the braces are empty", token.Start);
        }

        if (isFile)
        {
            // file:"a path with blanks" is two tokens.
            var path = text["file:".Length..].Trim();
            path = path.Length == 0 && reader.Peek is { IsWord: false } quoted && reader.Text[quoted.Start] == '"' ? reader.Take().Text : path.Trim('"');
            CheckFile(name, path, token.Start);
            return new ScriptText("", path, token.Start);
        }

        return new ScriptText(token.Text, null, token.Start + 1);
    }

    private static ScriptText ReadExpression(string name, TokenReader reader)
    {
        var token = reader.Take();
        return token.IsGroup(reader.Text) && token.Text.Trim().Length > 0
            ? new ScriptText(token.Text, null, token.Start + 1)
            : throw new CommandSyntaxException($"{name}: expected {ExpectedExpression}, found {token.Shown}", token.Start);
    }

    private static void CheckFile(string name, string path, int position)
    {
        if (path.Length == 0)
        {
            throw new CommandSyntaxException($"{name}: expected a path behind file:, it is missing", position);
        }

        if (!File.Exists(path))
        {
            throw new CommandSyntaxException($"{name}: there is no file {path}", position);
        }

        if (new FileInfo(path).Length == 0)
        {
            throw new CommandSyntaxException($"{name}: the file {path} is empty", position);
        }
    }
}
