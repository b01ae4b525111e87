using System.Collections.Generic;
using HvDbg.Language;

namespace HvDbg.Commands;

/// <summary>Something that a command takes. The same object says how it is written, parses it, and fetches its value.</summary>
public abstract class Parameter
{
    private protected Parameter(string name, string help)
    {
        Name = name;
        Help = help;
    }

    /// <summary>The keyword of an option; of a positional parameter what messages call it.</summary>
    public string Name { get; }

    /// <summary>One line for <c>.help</c>.</summary>
    public string Help { get; }

    /// <summary>Whether the command cannot do without it (or, in a <see cref="Group"/>, without one of the group).</summary>
    public bool IsRequired { get; init; }

    /// <summary>Parameters of one group exclude each other; null: none.</summary>
    public string? Group { get; init; }

    /// <summary>Whether it is recognised by its keyword, in any place of the command.</summary>
    public abstract bool IsKeyword { get; }

    /// <summary>Whether it takes further values after the first.</summary>
    public virtual bool IsRepeated => false;

    /// <summary>A word that may stand in front of the keyword and belongs to this one value alone; null: none.</summary>
    public virtual string? Prefix => null;

    /// <summary>How it is written, without the brackets of what may be left out.</summary>
    public abstract string Shape { get; }

    /// <summary>Reads the value. A keyword was taken already.</summary>
    internal abstract object? Read(TokenReader reader, object? previous);

    /// <summary>Reads the value where <see cref="Prefix"/> stood in front of the keyword.</summary>
    internal virtual object? ReadPrefixed(TokenReader reader, object? previous) => Read(reader, previous);

    private protected static void RequireValue(string name, string expected, TokenReader reader)
    {
        if (reader.AtEnd)
        {
            throw new CommandSyntaxException($"{name}: expected {expected}, the value is missing", reader.Position);
        }
    }
}

/// <summary>A value that is recognised by its place among the other positional ones.</summary>
public sealed class Positional<T>(string name, ValueKind<T> kind, string help) : Parameter(name, help)
{
    public override bool IsKeyword => false;

    public override string Shape => kind.Shape;

    /// <summary>What is expected, for messages.</summary>
    public string Expected => kind.Expected;

    internal override object? Read(TokenReader reader, object? previous) => kind.Read(Name, reader);
}

/// <summary>A positional value that may be repeated up to the end.</summary>
public sealed class Values<T>(string name, ValueKind<T> kind, string help) : Parameter(name, help)
{
    public override bool IsKeyword => false;

    public override bool IsRepeated => true;

    public override string Shape => $"{kind.Shape}…";

    internal override object? Read(TokenReader reader, object? previous)
    {
        var list = (List<T>?)previous ?? [];
        list.Add(kind.Read(Name, reader));
        return list;
    }
}

/// <summary>A keyword with a value behind it.</summary>
public sealed class Option<T>(string name, ValueKind<T> kind, string help) : Parameter(name, help)
{
    public override bool IsKeyword => true;

    public override string Shape => $"{Name} {kind.Shape}";

    internal override object? Read(TokenReader reader, object? previous)
    {
        RequireValue(Name, kind.Expected, reader);
        return kind.Read(Name, reader);
    }
}

/// <summary>A keyword that says something by being there.</summary>
public sealed class Flag(string name, string help) : Parameter(name, help)
{
    public override bool IsKeyword => true;

    public override string Shape => Name;

    internal override object? Read(TokenReader reader, object? previous) => true;
}

/// <summary>Machine code as a person writes it.</summary>
/// <param name="Text">What stands in the braces.</param>
/// <param name="Position">Where that begins in the command's text.</param>
/// <param name="KeywordPosition">Where the option begins.</param>
/// <param name="IsAssembly">Assembly text, and not hexadecimal bytes.</param>
public sealed record CodeText(string Text, int Position, int KeywordPosition, bool IsAssembly);

/// <summary>A keyword with machine code in braces behind it: hexadecimal bytes, or assembly text where <c>asm</c> stands in front.</summary>
public sealed class CodeOption(string name, bool isRepeated, string help) : Parameter(name, help)
{
    /// <summary>What is expected, for messages.</summary>
    public const string Expected = "machine code in braces: {90 90} or, with asm in front, {nop; nop}";

    public override bool IsKeyword => true;

    public override bool IsRepeated => isRepeated;

    public override string? Prefix => "asm";

    public override string Shape => $"[asm] {Name} {{CODE}}{(isRepeated ? "…" : "")}";

    internal override object? Read(TokenReader reader, object? previous) => Read(reader, previous, isAssembly: false);

    internal override object? ReadPrefixed(TokenReader reader, object? previous) => Read(reader, previous, isAssembly: true);

    private List<CodeText> Read(TokenReader reader, object? previous, bool isAssembly)
    {
        var keyword = reader.LastStart;
        RequireValue(Name, Expected, reader);
        var token = reader.Take();
        if (!token.IsGroup(reader.Text))
        {
            throw new CommandSyntaxException($"{Name}: expected {Expected}, found {token.Shown}", token.Start);
        }

        var list = (List<CodeText>?)previous ?? [];
        list.Add(new CodeText(token.Text, token.Start + 1, keyword, isAssembly));
        return list;
    }
}

/// <summary>The parsed parameters of one command.</summary>
public sealed class Arguments(IReadOnlyDictionary<Parameter, object?> values, IReadOnlyDictionary<Parameter, int> positions)
{
    public bool Has(Parameter parameter) => values.ContainsKey(parameter);

    /// <summary>Where in the command's text a parameter that was given begins: its keyword, or the value of a positional one.</summary>
    public int PositionOf(Parameter parameter) => positions[parameter];

    /// <summary>The value of an option that is no number, or null where it was not given.</summary>
    public T? Object<T>(Option<T> parameter)
        where T : class =>
        values.TryGetValue(parameter, out var value) ? (T?)value : null;

    public IReadOnlyList<CodeText> Get(CodeOption parameter) => values.TryGetValue(parameter, out var value) ? (List<CodeText>)value! : [];

    /// <summary>The value of a parameter that the command cannot do without, or the type's default.</summary>
    public T Get<T>(Positional<T> parameter) => values.TryGetValue(parameter, out var value) ? (T)value! : default!;

    public T Get<T>(Option<T> parameter, T absent) => values.TryGetValue(parameter, out var value) ? (T)value! : absent;

    /// <summary>The value of an option, or null where it was not given.</summary>
    public T? Find<T>(Option<T> parameter)
        where T : struct =>
        values.TryGetValue(parameter, out var value) ? (T)value! : null;

    public IReadOnlyList<T> Get<T>(Values<T> parameter) => values.TryGetValue(parameter, out var value) ? (List<T>)value! : [];
}
