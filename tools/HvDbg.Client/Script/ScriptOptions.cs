using System.Collections.Generic;
using HvDbg.Client.Script.Semantics;
using HvDbg.Client.Script.Syntax;

namespace HvDbg.Client.Script;

/// <summary>What a compilation depends on besides the text.</summary>
public sealed record ScriptOptions
{
    public static ScriptOptions Default { get; } = new();

    /// <summary>How messages name the text, and what its <c>#include</c> are relative to: a file's path; empty: the text of a command.</summary>
    public string Name { get; init; } = "";

    /// <summary>Refuses what HyperDbg refuses: comparisons and logical operators outside conditions, declarations without a value.</summary>
    public bool IsStrict { get; init; }

    /// <summary>Where <c>#include</c> finds files.</summary>
    public IScriptFiles Files { get; init; } = ScriptFiles.OnDisk;

    /// <summary>Addresses of the guest's symbols.</summary>
    public ISymbolResolver Symbols { get; init; } = NoSymbols.Instance;

    /// <summary>What <c>$arg0</c>, <c>$arg1</c>, … stand for, each an expression.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];
}
