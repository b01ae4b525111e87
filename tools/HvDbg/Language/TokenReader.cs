using System.Collections.Generic;

namespace HvDbg.Language;

/// <summary>Goes through the tokens of a command.</summary>
public sealed class TokenReader(string text, IReadOnlyList<Token> tokens, int first)
{
    private int _next = first;

    /// <summary>The whole command.</summary>
    public string Text { get; } = text;

    public bool AtEnd => _next >= tokens.Count;

    /// <summary>The next token, which stays the next; null at the end.</summary>
    public Token? Peek => AtEnd ? null : tokens[_next];

    /// <summary>Where to point when something is missing here.</summary>
    public int Position => AtEnd ? Text.TrimEnd().Length : tokens[_next].Start;

    /// <summary>Where the token that was taken last begins.</summary>
    public int LastStart => tokens[_next - 1].Start;

    /// <summary>The token behind the next one; null where there is none.</summary>
    public Token? PeekSecond => _next + 1 < tokens.Count ? tokens[_next + 1] : null;

    public Token Take() => tokens[_next++];
}
