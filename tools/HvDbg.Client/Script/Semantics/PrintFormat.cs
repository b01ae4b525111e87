using System.Collections.Generic;

namespace HvDbg.Client.Script.Semantics;

/// <summary>How the console shows one argument of a <c>printf</c>, and what the target has to send for it.</summary>
public enum PrintArgumentKind
{
    /// <summary>Eight bytes.</summary>
    Word,

    /// <summary>The bytes at the address, up to a zero.</summary>
    String,

    /// <summary>The pairs of bytes at the address, up to a zero.</summary>
    WideString,

    /// <summary>Eight bytes of a double.</summary>
    Double,
}

/// <summary>One piece of a format: text as it is, or an argument.</summary>
/// <param name="Text">Text; or the specifier as written, such as <c>%08llx</c>.</param>
/// <param name="Argument">What is sent for it; null: none, it is text.</param>
/// <param name="Conversion">The letter: d i u o x c p s f, or the built-in's own: 'X' for <c>print</c>, 'F' for <c>formats</c>, which end their lines themselves.</param>
/// <param name="Bytes">How many bytes of the argument count: 1, 2, 4 or 8.</param>
public sealed record PrintPiece(string Text, PrintArgumentKind? Argument = null, char Conversion = '\0', int Bytes = 8)
{
    /// <summary>Least characters; 0: as many as there are.</summary>
    public int Width { get; init; }

    /// <summary>Digits behind the point, or most characters of a string; null: as usual.</summary>
    public int? Precision { get; init; }

    /// <summary>Flags of C: '-', '0', '+', ' ' and '#'.</summary>
    public string Flags { get; init; } = "";
}

/// <summary>A format of <c>printf</c>, <c>print</c> or <c>formats</c>.</summary>
public sealed record PrintFormat(IReadOnlyList<PrintPiece> Pieces);
