using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Code;
using HvDbg.Client.Script.Semantics;

namespace HvDbg.Client;

public sealed partial class Debugger
{
    private readonly SemaphoreSlim _layoutLock = new(1, 1);
    private (ulong BootId, ScriptLayout Layout)? _layout;

    /// <summary>Compiles a script for this target, asking it for addresses of symbols and the numbers of globals.</summary>
    /// <param name="text">Statements, in HyperDbg's language.</param>
    /// <param name="options">What the compilation depends on besides the text; null: nothing.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="ScriptException">The script is wrong.</exception>
    public async Task<CompiledScript> CompileScriptAsync(string text, ScriptOptions? options = null, CancellationToken cancellationToken = default)
    {
        var known = await ResolveAsync(ScriptFrontEnd.SymbolsOf(text, options ?? ScriptOptions.Default), options, cancellationToken).ConfigureAwait(false);
        return await CompileAsync(ScriptFrontEnd.Compile(text, known), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Compiles one expression: the script answers its value.</summary>
    /// <inheritdoc cref="CompileScriptAsync"/>
    public async Task<CompiledScript> CompileExpressionAsync(string text, ScriptOptions? options = null, CancellationToken cancellationToken = default)
    {
        var known = await ResolveAsync(ScriptFrontEnd.SymbolsOfExpression(text, options ?? ScriptOptions.Default), options, cancellationToken).ConfigureAwait(false);
        return await CompileAsync(ScriptFrontEnd.CompileExpression(text, known), cancellationToken).ConfigureAwait(false);
    }

    private async Task<CompiledScript> CompileAsync(FrontEndResult result, CancellationToken cancellationToken)
    {
        if (result.Script is not { } bound)
        {
            throw new ScriptException(result.Diagnostics);
        }

        var layout = await LayoutAsync(cancellationToken).ConfigureAwait(false);
        var globals = await NameGlobalsAsync(bound.Globals.Select(global => global.Name), cancellationToken).ConfigureAwait(false);
        try
        {
            return ScriptCompiler.Compile(bound, layout, globals);
        }
        catch (ScriptSizeException problem)
        {
            throw new DebuggerException($"script: {problem.Message}", problem);
        }
    }

    private async Task<ScriptOptions> ResolveAsync(IReadOnlyList<SymbolName> names, ScriptOptions? options, CancellationToken cancellationToken)
    {
        var addresses = new Dictionary<SymbolName, ulong>();
        foreach (var name in names)
        {
            try
            {
                addresses[name] = await Symbols.AddressOfAsync(name.Name, cancellationToken).ConfigureAwait(false);
            }
            catch (TargetException)
            {
                // The compiler says what it does not know, and where.
            }
        }

        var given = options ?? ScriptOptions.Default;
        return names.Count == 0 ? given : given with { Symbols = new KnownSymbols(addresses) };
    }

    // The same until the machine is reset.
    private async Task<ScriptLayout> LayoutAsync(CancellationToken cancellationToken)
    {
        await _layoutLock.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_layout is not { } known || known.BootId != Target.BootId)
            {
                known = (Target.BootId, await GetScriptLayoutAsync(cancellationToken).ConfigureAwait(false));
                _layout = known;
            }

            return known.Layout;
        }
        finally
        {
            _layoutLock.Release();
        }
    }

    private sealed class KnownSymbols(Dictionary<SymbolName, ulong> addresses) : ISymbolResolver
    {
        public ulong? Resolve(SymbolName symbol) => addresses.TryGetValue(symbol, out var address) ? address : null;
    }
}
