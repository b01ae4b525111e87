using System.Collections.Immutable;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Syntax;

/// <summary>Kinds of words that a script consists of.</summary>
public enum TokenKind
{
    /// <summary>A keyword or name; where all its letters are hexadecimal digits, perhaps a number.</summary>
    Word,
    Number,

    /// <summary>A number with a fraction.</summary>
    Float,
    String,

    /// <summary><c>@rax</c>; the text is without the @.</summary>
    Register,

    /// <summary><c>$pid</c>; the text is without the $.</summary>
    PseudoRegister,

    /// <summary><c>module!name</c>.</summary>
    Symbol,

    /// <summary>Operators, brackets, <c>;</c> and <c>#include</c>.</summary>
    Mark,

    /// <summary>Something that was reported already.</summary>
    Bad,
    End,
}

/// <summary>One word of a script.</summary>
/// <param name="Text">As written, without the sign of registers; of strings: empty.</param>
/// <param name="StartsLine">Whether it is the first on its line.</param>
public sealed record Token(TokenKind Kind, SourceSpan Span, string Text, bool StartsLine)
{
    /// <summary>Of numbers, and of words that can be read as one.</summary>
    public ulong? Number { get; init; }

    /// <summary>Of numbers with a fraction.</summary>
    public double Fraction { get; init; }

    /// <summary>Of a number with a fraction: it has the suffix f. Of a string: it is wide.</summary>
    public bool HasAffix { get; init; }

    /// <summary>Of strings: UTF-8, or UTF-16 in wide ones, without a terminator.</summary>
    public ImmutableArray<byte> Bytes { get; init; } = [];

    public bool IsMark(string text) => Kind == TokenKind.Mark && Text == text;

    public bool IsWord(string text) => Kind == TokenKind.Word && Text == text;

    /// <summary>How messages name it.</summary>
    public string Shown => Kind switch
    {
        TokenKind.End => Span.Source.Name.Length == 0 ? "the end of the script" : "the end of the file",
        TokenKind.String => HasAffix ? "a wide string" : "a string",
        TokenKind.Register => $"'@{Text}'",
        TokenKind.PseudoRegister => $"'${Text}'",
        _ => $"'{Text}'",
    };
}
