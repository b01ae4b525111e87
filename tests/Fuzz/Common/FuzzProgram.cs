using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace HvKernel.Fuzzing;

/// <summary>What the fuzzers' programs do: the environment says what, see docs/testing.md.</summary>
public static class FuzzProgram
{
    private const long DefaultCases = 1_000_000;
    private const ulong DefaultSeed = 0x48564B;

    /// <summary>Runs the targets, or as a child one of them; the answer is the exit status.</summary>
    /// <param name="arguments">None, <c>--list</c>, or what the parent gives its children.</param>
    /// <param name="targets">Those that are run where none is named.</param>
    /// <param name="hidden">Those that are run only where they are named.</param>
    public static int Run(string[] arguments, IReadOnlyList<FuzzTarget> targets, IReadOnlyList<FuzzTarget> hidden)
    {
        var all = targets.Concat(hidden).ToArray();
        if (arguments.Length > 1)
            return RunAsChild(all.Single(t => t.Name == arguments[1]), arguments);
        if (arguments is ["--list"])
        {
            Console.WriteLine(string.Join('\n', targets.Select(t => t.Name)));
            return 0;
        }

        if (!TryNumber("HVK_FUZZ_CASES", DefaultCases, out var cases) || !TryNumber("HVK_FUZZ_CASE", -1, out var only) || !TryNumber("HVK_FUZZ_SEED", (long)DefaultSeed, out var seed))
            return 2;

        var name = Environment.GetEnvironmentVariable("HVK_FUZZ_ONLY");
        var chosen = string.IsNullOrEmpty(name) ? targets : [.. all.Where(t => t.Name == name)];
        var parent = new FuzzParent((ulong)seed, cases, only < 0 ? null : only);
        return chosen.Aggregate(true, (good, target) => parent.Run(target) && good) ? 0 : 1;
    }

    private static int RunAsChild(FuzzTarget target, string[] arguments)
    {
        var seed = ulong.Parse(arguments[2], CultureInfo.InvariantCulture);
        var number = long.Parse(arguments[3], CultureInfo.InvariantCulture);
        var last = arguments.Length > 4 ? arguments[4] : null;
        using (target)
        {
            return arguments[0] switch
            {
                "--run" => FuzzChild.RunAll(target, seed, number, last!),
                "--one" => FuzzChild.RunOne(target, seed, number, last),
                _ => FuzzChild.Describe(target, seed, number, last),
            };
        }
    }

    private static bool TryNumber(string name, long otherwise, out long value)
    {
        value = otherwise;
        var text = Environment.GetEnvironmentVariable(name);
        if (string.IsNullOrEmpty(text))
            return true;
        var good = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        if (!good)
            Console.Error.WriteLine($"{name}: expected a number, decimal or with 0x, found \"{text}\"");
        return good;
    }
}
