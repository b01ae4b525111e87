namespace HvDbg.Client.Assembly;

internal enum AssemblyTokenKind
{
    /// <summary>Letters, digits, <c>_ . $ @ ? `</c>: a name or a number; which of them shows where it stands.</summary>
    Word,

    /// <summary>A text in quotes; <see cref="AssemblyToken.Text"/> is what stands between them.</summary>
    Quoted,

    /// <summary>One of <c>, [ ] ( ) : + - *</c>.</summary>
    Symbol,

    /// <summary><c>;</c> or a line end.</summary>
    Separator,
    End,
}

/// <param name="Kind">What it is.</param>
/// <param name="Text">As it was written; of a quoted text without the quotes.</param>
/// <param name="Offset">Characters from the beginning of the whole text.</param>
/// <param name="Length">Characters, quotes included.</param>
internal readonly record struct AssemblyToken(AssemblyTokenKind Kind, string Text, int Offset, int Length)
{
    public int End => Offset + Length;

    /// <summary>How a message calls it.</summary>
    public string Shown => Kind switch
    {
        AssemblyTokenKind.End => "the end of the text",
        AssemblyTokenKind.Separator => Text == ";" ? "';'" : "the end of the line",
        AssemblyTokenKind.Quoted => $"the text '{Text}'",
        _ => $"'{Text}'",
    };

    public bool Is(char symbol) => Kind == AssemblyTokenKind.Symbol && Text[0] == symbol;
}
