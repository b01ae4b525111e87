using System.Collections.Generic;
using System.Globalization;

namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>Formats of <c>printf</c>: <c>%[flags][width][.precision][h|l|ll|w]letter</c>.</summary>
internal static class PrintFormatReader
{
    private const int MostWidth = 1000;

    /// <summary>The pieces of a format.</summary>
    /// <param name="problem">What is wrong with it; empty: nothing.</param>
    internal static IReadOnlyList<PrintPiece> Read(string format, out string problem, out string hint)
    {
        var pieces = new List<PrintPiece>();
        (problem, hint) = ("", "");
        var text = 0;
        for (var at = 0; at < format.Length;)
        {
            if (format[at] != '%')
            {
                at++;
                continue;
            }

            AddText(pieces, format[text..at]);
            if (at + 1 < format.Length && format[at + 1] == '%')
            {
                text = at + 1;
                at += 2;
                continue;
            }

            var piece = ReadPiece(format, at, out problem, out hint);
            if (piece is null)
            {
                return [];
            }

            pieces.Add(piece);
            at += piece.Text.Length;
            text = at;
        }

        AddText(pieces, format[text..]);
        return pieces;
    }

    private static void AddText(List<PrintPiece> pieces, string text)
    {
        if (text.Length != 0)
        {
            pieces.Add(new PrintPiece(text));
        }
    }

    private static PrintPiece? ReadPiece(string format, int start, out string problem, out string hint)
    {
        var at = start + 1;
        var flags = Take(format, ref at, "-0+ #");
        var width = Take(format, ref at, "0123456789");
        var precision = at < format.Length && format[at] == '.' ? TakePrecision(format, ref at) : null;
        var size = Take(format, ref at, "hlw");
        var letter = at < format.Length ? format[at] : '\0';
        var specifier = format[start..System.Math.Min(at + 1, format.Length)];
        (problem, hint) = Problem(letter, size, specifier);
        if (problem.Length == 0 && (NumberOf(width) > MostWidth || NumberOf(precision ?? "") > MostWidth))
        {
            problem = $"'{specifier}' is wider than {MostWidth} characters";
        }

        return problem.Length != 0 ? null : new PrintPiece(specifier, KindOf(letter, size), letter, BytesOf(letter, size))
        {
            Flags = flags,
            Width = NumberOf(width),
            Precision = precision is null ? null : NumberOf(precision),
        };
    }

    private static string TakePrecision(string format, ref int at)
    {
        at++;
        return Take(format, ref at, "0123456789");
    }

    private static string Take(string format, ref int at, string letters)
    {
        var start = at;
        while (at < format.Length && letters.Contains(format[at], System.StringComparison.Ordinal))
        {
            at++;
        }

        return format[start..at];
    }

    private static int NumberOf(string digits) =>
        digits.Length == 0 ? 0 : int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;

    private static (string Problem, string Hint) Problem(char letter, string size, string specifier) => (letter, size) switch
    {
        ('d' or 'i' or 'u' or 'o' or 'x', "" or "h" or "hh" or "l" or "ll") => ("", ""),
        ('s', "" or "l" or "w") => ("", ""),
        ('c' or 'p', "") => ("", ""),
        ('f', "" or "l") => ("", ""),
        ('\0', _) => ($"'{specifier}' has no letter that says what to print", "a percent sign itself is written '%%'"),
        ('X', _) => ($"unknown format '{specifier}'", "hexadecimal is '%x', with eight bytes '%llx'"),
        ('d' or 'i' or 'u' or 'o' or 'x' or 's' or 'c' or 'p' or 'f', _) => ($"'{specifier}': '{size}' does not go with '{letter}'", ""),
        _ => ($"unknown format '{specifier}'", "known are d i u o x c p s ws f, numbers perhaps with h, l or ll before; '%%' is a percent sign"),
    };

    private static PrintArgumentKind KindOf(char letter, string size) => letter switch
    {
        's' => size.Length == 0 ? PrintArgumentKind.String : PrintArgumentKind.WideString,
        'f' => PrintArgumentKind.Double,
        _ => PrintArgumentKind.Word,
    };

    /// <summary>As on Windows: long has four bytes, so that eight need ll.</summary>
    private static int BytesOf(char letter, string size) => (letter, size) switch
    {
        ('c', _) or (_, "hh") => 1,
        ('p' or 's' or 'f', _) or (_, "ll") => 8,
        (_, "h") => 2,
        _ => 4,
    };
}
