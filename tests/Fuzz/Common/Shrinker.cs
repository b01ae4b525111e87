using System;
using System.Collections.Generic;
using System.Linq;

namespace HvKernel.Fuzzing;

/// <summary>Makes an input that fails smaller: leaves out parts, large ones first, as long as it still fails.</summary>
public static class Shrinker
{
    /// <param name="length">Elements of the input that fails.</param>
    /// <param name="fails">Whether it fails with these elements alone.</param>
    /// <param name="attempts">Most calls of <paramref name="fails"/>.</param>
    /// <returns>The numbers of the elements that are needed.</returns>
    public static int[] Shrink(int length, Func<IReadOnlyList<int>, bool> fails, int attempts)
    {
        var kept = Enumerable.Range(0, length).ToArray();
        for (var part = Math.Max(1, length / 2); ; part = Math.Max(1, part / 2))
        {
            var smaller = false;
            for (var at = 0; at < kept.Length && attempts > 0;)
            {
                var without = kept.Where((_, i) => i < at || i >= at + part).ToArray();
                attempts--;
                if (fails(without))
                {
                    kept = without;
                    smaller = true;
                }
                else
                {
                    at += part;
                }
            }

            if (attempts <= 0 || (part == 1 && !smaller))
                return kept;
        }
    }
}
