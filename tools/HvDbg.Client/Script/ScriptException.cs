using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script;

/// <summary>A script is wrong. Nothing was sent to the target.</summary>
/// <param name="diagnostics">What is wrong with it, at least one thing.</param>
public sealed class ScriptException(IReadOnlyList<ScriptDiagnostic> diagnostics)
    : DebuggerException(string.Join('\n', diagnostics.SelectMany(diagnostic => diagnostic.Lines())))
{
    public IReadOnlyList<ScriptDiagnostic> Diagnostics { get; } = diagnostics;
}
