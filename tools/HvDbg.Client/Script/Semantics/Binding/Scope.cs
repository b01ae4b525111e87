using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>The names between two braces; those of the scopes around it are visible.</summary>
internal sealed class Scope(Scope? around)
{
    private readonly Dictionary<string, LocalSymbol> _variables = [];
    private readonly Dictionary<string, ScriptType> _types = [];
    private readonly Dictionary<string, StructType> _structs = [];

    internal Scope? Around { get; } = around;

    internal bool DeclaresVariable(string name) => _variables.ContainsKey(name);

    internal void Add(LocalSymbol variable) => _variables[variable.Name] = variable;

    internal bool TryAddType(string name, ScriptType type) => _types.TryAdd(name, type);

    internal bool TryFindVariable(string name, [NotNullWhen(true)] out LocalSymbol? variable)
    {
        variable = _variables.GetValueOrDefault(name);
        return variable is not null || (Around is not null && Around.TryFindVariable(name, out variable));
    }

    internal ScriptType? FindType(string name) => _types.GetValueOrDefault(name) ?? Around?.FindType(name);

    internal StructType? FindStruct(string name) => FindOwnStruct(name) ?? Around?.FindStruct(name);

    internal StructType? FindOwnStruct(string name) => _structs.GetValueOrDefault(name);

    internal void Add(StructType type) => _structs[type.Name] = type;

    /// <summary>Names of all variables that are visible.</summary>
    internal IEnumerable<string> Variables
    {
        get
        {
            for (var scope = this; scope is not null; scope = scope.Around)
            {
                foreach (var name in scope._variables.Keys)
                {
                    yield return name;
                }
            }
        }
    }

    /// <summary>Names of all structs that are visible.</summary>
    internal IEnumerable<string> Structs
    {
        get
        {
            for (var scope = this; scope is not null; scope = scope.Around)
            {
                foreach (var name in scope._structs.Keys)
                {
                    yield return name;
                }
            }
        }
    }
}
