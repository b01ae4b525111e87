using System;
using System.Collections.Generic;
using System.Globalization;
using Iced.Intel;

namespace HvDbg.Client.Assembly;

/// <summary>The names of the registers, from Iced's own list.</summary>
internal static class RegisterTable
{
    private static readonly Dictionary<string, Register> s_names = Build();

    /// <summary>The register of this name, in any case of letters; <see cref="Register.None"/>: there is none.</summary>
    internal static Register Find(string name) => s_names.GetValueOrDefault(name);

    internal static bool IsSegment(Register register) => register.IsSegmentRegister();

    /// <summary>The name that people write: r8b, not r8l; st1.</summary>
    internal static string Name(Register register) =>
        register is >= Register.R8L and <= Register.R15L
            ? $"r{(register - Register.R8L + 8).ToString(CultureInfo.InvariantCulture)}b"
            : register.ToString().ToLowerInvariant();

    private static Dictionary<string, Register> Build()
    {
        var names = new Dictionary<string, Register>(StringComparer.OrdinalIgnoreCase);
        foreach (var register in Enum.GetValues<Register>())
        {
            if (register != Register.None && !register.ToString().StartsWith("DontUse", StringComparison.Ordinal))
            {
                names[register.ToString()] = register;
                names[Name(register)] = register;
            }
        }

        names["st"] = Register.ST0;
        return names;
    }
}
