using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Numerics;
using System.Text;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;

namespace HvDbg.Client.Script.Printing;

/// <summary>Makes text of what a script printed: the format out of the script, the raw arguments out of the message.</summary>
public static class PrintFormatter
{
    private const int DefaultFraction = 6;
    private const int PointerDigits = 16;

    /// <summary>The text. Arguments that are missing show as <c>?</c>; what a terminal would act on shows as <c>?</c> in strings.</summary>
    public static string Text(PrintFormat format, IReadOnlyList<PrintedArgument> arguments)
    {
        ArgumentNullException.ThrowIfNull(format);
        ArgumentNullException.ThrowIfNull(arguments);
        var text = new StringBuilder();
        var next = 0;
        foreach (var piece in format.Pieces)
        {
            if (piece.Argument is null)
            {
                text.Append(piece.Text);
            }
            else
            {
                text.Append(next < arguments.Count ? Argument(piece, arguments[next]) : "?");
                next++;
            }
        }

        return text.ToString();
    }

    /// <summary>What a message says without its format, which is not known.</summary>
    public static string Raw(IReadOnlyList<PrintedArgument> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var words = new List<string>();
        foreach (var argument in arguments)
        {
            words.Add(IsString(argument.Kind) ? $"\"{String(argument)}\"" : argument.Word.ToString("x", CultureInfo.InvariantCulture));
        }

        return string.Join(' ', words);
    }

    private static bool IsString(PrintArgumentKind kind) => kind is PrintArgumentKind.String or PrintArgumentKind.WideString;

    private static string Argument(PrintPiece piece, PrintedArgument argument)
    {
        switch (piece.Conversion)
        {
            case 'X':
                return argument.Word.ToString("x", CultureInfo.InvariantCulture) + "\n";
            case 'F':
                return Bases(argument.Word);
        }

        var text = piece.Conversion switch
        {
            's' => Cut(String(argument), piece.Precision),
            'c' => Printable((char)(byte)argument.Word).ToString(),
            'p' => argument.Word.ToString($"x{PointerDigits}", CultureInfo.InvariantCulture),
            'd' or 'i' => Signed(piece, argument.Word),
            'f' => Fraction(piece, BitConverter.UInt64BitsToDouble(argument.Word)),
            _ => Unsigned(piece, argument.Word),
        };
        return Pad(piece, text);
    }

    private static string Signed(PrintPiece piece, ulong word)
    {
        var value = piece.Bytes switch { 1 => (sbyte)word, 2 => (short)word, 4 => (int)word, _ => (long)word };
        var digits = LeastDigits(piece, BigInteger.Abs(value).ToString(CultureInfo.InvariantCulture));
        return Sign(piece, value < 0) + digits;
    }

    private static string Unsigned(PrintPiece piece, ulong word)
    {
        var value = piece.Bytes switch { 1 => (byte)word, 2 => (ushort)word, 4 => (uint)word, _ => word };
        var isMarked = piece.Flags.Contains('#', StringComparison.Ordinal) && value != 0;
        return piece.Conversion switch
        {
            'x' => (isMarked ? "0x" : "") + LeastDigits(piece, value.ToString("x", CultureInfo.InvariantCulture)),
            'o' => (isMarked ? "0" : "") + LeastDigits(piece, Octal(value)),
            _ => LeastDigits(piece, value.ToString(CultureInfo.InvariantCulture)),
        };
    }

    private static string Fraction(PrintPiece piece, double value)
    {
        var digits = Math.Abs(value).ToString($"F{piece.Precision ?? DefaultFraction}", CultureInfo.InvariantCulture);
        return Sign(piece, double.IsNegative(value)) + (double.IsNaN(value) ? "nan" : double.IsInfinity(value) ? "inf" : digits);
    }

    private static string Sign(PrintPiece piece, bool isNegative) => isNegative ? "-"
        : piece.Flags.Contains('+', StringComparison.Ordinal) ? "+" : piece.Flags.Contains(' ', StringComparison.Ordinal) ? " " : "";

    private static string LeastDigits(PrintPiece piece, string digits) =>
        piece.Precision == 0 && digits == "0" ? "" : digits.PadLeft(piece.Precision ?? 0, '0');

    private static string Octal(ulong value)
    {
        var digits = new StringBuilder();
        for (var rest = value; rest != 0 || digits.Length == 0; rest >>= 3)
        {
            digits.Insert(0, (char)('0' + (rest & 7)));
        }

        return digits.ToString();
    }

    // Zeros go behind the sign or the mark of the base, and nowhere where digits have a least number of their own.
    private static string Pad(PrintPiece piece, string text)
    {
        if (piece.Flags.Contains('-', StringComparison.Ordinal))
        {
            return text.PadRight(piece.Width);
        }

        var isNumber = piece.Conversion is not ('s' or 'c') && (piece.Precision is null || piece.Conversion == 'f');
        if (!isNumber || !piece.Flags.Contains('0', StringComparison.Ordinal) || text.Length >= piece.Width)
        {
            return text.PadLeft(piece.Width);
        }

        var head = text.StartsWith("0x", StringComparison.Ordinal) ? 2 : text[0] is '-' or '+' or ' ' ? 1 : 0;
        return text[..head] + text[head..].PadLeft(piece.Width - head, '0');
    }

    private static string Cut(string text, int? most) => most is { } length && text.Length > length ? text[..length] : text;

    private static string String(PrintedArgument argument)
    {
        var decoded = argument.Kind == PrintArgumentKind.WideString
            ? Encoding.Unicode.GetString(argument.Bytes.AsSpan())
            : Encoding.UTF8.GetString(argument.Bytes.AsSpan());
        var text = new StringBuilder(decoded.Length);
        foreach (var character in decoded)
        {
            text.Append(Printable(character));
        }

        return argument.End switch
        {
            PrintedStringEnd.Cut => text.Append('…').ToString(),
            PrintedStringEnd.Unreadable => text.Append(CultureInfo.InvariantCulture, $"<{argument.Word + (ulong)argument.Bytes.Length:x} cannot be read>").ToString(),
            _ => text.ToString(),
        };
    }

    private static char Printable(char character) => char.IsControl(character) && character is not ('\n' or '\t') ? '?' : character;

    private static string Bases(ulong value)
    {
        var bytes = new StringBuilder();
        for (var shift = 56; shift >= 0; shift -= 8)
        {
            var character = (char)(byte)(value >> shift);
            bytes.Append(character is >= ' ' and <= '~' ? character : '.');
        }

        var binary = value.ToString("b64", CultureInfo.InvariantCulture);
        var groups = string.Join(' ', binary.Chunk(8).Select(chunk => new string(chunk)));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"hex      {value:x16}\ndecimal  {value}{(value > long.MaxValue ? $" ({(long)value})" : "")}\noctal    {Octal(value)}\nbinary   {groups}\nchars    {bytes}\n" +
            $"float    {BitConverter.UInt32BitsToSingle((uint)value):R}\ndouble   {BitConverter.UInt64BitsToDouble(value):R}\n");
    }
}
