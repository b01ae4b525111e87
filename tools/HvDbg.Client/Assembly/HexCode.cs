using System;
using System.Collections.Generic;
using System.Globalization;

namespace HvDbg.Client.Assembly;

/// <summary>
/// Machine code written as hexadecimal digits: <c>{90 90 c3}</c>, <c>9090c3</c>, <c>\x90\x90\xc3</c>, <c>0x90 0x90</c>, <c>0x9090C3</c>.
/// Blanks and line ends may stand between bytes, never inside one; a prefix (<c>0x</c>, <c>\x</c>, <c>x</c>) may stand before any byte.
/// A run of digits without blanks and prefixes is read two by two; an odd run is an error and not a byte with a zero in front, because that
/// would shift every digit behind it.
/// </summary>
public static class HexCode
{
    private const string Hint = "for assembly text put 'asm' before";

    /// <summary>Reads the bytes.</summary>
    /// <exception cref="CodeTextException">There is none, a character is no hexadecimal digit, or a byte has one digit only.</exception>
    public static byte[] Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bytes = new List<byte>(text.Length / 2);
        var at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
            {
                at++;
            }

            if (at == text.Length)
            {
                break;
            }

            ReadRun(text, ref at, bytes);
        }

        return bytes.Count > 0
            ? [.. bytes]
            : throw new CodeTextException("no machine code: expected bytes as hexadecimal digits, such as 90 90 c3", text, 0, text.Length);
    }

    private static void ReadRun(string text, ref int at, List<byte> bytes)
    {
        var prefix = PrefixLength(text, at);
        var start = at + prefix;
        var end = start;
        while (end < text.Length && char.IsAsciiHexDigit(text[end]) && (end == start || !BeginsPrefix(text, start, end)))
        {
            end++;
        }

        if (end == start)
        {
            throw prefix > 0
                ? new CodeTextException($"expected hexadecimal digits behind {text.Substring(at, prefix)}", text, at, prefix)
                : new CodeTextException($"{Shown(text[at])} is no hexadecimal digit; {Hint}", text, at, 1);
        }

        var boundary = end == text.Length || char.IsWhiteSpace(text[end]) || PrefixLength(text, end) > 0;
        if (!boundary)
        {
            throw new CodeTextException($"{Shown(text[end])} is no hexadecimal digit; {Hint}", text, end, 1);
        }

        if ((end - start) % 2 != 0)
        {
            throw new CodeTextException(
                $"an odd number of hexadecimal digits: {text[start..end]} has {(end - start).ToString(CultureInfo.InvariantCulture)}, a byte has two",
                text,
                start,
                end - start);
        }

        for (; start < end; start += 2)
        {
            bytes.Add(byte.Parse(text.AsSpan(start, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        }

        at = end;
    }

    // "90" + "0x90" without a blank: the zero belongs to the prefix, provided that whole bytes stand before it.
    private static bool BeginsPrefix(string text, int start, int at) =>
        (at - start) % 2 == 0 && text[at] == '0' && at + 1 < text.Length && text[at + 1] is 'x' or 'X';

    private static int PrefixLength(string text, int at)
    {
        var rest = text.AsSpan(at);
        if (rest.StartsWith("0x", StringComparison.OrdinalIgnoreCase) || rest.StartsWith("\\x", StringComparison.OrdinalIgnoreCase))
        {
            return 2;
        }

        return rest.StartsWith("x", StringComparison.OrdinalIgnoreCase) ? 1 : 0;
    }

    private static string Shown(char character) =>
        char.IsControl(character) ? $"U+{((int)character).ToString("X4", CultureInfo.InvariantCulture)}" : $"'{character}'";
}
