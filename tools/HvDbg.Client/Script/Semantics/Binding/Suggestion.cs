using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Assembly;

namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>Finds what somebody may have meant.</summary>
internal static class Suggestion
{
    /// <summary>A hint that names the most similar of the candidates; empty: none is similar.</summary>
    /// <param name="prefix">What stands before such names: @, $, a dot.</param>
    internal static string For(string name, IEnumerable<string> candidates, string prefix = "")
    {
        var best = candidates
            .Select(candidate => (Name: candidate, Distance: EditDistance.Between(name, candidate)))
            .Where(found => found.Distance > 0 && found.Distance <= (name.Length > 4 ? 2 : 1) && found.Distance < name.Length)
            .OrderBy(found => found.Distance)
            .ThenBy(found => found.Name, System.StringComparer.Ordinal)
            .FirstOrDefault();
        return best.Name is null ? "" : $"did you mean '{prefix}{best.Name}'?";
    }
}
