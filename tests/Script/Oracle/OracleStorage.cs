using System.Collections.Generic;

namespace HvDbg.Script.Tests.Oracle;

/// <summary>A variable: one number, or those of an array.</summary>
internal sealed class OracleVariable(OracleType type, int count)
{
    private readonly OracleValue[] _values = Zeros(type, count);

    internal OracleType Type { get; } = type;

    internal OracleValue this[int index]
    {
        get => _values[index];
        set => _values[index] = value.To(Type);
    }

    private static OracleValue[] Zeros(OracleType type, int count)
    {
        var values = new OracleValue[count];
        System.Array.Fill(values, new OracleValue(0, type));
        return values;
    }
}

/// <summary>Variables between two braces, and around them.</summary>
internal sealed class OracleScope(OracleScope? around)
{
    private readonly Dictionary<string, OracleVariable> _variables = [];

    internal OracleVariable? Find(string name) => _variables.GetValueOrDefault(name) ?? around?.Find(name);

    internal OracleVariable Add(string name, OracleType type, int count = 1) => _variables[name] = new OracleVariable(type, count);
}
