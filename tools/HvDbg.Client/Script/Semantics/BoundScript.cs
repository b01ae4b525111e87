using System.Collections.Generic;

namespace HvDbg.Client.Script.Semantics;

/// <summary>A variable of a function or of the script's top level.</summary>
/// <param name="Name">As it is written.</param>
/// <param name="Type">Of any kind but void.</param>
/// <param name="Index">Unique in its function.</param>
public sealed record LocalSymbol(string Name, ScriptType Type, int Index)
{
    /// <summary>Its address is taken, or it is an array or struct: it must be in memory.</summary>
    public bool NeedsMemory { get; set; }
}

/// <summary>A word that all scripts share.</summary>
/// <param name="Name">Without the dot.</param>
public sealed record GlobalSymbol(string Name);

/// <summary>A function of the script. The body is set once it is bound: functions may call each other.</summary>
public sealed class FunctionSymbol(string name, ScriptType returnType, IReadOnlyList<LocalSymbol> parameters)
{
    public string Name { get; } = name;

    public ScriptType ReturnType { get; } = returnType;

    public IReadOnlyList<LocalSymbol> Parameters { get; } = parameters;

    /// <summary>Parameters included.</summary>
    public IReadOnlyList<LocalSymbol> Locals { get; set; } = parameters;

    public BoundBlock? Body { get; set; }
}

/// <summary>A script that is known to be right.</summary>
/// <param name="Main">The statements at top level; its <see cref="FunctionSymbol.ReturnType"/> is word where a single expression is evaluated.</param>
/// <param name="Functions">The functions that can be reached from it.</param>
/// <param name="Globals">Every global word it names.</param>
/// <param name="Formats">Every format it prints with; a format's number is its place in this list.</param>
public sealed record BoundScript(
    FunctionSymbol Main, IReadOnlyList<FunctionSymbol> Functions, IReadOnlyList<GlobalSymbol> Globals, IReadOnlyList<PrintFormat> Formats);
