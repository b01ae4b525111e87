using System;
using System.Globalization;

namespace HvDbg.Language;

/// <summary>
/// Numbers of the command language: hexadecimal unless they begin with 0n (decimal), 0t (octal) or 0y (binary); 0x is allowed; backticks
/// between digits are dropped.
/// </summary>
public static class Number
{
    /// <summary>Why a text is no number.</summary>
    public enum Fault
    {
        None,
        NoNumber,
        TooLarge,
    }

    /// <summary>Reads a number of at most <paramref name="bits"/> bits.</summary>
    public static Fault Parse(string text, int bits, out ulong value)
    {
        value = 0;
        var digits = text.Replace("`", "", StringComparison.Ordinal);
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

        if (digits.Length == 0)
        {
            return Fault.NoNumber;
        }

        var most = bits >= 64 ? ulong.MaxValue : (1ul << bits) - 1;
        var tooLarge = false;
        foreach (var character in digits)
        {
            if (!char.IsAsciiHexDigit(character))
            {
                return Fault.NoNumber;
            }

            var digit = (uint)Convert.ToInt32(character.ToString(), 16);
            if (digit >= radix)
            {
                return Fault.NoNumber;
            }

            tooLarge |= value > (most - digit) / radix;
            value = unchecked((value * radix) + digit);
        }

        return tooLarge ? Fault.TooLarge : Fault.None;
    }

    /// <summary>Whether a text has the form of a number, whatever its size.</summary>
    public static bool IsNumber(string text) => Parse(text, 64, out _) != Fault.NoNumber;

    /// <summary>Reads a number that the parameter <paramref name="name"/> takes.</summary>
    /// <exception cref="CommandSyntaxException">It is none, or has too many bits.</exception>
    public static ulong Require(string name, Token token, int bits)
    {
        switch (token.IsWord ? Parse(token.Text, bits, out var value) : FaultOfGroup(out value))
        {
            case Fault.None:
                return value;
            case Fault.TooLarge:
                throw new CommandSyntaxException($"{name}: {token.Text} has more than {bits.ToString(CultureInfo.InvariantCulture)} bits", token.Start);
            default:
                throw new CommandSyntaxException($"{name}: expected {Expected(bits)}, found {token.Shown}", token.Start);
        }
    }

    /// <summary>What a parameter expects, in words.</summary>
    public static string Expected(int bits) => $"a hexadecimal number of at most {bits} bits (0n12 is decimal)";

    private static Fault FaultOfGroup(out ulong value)
    {
        value = 0;
        return Fault.NoNumber;
    }
}
