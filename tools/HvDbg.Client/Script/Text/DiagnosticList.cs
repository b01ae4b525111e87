using System.Collections.Generic;
using System.Linq;

namespace HvDbg.Client.Script.Text;

/// <summary>What a compilation found to be wrong, at most one thing for each place.</summary>
public sealed class DiagnosticList
{
    /// <summary>More than these help nobody: what follows is dropped.</summary>
    public const int Most = 50;

    private readonly List<ScriptDiagnostic> _found = [];
    private readonly HashSet<(ScriptSource, int)> _places = [];

    /// <summary>As they were found.</summary>
    public IReadOnlyList<ScriptDiagnostic> Found => _found;

    /// <summary>Those of each text in the order of their places.</summary>
    public IReadOnlyList<ScriptDiagnostic> InOrder => [.. _found.GroupBy(found => found.Span.Source).SelectMany(text => text.OrderBy(found => found.Span.Start))];

    public bool Any => _found.Count != 0;

    /// <summary>Adds one; a second one for the same place is a consequence of the first, and dropped.</summary>
    public void Add(SourceSpan span, string message, string hint = "")
    {
        if (_found.Count < Most && _places.Add((span.Source, span.Start)))
        {
            _found.Add(new ScriptDiagnostic(span, message, hint));
        }
    }
}
