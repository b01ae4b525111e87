using System;

namespace HvDbg.Client.Assembly;

/// <summary>
/// Numbers in assembly text have the rule of the console's commands: hexadecimal unless they begin with 0n (decimal), 0t (octal) or 0y
/// (binary); 0x is allowed, backticks between digits are dropped. An h behind hexadecimal digits is allowed too, as disassemblers write it.
/// </summary>
internal static class AssemblyNumber
{
    internal enum Fault
    {
        None,
        NoNumber,
        TooLarge,
    }

    internal static Fault Parse(string word, out ulong value)
    {
        value = 0;
        var digits = word.Replace("`", "", StringComparison.Ordinal);
        var radix = 16u;
        if (digits.Length >= 2 && digits[0] == '0')
        {
            var prefixed = char.ToLowerInvariant(digits[1]) switch { 'n' => 10u, 'x' => 16u, 't' => 8u, 'y' => 2u, _ => 0u };
            if (prefixed != 0)
            {
                radix = prefixed;
                digits = digits[2..];
            }
        }

        if (digits.Length > 1 && digits.Length == word.Replace("`", "", StringComparison.Ordinal).Length && digits[^1] is 'h' or 'H')
        {
            digits = digits[..^1];
        }

        if (digits.Length == 0 || word[0] == '`')
        {
            return Fault.NoNumber;
        }

        var tooLarge = false;
        foreach (var character in digits)
        {
            if (!char.IsAsciiHexDigit(character))
            {
                return Fault.NoNumber;
            }

            var digit = (uint)(char.IsAsciiDigit(character) ? character - '0' : (character | 0x20) - 'a' + 10);
            if (digit >= radix)
            {
                return Fault.NoNumber;
            }

            tooLarge |= value > (ulong.MaxValue - digit) / radix;
            value = unchecked((value * radix) + digit);
        }

        return tooLarge ? Fault.TooLarge : Fault.None;
    }
}
