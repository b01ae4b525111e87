using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Syntax;

/// <summary>Strings and characters as they are written: <c>\n \t \r \0 \\ \" \' \xNN</c> stand for one character; any other backslash is one.</summary>
internal static class StringLiteral
{
    /// <summary>Reads from the opening quote, single or double, to the same one again.</summary>
    /// <param name="start">Where the opening quote is.</param>
    /// <param name="bytes">The content.</param>
    /// <returns>Where the text goes on.</returns>
    internal static int Read(ScriptSource source, int start, bool isWide, DiagnosticList diagnostics, out ImmutableArray<byte> bytes)
    {
        var text = source.Text;
        var content = new List<byte>();
        var at = start + 1;
        var quote = text[start];
        while (at < text.Length && text[at] != quote && text[at] != '\n')
        {
            if (text[at] == '\\' && at + 1 < text.Length && Escaped(text[at + 1]) is { } character)
            {
                Add(content, isWide, character);
                at += 2;
            }
            else if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] == 'x')
            {
                at = ReadCode(source, at, isWide, diagnostics, content);
            }
            else
            {
                var length = char.IsSurrogatePair(text, at) ? 2 : 1;
                content.AddRange((isWide ? Encoding.Unicode : Encoding.UTF8).GetBytes(text.Substring(at, length)));
                at += length;
            }
        }

        bytes = [.. content];
        if (at < text.Length && text[at] == quote)
        {
            return at + 1;
        }

        diagnostics.Add(new SourceSpan(source, start, at - start), quote == '"' ? "a string without its closing '\"'" : "a character without its closing quote");
        return at;
    }

    private static char? Escaped(char letter) => letter switch
    {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '0' => '\0',
        '\\' or '"' or '\'' => letter,
        _ => null,
    };

    private static int ReadCode(ScriptSource source, int backslash, bool isWide, DiagnosticList diagnostics, List<byte> content)
    {
        var digits = backslash + 2;
        var end = digits;
        while (end < source.Text.Length && end < digits + 2 && char.IsAsciiHexDigit(source.Text[end]))
        {
            end++;
        }

        if (end == digits)
        {
            diagnostics.Add(new SourceSpan(source, backslash, 2), @"'\x' needs one or two hexadecimal digits");
            return end;
        }

        Add(content, isWide, (char)NumberLiteral.Parse(source.Text[digits..end], out _)!.Value);
        return end;
    }

    private static void Add(List<byte> content, bool isWide, char character)
    {
        content.Add((byte)character);
        if (isWide)
        {
            content.Add(0);
        }
    }
}
