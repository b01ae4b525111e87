using System;
using System.Collections.Generic;
using System.Linq;
using HvDbg.Language;

namespace HvDbg.Commands;

/// <summary>How the value of a parameter is written and read.</summary>
/// <typeparam name="T">What a command gets.</typeparam>
/// <param name="Shape">How <c>.help</c> writes it, for instance <c>X</c>.</param>
/// <param name="Expected">What is expected, in words, for messages.</param>
/// <param name="Read">Takes one value; the first argument is the parameter's name, for messages. There is at least one token left.</param>
public sealed record ValueKind<T>(string Shape, string Expected, Func<string, TokenReader, T> Read);

/// <summary>A value and where it stands in the command's text.</summary>
public readonly record struct At<T>(T Value, int Position);

/// <summary>The kinds of values that commands take.</summary>
public static class ValueKinds
{
    public static ValueKind<AddressExpression> Address { get; } =
        new("ADDR", AddressExpression.Expected, AddressExpression.Parse);

    public static ValueKind<string> Text { get; } =
        new("\"TEXT\"", "a text, in quotes where it has blanks", (_, reader) => reader.Take().Text);

    public static ValueKind<uint> Word(string shape) =>
        new(shape, Number.Expected(32), (name, reader) => (uint)Number.Require(name, reader.Take(), 32));

    public static ValueKind<ulong> Quad(string shape, int bits = 64) =>
        new(shape, Number.Expected(bits), (name, reader) => Number.Require(name, reader.Take(), bits));

    /// <summary>A number, or <c>all</c>, which is null.</summary>
    public static ValueKind<uint?> WordOrAll(string shape) => new(
        $"{shape}|all",
        $"{Number.Expected(32)} or all",
        (name, reader) => reader.Peek is { IsWord: true } next && next.Text.Equals("all", StringComparison.OrdinalIgnoreCase)
            ? TakeAll(reader)
            : (uint)Number.Require(name, reader.Take(), 32));

    /// <summary>The same value with the place where it stands, for commands that find something wrong with it later.</summary>
    public static ValueKind<At<T>> WithPlace<T>(ValueKind<T> kind) => new(
        kind.Shape,
        kind.Expected,
        (name, reader) =>
        {
            var position = reader.Position;
            return new At<T>(kind.Read(name, reader), position);
        });

    /// <summary>One of some words, in any case.</summary>
    public static ValueKind<T> Choice<T>(params (string Word, T Value)[] choices)
    {
        var words = choices.Select(choice => choice.Word).ToArray();
        var expected = words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} or {words[^1]}";
        return new ValueKind<T>(words.Length == 1 ? words[0] : $"{{{string.Join('|', words)}}}", expected, Read);

        T Read(string name, TokenReader reader)
        {
            var token = reader.Take();
            foreach (var (word, value) in choices)
            {
                if (token.IsWord && token.Text.Equals(word, StringComparison.OrdinalIgnoreCase))
                {
                    return value;
                }
            }

            throw new CommandSyntaxException($"{name}: expected {expected}, found {token.Shown}", token.Start);
        }
    }

    private static uint? TakeAll(TokenReader reader)
    {
        reader.Take();
        return null;
    }

    /// <summary>Everything up to the end of the command, read by a function of its own.</summary>
    public static ValueKind<T> Rest<T>(string shape, string expected, Func<string, TokenReader, T> read) => new(shape, expected, read);

    /// <summary>Takes the rest of the command as it stands.</summary>
    public static string TakeRest(TokenReader reader)
    {
        var start = reader.Position;
        var end = start;
        while (!reader.AtEnd)
        {
            end = reader.Take().End;
        }

        return reader.Text[start..end];
    }

    /// <summary>The list of words, for messages.</summary>
    public static string Join(IEnumerable<string> words) => string.Join(", ", words);
}
