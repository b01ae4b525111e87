using System;

namespace HvDbg.Client.Script.Syntax;

/// <summary>Integers as they are written: hexadecimal unless 0n (decimal), 0t (octal) or 0y (binary) stands before, backticks anywhere behind the first digit.</summary>
internal static class NumberLiteral
{
    /// <summary>The value; null: <paramref name="problem"/> says what is wrong.</summary>
    internal static ulong? Parse(string text, out string problem)
    {
        var (radix, name, digits) = text switch
        {
            ['0', 'x' or 'X', .. var rest] => (16u, "hexadecimal", rest),
            ['0', 'n' or 'N', .. var rest] => (10u, "decimal", rest),
            ['0', 't' or 'T', .. var rest] => (8u, "octal", rest),
            ['0', 'y' or 'Y', .. var rest] => (2u, "binary", rest),
            _ => (16u, "hexadecimal", text),
        };
        digits = digits.Replace("`", "", StringComparison.Ordinal);
        problem = digits.Length == 0 ? $"'{text}' has no digits" : "";
        var value = 0ul;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit(digit) || ValueOf(digit) >= radix)
            {
                problem = $"'{digit}' is no {name} digit";
                return null;
            }

            if (value > (ulong.MaxValue - ValueOf(digit)) / radix)
            {
                problem = $"'{text}' is too large: numbers have at most 64 bits";
                return null;
            }

            value = (value * radix) + ValueOf(digit);
        }

        return problem.Length == 0 ? value : null;
    }

    private static uint ValueOf(char digit) => (uint)Convert.ToInt32(digit.ToString(), 16);
}
