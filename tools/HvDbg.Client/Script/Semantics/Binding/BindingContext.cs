using System.Collections.Generic;
using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;
using HvKernel.Protocol;

namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>What the functions of one script have in common.</summary>
internal sealed class BindingContext(ScriptOptions options, DiagnosticList diagnostics)
{
    private readonly Dictionary<string, GlobalSymbol> _globals = [];
    private readonly List<GlobalSymbol> _globalsInOrder = [];

    internal ScriptOptions Options { get; } = options;

    internal DiagnosticList Diagnostics { get; } = diagnostics;

    /// <summary>Names of the language's types at top level.</summary>
    internal Scope Types { get; } = new(null);

    internal Dictionary<string, FunctionSymbol> Functions { get; } = [];

    internal List<PrintFormat> Formats { get; } = [];

    internal IReadOnlyList<GlobalSymbol> Globals => _globalsInOrder;

    /// <summary>Parameters that a script passes by value, and code by the address of a struct that the function copies first.</summary>
    internal HashSet<LocalSymbol> CopiedParameters { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>Variables of the top level, for the hint that functions do not see them.</summary>
    internal HashSet<string> TopLevelVariables { get; } = [];

    internal void Report(SourceSpan span, string message, string hint = "") => Diagnostics.Add(span, message, hint);

    internal GlobalSymbol Global(GlobalSyntax syntax)
    {
        if (_globals.TryGetValue(syntax.Name, out var known))
        {
            return known;
        }

        if (syntax.Name.Length >= ScriptLimits.GlobalNameBytes)
        {
            Report(syntax.Span, $"the name of a global has {syntax.Name.Length} letters", $"at most {ScriptLimits.GlobalNameBytes - 1}");
        }
        else if (_globals.Count == ScriptLimits.Globals)
        {
            Report(syntax.Span, $"more than {ScriptLimits.Globals} globals");
        }

        var global = new GlobalSymbol(syntax.Name);
        _globals.Add(syntax.Name, global);
        _globalsInOrder.Add(global);
        return global;
    }
}
