using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Semantics;
using HvDbg.Client.Script.Semantics.Binding;
using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script;

/// <summary>What became of a text.</summary>
/// <param name="Script">Null: there are diagnostics.</param>
/// <param name="Diagnostics">What is wrong, at least one where there is no script.</param>
public sealed record FrontEndResult(BoundScript? Script, IReadOnlyList<ScriptDiagnostic> Diagnostics);

/// <summary>
/// From text to a bound script. Symbols of the guest are asked for in advance, as a target answers later than a compiler can wait:
/// <see cref="SymbolsOf"/>, the answers of the target, then <see cref="Compile"/> with a resolver that knows them.
/// </summary>
public static class ScriptFrontEnd
{
    /// <summary>Compiles a whole script.</summary>
    public static FrontEndResult Compile(string text, ScriptOptions options)
    {
        var diagnostics = new DiagnosticList();
        var syntax = Parser.ParseScript(new ScriptSource(options.Name, text), options, diagnostics);
        return Result(diagnostics.Any ? null : ScriptBinder.Bind(syntax, options, diagnostics), diagnostics);
    }

    /// <summary>Compiles a single expression: the script's main function returns its value, a word.</summary>
    public static FrontEndResult CompileExpression(string text, ScriptOptions options)
    {
        var diagnostics = new DiagnosticList();
        var syntax = Parser.ParseExpression(new ScriptSource(options.Name, text), options, diagnostics);
        return Result(diagnostics.Any ? null : ScriptBinder.BindExpression(syntax, options, diagnostics), diagnostics);
    }

    /// <summary>The names in a script that only the guest's symbols can explain.</summary>
    public static IReadOnlyList<SymbolName> SymbolsOf(string text, ScriptOptions options) => Asked(options, asking => Compile(text, asking));

    /// <summary>The names in a single expression that only the guest's symbols can explain.</summary>
    public static IReadOnlyList<SymbolName> SymbolsOfExpression(string text, ScriptOptions options) => Asked(options, asking => CompileExpression(text, asking));

    private static IReadOnlyList<SymbolName> Asked(ScriptOptions options, System.Action<ScriptOptions> compile)
    {
        var asked = new AskedSymbols();
        compile(options with { Symbols = asked });
        return [.. asked.Names];
    }

    private static FrontEndResult Result(BoundScript? script, DiagnosticList diagnostics) => new(diagnostics.Any ? null : script, diagnostics.InOrder);

    /// <summary>Pretends to know every symbol, and keeps what was asked for.</summary>
    private sealed class AskedSymbols : ISymbolResolver
    {
        private readonly List<SymbolName> _names = [];

        internal IEnumerable<SymbolName> Names => _names.Distinct();

        public ulong? Resolve(SymbolName symbol)
        {
            _names.Add(symbol);
            return 1;
        }
    }
}
