using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;

namespace HvDbg.Tests.Assembly;

/// <summary>The independent assembler: all lines go through it in one call.</summary>
internal static class Nasm
{
    private const int Slot = 17;

    /// <summary>The bytes of each line, or what nasm says against it.</summary>
    internal static List<(byte[] Bytes, string Problem)> Assemble(IReadOnlyList<string> lines)
    {
        var folder = Directory.CreateTempSubdirectory("hvdbg-nasm-");
        try
        {
            var problems = new Dictionary<int, string>();
            while (true)
            {
                var output = Path.Combine(folder.FullName, "lines.bin");
                var said = Run(folder.FullName, Source(lines, problems), output);
                if (said.Count == 0)
                {
                    return Split(File.ReadAllBytes(output), lines.Count, problems);
                }

                // Lines that nasm refuses are taken out; the rest is assembled again.
                foreach (var (line, message) in said)
                {
                    problems[line] = message;
                }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The bytes of a whole text.</summary>
    internal static byte[] AssembleText(string text)
    {
        var folder = Directory.CreateTempSubdirectory("hvdbg-nasm-");
        try
        {
            var output = Path.Combine(folder.FullName, "text.bin");
            var said = Run(folder.FullName, "bits 64\ndefault rel\n" + text, output);
            return said.Count == 0 ? File.ReadAllBytes(output) : throw new InvalidOperationException(said[0].Message);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // Each line fills a slot of 16 bytes, with its length behind it. Three lines of source for each.
    private static string Source(IReadOnlyList<string> lines, Dictionary<int, string> problems)
    {
        var source = new StringBuilder("bits 64\n\n\n");
        for (var i = 0; i < lines.Count; i++)
        {
            source.Append(FormattableString.Invariant($"L{i}: {(problems.ContainsKey(i) ? "" : lines[i])}\nE{i}: times 16-(E{i}-L{i}) db 0\ndb E{i}-L{i}\n"));
        }

        return source.ToString();
    }

    private static List<(int Line, string Message)> Run(string folder, string source, string output)
    {
        var input = Path.Combine(folder, "lines.asm");
        File.WriteAllText(input, source);
        using var process = Process.Start(new ProcessStartInfo("nasm", ["-w-all", "-f", "bin", "-o", output, input]) { RedirectStandardError = true })
            ?? throw new InvalidOperationException("nasm does not start");
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        var said = new List<(int Line, string Message)>();
        foreach (var line in errors.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(':', 3);
            if (parts.Length == 3 && int.TryParse(parts[1], out var number))
            {
                said.Add(((number - 4) / 3, parts[2].Trim()));
            }
        }

        return process.ExitCode == 0 ? [] : said.Count > 0 ? said : throw new InvalidOperationException(errors);
    }

    private static List<(byte[] Bytes, string Problem)> Split(byte[] all, int count, Dictionary<int, string> problems)
    {
        var result = new List<(byte[] Bytes, string Problem)>(count);
        for (var i = 0; i < count; i++)
        {
            var start = i * Slot;
            result.Add((all[start..(start + all[start + Slot - 1])], problems.GetValueOrDefault(i, "")));
        }

        return result;
    }
}
