using System;
using System.Collections.Generic;

namespace HvDbg.Language;

/// <summary>A word of a command, a quoted text, or a group in braces.</summary>
/// <param name="Text">The word; of a quoted text or a group what is inside.</param>
/// <param name="Start">Where it begins in the command's text.</param>
/// <param name="End">Behind its last character.</param>
/// <param name="IsWord">False of a quoted text and of a group.</param>
public sealed record Token(string Text, int Start, int End, bool IsWord)
{
    private const int LongestShown = 80;

    /// <summary>How messages quote it: not at any length.</summary>
    public string Shown => Text.Length <= LongestShown ? $"\"{Text}\"" : $"\"{Text[..LongestShown]}…\"";

    /// <summary>Whether it is a group in braces.</summary>
    public bool IsGroup(string text) => !IsWord && text[Start] == '{';
}

/// <summary>Splits a command at blanks; <c>"…"</c> and <c>{…}</c> are one token with the blanks inside.</summary>
public static class Tokenizer
{
    /// <exception cref="CommandSyntaxException">A quote or a brace is not closed.</exception>
    public static List<Token> Split(string text)
    {
        var tokens = new List<Token>();
        var at = 0;
        while (at < text.Length)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }

            var token = text[at] switch
            {
                '"' => Quoted(text, at),
                '{' => Group(text, at),
                _ => Word(text, at),
            };
            tokens.Add(token);
            at = token.End;
        }

        return tokens;
    }

    private static Token Word(string text, int start)
    {
        var end = start;
        while (end < text.Length && !char.IsWhiteSpace(text[end]) && text[end] is not ('{' or '"'))
        {
            end++;
        }

        return new Token(text[start..end], start, end, IsWord: true);
    }

    /// <summary>Whether a brace is open at the end of a text, so that the command goes on in the next line.</summary>
    public static bool IsOpen(string text)
    {
        try
        {
            Split(text);
            return false;
        }
        catch (CommandSyntaxException problem)
        {
            return text[problem.Position] == '{';
        }
    }

    private static Token Quoted(string text, int start)
    {
        var end = text.IndexOf('"', start + 1);
        return end < 0
            ? throw new CommandSyntaxException("the quote is not closed", start)
            : new Token(text[(start + 1)..end], start, end + 1, IsWord: false);
    }

    private static Token Group(string text, int start)
    {
        var depth = 0;
        for (var end = start; end < text.Length; end++)
        {
            end = SkipText(text, end);
            depth += text[end] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0)
            {
                return new Token(text[(start + 1)..end], start, end + 1, IsWord: false);
            }
        }

        throw new CommandSyntaxException("the brace is not closed", start);
    }

    // Braces in a script's literals and comments are none of ours. Answers the last character of what begins here, or the same place.
    private static int SkipText(string text, int start)
    {
        if (string.CompareOrdinal(text, start, "//", 0, 2) == 0)
        {
            var line = text.IndexOf('\n', start);
            return line < 0 ? start : line;
        }

        if (string.CompareOrdinal(text, start, "/*", 0, 2) == 0)
        {
            var close = text.IndexOf("*/", start + 2, StringComparison.Ordinal);
            return close < 0 ? start : close + 1;
        }

        if (text[start] != '"')
        {
            return start;
        }

        for (var end = start + 1; end < text.Length && text[end] != '\n'; end++)
        {
            if (text[end] == '\\')
            {
                end++;
            }
            else if (text[end] == '"')
            {
                return end;
            }
        }

        return start;
    }
}
