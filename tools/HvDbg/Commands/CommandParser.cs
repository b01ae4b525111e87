using System;
using System.Collections.Generic;
using System.Linq;
using HvDbg.Language;

namespace HvDbg.Commands;

/// <summary>A command that was understood.</summary>
public sealed record ParsedCommand(CommandSpec Spec, Arguments Arguments, string Text);

/// <summary>Makes a command of a line of text, by the table. Everything is checked before anything is sent to the target.</summary>
public static class CommandParser
{
    /// <returns>Null where the line is empty.</returns>
    /// <exception cref="CommandSyntaxException">The line is no command.</exception>
    public static ParsedCommand? Parse(CommandTable table, string text)
    {
        var tokens = Tokenizer.Split(text);
        if (tokens.Count == 0)
        {
            return null;
        }

        var spec = tokens[0].IsWord ? table.Find(tokens[0].Text) : null;
        if (spec is null)
        {
            var near = tokens[0].IsWord ? table.Nearest(tokens[0].Text) : null;
            var hint = near is null ? "'.help' lists the commands" : $"did you mean {near}?";
            throw new CommandSyntaxException($"there is no command {tokens[0].Shown}: {hint}", tokens[0].Start);
        }

        return new ParsedCommand(spec, ParseArguments(spec, new TokenReader(text, tokens, 1)), text);
    }

    private static Arguments ParseArguments(CommandSpec spec, TokenReader reader)
    {
        var values = new Dictionary<Parameter, object?>();
        var positions = new Dictionary<Parameter, int>();
        while (reader.Peek is { } token)
        {
            if (token.IsWord && FindKeyword(spec, token.Text) is { } option)
            {
                values.TryGetValue(option, out var previous);
                CheckRepetition(values, option, token);
                positions.TryAdd(option, token.Start);
                reader.Take();
                values[option] = option.Read(reader, previous);
            }
            else if (token.IsWord && spec.Parameters.Any(p => HasPrefix(p, token)))
            {
                var prefixed = FindPrefixed(spec, token, reader);
                values.TryGetValue(prefixed, out var previous);
                CheckRepetition(values, prefixed, reader.PeekSecond!);
                positions.TryAdd(prefixed, token.Start);
                reader.Take();
                reader.Take();
                values[prefixed] = prefixed.ReadPrefixed(reader, previous);
            }
            else if (NextPositional(spec, values) is { } place)
            {
                values.TryGetValue(place, out var previous);
                CheckGroup(values, place, token);
                positions.TryAdd(place, token.Start);
                values[place] = place.Read(reader, previous);
            }
            else
            {
                throw Unexpected(spec, values, token);
            }
        }

        RequireAll(spec, values, reader);
        return new Arguments(values, positions);
    }

    private static Parameter? FindKeyword(CommandSpec spec, string word) =>
        spec.Parameters.FirstOrDefault(p => p.IsKeyword && p.Name.Equals(word, StringComparison.OrdinalIgnoreCase));

    private static bool HasPrefix(Parameter parameter, Token token) =>
        parameter.Prefix is { } prefix && prefix.Equals(token.Text, StringComparison.OrdinalIgnoreCase);

    /// <summary>The option behind its prefix.</summary>
    private static Parameter FindPrefixed(CommandSpec spec, Token prefix, TokenReader reader)
    {
        var names = spec.Parameters.Where(p => HasPrefix(p, prefix)).Select(p => p.Name).ToArray();
        var expected = $"{prefix.Text.ToLowerInvariant()}: expected {string.Join(" or ", names)} behind it";
        return reader.PeekSecond switch
        {
            null => throw new CommandSyntaxException($"{expected}, nothing follows", reader.Text.TrimEnd().Length),
            { IsWord: true } next when FindKeyword(spec, next.Text) is { Prefix: not null } option => option,
            var other => throw new CommandSyntaxException($"{expected}, found {other.Shown}", other.Start),
        };
    }

    private static Parameter? NextPositional(CommandSpec spec, Dictionary<Parameter, object?> values) =>
        spec.Parameters.FirstOrDefault(p => !p.IsKeyword && (p.IsRepeated || !values.ContainsKey(p)));

    private static void CheckRepetition(Dictionary<Parameter, object?> values, Parameter option, Token token)
    {
        if (values.ContainsKey(option) && !option.IsRepeated)
        {
            throw new CommandSyntaxException($"{option.Name}: given twice", token.Start);
        }

        CheckGroup(values, option, token);
    }

    private static void CheckGroup(Dictionary<Parameter, object?> values, Parameter parameter, Token token)
    {
        var rival = parameter.Group is null
            ? null
            : values.Keys.FirstOrDefault(other => other != parameter && other.Group == parameter.Group);
        if (rival is not null)
        {
            throw new CommandSyntaxException($"{parameter.Name}: cannot go together with {rival.Name}", token.Start);
        }
    }

    private static CommandSyntaxException Unexpected(CommandSpec spec, Dictionary<Parameter, object?> values, Token token)
    {
        var open = spec.Parameters
            .Where(p => p.IsKeyword && (p.IsRepeated || !values.ContainsKey(p)) && (p.Group is null || !values.Keys.Any(other => other.Group == p.Group)))
            .Select(p => p.Name)
            .ToArray();
        var expected = open.Length == 0 ? "expected nothing more" : $"expected {ValueKinds.Join(open)} or nothing more";
        return new CommandSyntaxException($"{spec.Name}: {expected}, found {token.Shown}", token.Start);
    }

    private static void RequireAll(CommandSpec spec, Dictionary<Parameter, object?> values, TokenReader reader)
    {
        foreach (var parameter in spec.Parameters.Where(p => p.IsRequired))
        {
            var members = parameter.Group is null ? [parameter] : spec.Parameters.Where(p => p.Group == parameter.Group).ToArray();
            if (!members.Any(values.ContainsKey))
            {
                var shapes = string.Join(" or ", members.Select(member => member.Shape));
                throw new CommandSyntaxException($"{spec.Name}: {shapes} is missing (syntax: {spec.Syntax})", reader.Text.TrimEnd().Length);
            }
        }
    }
}
