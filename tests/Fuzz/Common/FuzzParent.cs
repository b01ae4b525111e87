using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;

namespace HvKernel.Fuzzing;

/// <summary>Runs each target in a process of its own, goes on behind a case that killed it, and prints one line for each target.</summary>
internal sealed class FuzzParent(ulong seed, long cases, long? only)
{
    private const int MostDeaths = 5;
    private const int ShrinkAttempts = 150;
    private const int HangAttempts = 6;
    private const int MostLines = 12;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>Whether nothing failed.</summary>
    public bool Run(FuzzTarget target)
    {
        var path = Path.GetTempFileName();
        try
        {
            using var progress = new FuzzProgress(path);
            var (first, end) = only is { } number ? (number, number + 1) : (0, target.CasesOf(cases));
            progress.Case = first;
            var watch = Stopwatch.StartNew();
            var failed = false;
            for (var deaths = 0; progress.Case < end && deaths < MostDeaths;)
            {
                var (status, errors) = RunChild(target, progress, ["--run", target.Name, $"{seed}", $"{end}", path]);
                failed |= status != 0;
                if (status is 0 or 1)
                    break;
                if (!progress.Prepared)
                {
                    Console.WriteLine($"{target.Name}: FAILED before the first case: {errors}");
                    break;
                }

                deaths++;
                progress.Count("FAILED");
                ReportDeath(target, progress.Case, status, errors);
                progress.Case++;
            }

            Summarise(target, progress, watch.Elapsed, first, end);
            return !failed;
        }
        finally
        {
            File.Delete(path);
        }
    }

    public static void ReportFailure(string name, ulong seed, long number, string message, string minimal)
    {
        Console.WriteLine($"{name}: FAILED in case {number}: {message}");
        Console.WriteLine($"  again: HVK_FUZZ_ONLY={name} HVK_FUZZ_SEED=0x{seed:x} HVK_FUZZ_CASE={number} make fuzz");
        Console.WriteLine($"  smallest input: {minimal.Replace("\n", "\n    ", StringComparison.Ordinal)}");
    }

    private void Summarise(FuzzTarget target, FuzzProgress progress, TimeSpan elapsed, long first, long end)
    {
        var outcomes = progress.Outcomes().OrderByDescending(o => o.Count).Select(o => $"{o.Name} {o.Count.ToString(CultureInfo.InvariantCulture)}");
        var stopped = progress.Case < end ? $" of {end - first}, stopped after so many failures" : "";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{target.Name,-16} {progress.Case - first,8} cases{stopped}  seed 0x{seed:x}  {elapsed.TotalSeconds,6:0.0} s  slowest {progress.Slowest.Microseconds / 1000.0:0.0} ms (case {progress.Slowest.Case}): {string.Join(", ", outcomes)}"));
    }

    // What a process dies of cannot be caught in it: each smaller input is tried in another process.
    private void ReportDeath(FuzzTarget target, long number, int status, string errors)
    {
        var what = status == Killed ? $"it did not end within {target.Patience.TotalSeconds} s" : $"the process died ({status})\n{errors}";
        var (_, text) = RunChild(target, null, ["--describe", target.Name, $"{seed}", $"{number}"]);
        var lines = text.Split('\n', 2);
        if (!int.TryParse(lines[0], NumberStyles.Integer, CultureInfo.InvariantCulture, out var length))
        {
            ReportFailure(target.Name, seed, number, what, "unknown: " + text);
            return;
        }

        var kept = Shrinker.Shrink(length, Dies, status == Killed ? HangAttempts : ShrinkAttempts);
        (_, text) = RunChild(target, null, ["--describe", target.Name, $"{seed}", $"{number}", FuzzChild.Join(kept)]);
        ReportFailure(target.Name, seed, number, what, text.Split('\n', 2)[^1].TrimEnd());

        bool Dies(IReadOnlyList<int> smaller) =>
            RunChild(target, null, ["--one", target.Name, $"{seed}", $"{number}", FuzzChild.Join(smaller)]).Status == status;
    }

    private const int Killed = -1;

    // Status, and the output: what it prints while it runs cases goes to ours at once.
    private static (int Status, string Output) RunChild(FuzzTarget target, FuzzProgress? progress, string[] arguments)
    {
        var (program, first) = Own();
        using var child = Process.Start(new ProcessStartInfo(program, [.. first, .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var lines = new List<string>();
        child.OutputDataReceived += (_, line) => Take(line.Data, progress is not null);
        child.ErrorDataReceived += (_, line) => Take(line.Data, false);
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        var last = progress?.Case ?? 0;
        var begun = last;
        var since = Stopwatch.StartNew();
        while (!child.WaitForExit(LookEvery))
        {
            if (progress is not null && progress.Case != last)
            {
                last = progress.Case;
                since.Restart();
            }

            // Longer at the beginning, when what all cases share is made.
            if (since.Elapsed < target.Patience + (progress is null || progress.Case == begun ? target.Preparation : TimeSpan.Zero))
                continue;
            child.Kill();
            child.WaitForExit();
            return (Killed, "");
        }

        child.WaitForExit();
        lock (lines)
            return (child.ExitCode, string.Join('\n', lines.Take(MostLines)));

        void Take(string? line, bool isReport)
        {
            if (line is null)
                return;
            if (isReport)
            {
                Console.WriteLine(line);
                return;
            }

            lock (lines)
                lines.Add(line);
        }
    }

    private static (string Program, string[] First) Own()
    {
        var program = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(program) == "dotnet" ? (program, [Environment.GetCommandLineArgs()[0]]) : (program, []);
    }
}
