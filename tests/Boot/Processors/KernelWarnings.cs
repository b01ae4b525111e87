using System;
using System.Collections.Generic;
using System.Linq;

namespace HvKernel.Boot.Tests.Processors;

/// <summary>
/// The guest kernel's messages of level warning and above, as the scenario <c>dmesg</c> prints them: without their times, and otherwise to the letter.
/// </summary>
internal static class KernelWarnings
{
    /// <summary>Those of one boot which another does not have, or has less often: there none may be.</summary>
    public static IReadOnlyList<string> NewIn(string text, string before)
    {
        var known = Of(before).GroupBy(line => line, StringComparer.Ordinal).ToDictionary(lines => lines.Key, lines => lines.Count(), StringComparer.Ordinal);
        return [.. Of(text)
            .GroupBy(line => line, StringComparer.Ordinal)
            .SelectMany(lines => lines.Skip(known.GetValueOrDefault(lines.Key)))];
    }

    private static IEnumerable<string> Of(string text) =>
        text.Split('\n').Where(line => line.StartsWith("dmesg: <", StringComparison.Ordinal));
}
