using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;

namespace HvKernel.Fuzzing;

/// <summary>The process in which cases are run; what it dies of is the parent's to report.</summary>
internal static class FuzzChild
{
    private const int MostFailures = 5;
    private const int ShrinkAttempts = 20_000;

    /// <summary>Runs cases from the progress' number on up to <paramref name="end"/>.</summary>
    public static int RunAll(FuzzTarget target, ulong seed, long end, string progressPath)
    {
        using var progress = new FuzzProgress(progressPath);
        target.Prepare();
        progress.Prepared = true;
        var failures = 0;
        var first = progress.Case;
        for (; progress.Case < end && failures < MostFailures; progress.Case++)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                progress.Count(target.Run(FuzzRandom.SeedOf(seed, target.Name, progress.Case)));
            }
            catch (Exception problem) when (problem is not OutOfMemoryException)
            {
                failures++;
                progress.Count("FAILED");
                Report(target, seed, progress.Case, problem);
            }

            // The first ones are compiled meanwhile.
            if (progress.Case - first > 100)
                progress.Time((Stopwatch.GetTimestamp() - started) / (Stopwatch.Frequency / 1_000_000));
        }

        return failures == 0 ? 0 : 1;
    }

    /// <summary>Runs one case with some of its elements; the status is 0 where all is well.</summary>
    public static int RunOne(FuzzTarget target, ulong seed, long number, string? kept)
    {
        target.Prepare();
        var caseSeed = FuzzRandom.SeedOf(seed, target.Name, number);
        try
        {
            Console.WriteLine(target.Run(caseSeed, kept is null ? [.. Enumerable.Range(0, target.LengthOf(caseSeed))] : Parse(kept)));
            return 0;
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            Console.WriteLine(Message(problem));
            return 1;
        }
    }

    /// <summary>Prints how many elements a case has, and what they are.</summary>
    public static int Describe(FuzzTarget target, ulong seed, long number, string? kept)
    {
        target.Prepare();
        var caseSeed = FuzzRandom.SeedOf(seed, target.Name, number);
        var length = target.LengthOf(caseSeed);
        Console.WriteLine(length);
        Console.WriteLine(target.Describe(caseSeed, kept is null ? [.. Enumerable.Range(0, length)] : Parse(kept)));
        return 0;
    }

    public static string Join(IReadOnlyList<int> kept) => kept.Count == 0 ? "none" : string.Join(',', kept);

    private static int[] Parse(string kept) =>
        kept == "none" ? [] : [.. kept.Split(',').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];

    private static void Report(FuzzTarget target, ulong seed, long number, Exception problem)
    {
        var caseSeed = FuzzRandom.SeedOf(seed, target.Name, number);
        var kept = Shrinker.Shrink(target.LengthOf(caseSeed), Fails, ShrinkAttempts);
        FuzzParent.ReportFailure(target.Name, seed, number, Message(problem), target.Describe(caseSeed, kept));

        bool Fails(IReadOnlyList<int> smaller)
        {
            try
            {
                target.Run(caseSeed, smaller);
                return false;
            }
            catch (Exception other) when (other.GetType() == problem.GetType())
            {
                problem = other;
                return true;
            }
        }
    }

    private static string Message(Exception problem) =>
        problem is FuzzFailureException ? problem.Message : $"{problem.GetType().Name}: {problem.Message}\n{problem.StackTrace}";
}
