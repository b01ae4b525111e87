using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>Makes a <see cref="BoundScript"/> of a tree without errors in its syntax.</summary>
internal static class ScriptBinder
{
    /// <summary>Binds a script; what is wrong goes to the diagnostics.</summary>
    internal static BoundScript Bind(ScriptSyntax script, ScriptOptions options, DiagnosticList diagnostics)
    {
        var context = new BindingContext(options, diagnostics);
        var functions = script.Statements.OfType<FunctionSyntax>().ToList();

        // Types at top level are known in all functions, and functions are known everywhere.
        FunctionBinder.BindTypes(context, script);
        var symbols = functions.Select(function => Declare(context, function)).ToList();
        var (main, mainCalls) = FunctionBinder.BindMain(context, script);
        var calls = new Dictionary<FunctionSymbol, IReadOnlySet<FunctionSymbol>>();
        foreach (var (symbol, syntax) in symbols.Zip(functions))
        {
            calls[symbol] = FunctionBinder.BindBody(context, symbol, syntax);
        }

        return new BoundScript(main, Reachable(mainCalls, calls), context.Globals, context.Formats);
    }

    /// <summary>Binds a single expression: the script returns its value, a word.</summary>
    internal static BoundScript BindExpression(ExpressionSyntax expression, ScriptOptions options, DiagnosticList diagnostics)
    {
        var context = new BindingContext(options, diagnostics);
        var (main, _) = FunctionBinder.BindExpression(context, expression);
        return new BoundScript(main, [], context.Globals, context.Formats);
    }

    private static FunctionSymbol Declare(BindingContext context, FunctionSyntax syntax)
    {
        var function = FunctionBinder.BindSignature(context, syntax);
        if (BuiltInTable.IsTaken(syntax.Name))
        {
            context.Report(syntax.NameSpan, $"'{syntax.Name}' is a function of the language", "choose another name");
        }
        else if (!context.Functions.TryAdd(syntax.Name, function))
        {
            context.Report(syntax.NameSpan, $"a second function '{syntax.Name}'");
        }

        return function;
    }

    /// <summary>The functions that can run, in the order in which they are first called.</summary>
    private static List<FunctionSymbol> Reachable(IReadOnlySet<FunctionSymbol> first, Dictionary<FunctionSymbol, IReadOnlySet<FunctionSymbol>> calls)
    {
        var reached = new List<FunctionSymbol>(first);
        for (var at = 0; at < reached.Count; at++)
        {
            reached.AddRange(calls.GetValueOrDefault(reached[at], new HashSet<FunctionSymbol>()).Where(called => !reached.Contains(called)));
        }

        return reached;
    }
}
