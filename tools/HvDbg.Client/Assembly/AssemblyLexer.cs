using System.Collections.Generic;
using System.Globalization;

namespace HvDbg.Client.Assembly;

/// <summary>Cuts assembly text into tokens. Comments (<c>//</c> or <c>#</c> to the end of the line) are left out.</summary>
internal static class AssemblyLexer
{
    private const string Symbols = ",[]():+-*";

    /// <exception cref="AssemblyException">A character that nothing can begin with, or a text without its closing quote.</exception>
    internal static List<AssemblyToken> Tokens(string text)
    {
        var tokens = new List<AssemblyToken>();
        var at = 0;
        while (at < text.Length)
        {
            var start = at;
            var character = text[at];
            if (character is '\n' or ';')
            {
                at++;
                tokens.Add(new AssemblyToken(AssemblyTokenKind.Separator, text[start..at], start, 1));
            }
            else if (char.IsWhiteSpace(character))
            {
                at++;
            }
            else if (character == '#' || (character == '/' && at + 1 < text.Length && text[at + 1] == '/'))
            {
                at = EndOfLine(text, at);
            }
            else if (character is '\'' or '"')
            {
                at = ReadQuoted(text, at, tokens);
            }
            else if (Symbols.Contains(character, System.StringComparison.Ordinal))
            {
                at++;
                tokens.Add(new AssemblyToken(AssemblyTokenKind.Symbol, text[start..at], start, 1));
            }
            else if (IsWord(character))
            {
                while (at < text.Length && IsWord(text[at]))
                {
                    at++;
                }

                tokens.Add(new AssemblyToken(AssemblyTokenKind.Word, text[start..at], start, at - start));
            }
            else
            {
                throw new AssemblyException($"unexpected character {Shown(character)}{HintFor(character)}", text, at, 1);
            }
        }

        tokens.Add(new AssemblyToken(AssemblyTokenKind.End, "", text.Length, 0));
        return tokens;
    }

    internal static bool IsWord(char character) => char.IsAsciiLetterOrDigit(character) || character is '_' or '.' or '$' or '@' or '?' or '`';

    private static int EndOfLine(string text, int at)
    {
        var end = text.IndexOf('\n', at);
        return end < 0 ? text.Length : end;
    }

    private static int ReadQuoted(string text, int start, List<AssemblyToken> tokens)
    {
        var at = start + 1;
        while (at < text.Length && text[at] != text[start])
        {
            if (text[at] == '\n')
            {
                break;
            }

            if (text[at] > 0x7F)
            {
                throw new AssemblyException("a text may hold ASCII characters only", text, at, 1);
            }

            at++;
        }

        if (at >= text.Length || text[at] == '\n')
        {
            throw new AssemblyException($"a text without its closing {text[start]}", text, start, at - start);
        }

        tokens.Add(new AssemblyToken(AssemblyTokenKind.Quoted, text[(start + 1)..at], start, at + 1 - start));
        return at + 1;
    }

    private static string Shown(char character) =>
        char.IsControl(character) ? $"U+{((int)character).ToString("X4", CultureInfo.InvariantCulture)}" : $"'{character}'";

    private static string HintFor(char character) => character switch
    {
        '/' => ": a comment begins with // or #",
        '{' or '}' => ": AVX-512 masks and rounding are not supported",
        '%' => ": registers are written without %",
        '=' => ": there are no assignments",
        _ => "",
    };
}
