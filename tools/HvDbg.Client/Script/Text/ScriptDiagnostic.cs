using System.Collections.Generic;

namespace HvDbg.Client.Script.Text;

/// <summary>One thing that is wrong with a script.</summary>
/// <param name="Span">Where.</param>
/// <param name="Message">One line: what was found and what was expected, without the position.</param>
/// <param name="Hint">One line more on how to write it instead; empty: none.</param>
public sealed record ScriptDiagnostic(SourceSpan Span, string Message, string Hint = "")
{
    /// <summary>
    /// The message with its position, the line of the script with a caret under the place, and the hint:
    /// <c>script 2:7: expected ';', found '}'</c>.
    /// </summary>
    public IEnumerable<string> Lines()
    {
        var (line, column) = Span.Position;
        var name = Span.Source.Name.Length == 0 ? "script " : Span.Source.Name + ":";
        yield return $"{name}{line}:{column}: {Message}";
        yield return "  " + Span.Source.Line(line).Replace('\t', ' ');
        yield return new string(' ', 1 + column) + "^";
        if (Hint.Length != 0)
        {
            yield return "  " + Hint;
        }
    }
}
