namespace HvDbg.Client.Script.Text;

/// <summary>A place in a script: characters of one of its texts.</summary>
/// <param name="Source">The text.</param>
/// <param name="Start">Characters from its beginning.</param>
/// <param name="Length">Characters; 0: something is missing here.</param>
public readonly record struct SourceSpan(ScriptSource Source, int Start, int Length)
{
    public int End => Start + Length;

    /// <summary>The characters.</summary>
    public string Text => Source.Text.Substring(Start, Length);

    /// <summary>Line and column of the first character, both from 1.</summary>
    public (int Line, int Column) Position => Source.PositionOf(Start);

    /// <summary>From the beginning of this place to the end of another in the same text.</summary>
    public SourceSpan To(SourceSpan last) => last.Source == Source && last.End > Start ? this with { Length = last.End - Start } : this;
}
