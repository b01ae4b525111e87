using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace HvDbg.Terminal;

/// <summary>
/// The lines that were typed, kept in a file from session to session. A file that cannot be read, or holds anything else than lines of
/// text, costs the history and nothing else.
/// </summary>
public sealed class History
{
    /// <summary>Lines that are kept.</summary>
    public const int MostLines = 1000;

    private const int LongestLine = 4096;
    private const int LargestFile = 1 << 20;

    private readonly string? _path;
    private readonly List<string> _lines = [];

    private History(string? path) => _path = path;

    public IReadOnlyList<string> Lines => _lines;

    /// <summary>The user's own history file, by the XDG rules.</summary>
    public static string DefaultPath
    {
        get
        {
            var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
            var home = Environment.GetEnvironmentVariable("HOME") ?? "/";
            return Path.Combine(string.IsNullOrEmpty(state) ? Path.Combine(home, ".local", "state") : state, "hvkernel", "hvdbg_history");
        }
    }

    /// <summary>Reads the file; null keeps nothing.</summary>
    public static History Load(string? path)
    {
        var history = new History(path);
        if (path is null)
        {
            return history;
        }

        try
        {
            history.Read(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // No file yet, or none that can be read.
        }

        return history;
    }

    public void Add(string line)
    {
        var clean = Clean(line);
        if (clean.Length == 0 || (_lines.Count > 0 && _lines[^1] == clean))
        {
            return;
        }

        _lines.Add(clean);
        if (_path is null)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            File.AppendAllText(_path, clean + "\n");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // A history that cannot be kept is no reason to bother anybody in the middle of debugging.
        }
    }

    private static string Clean(string line)
    {
        var text = new StringBuilder();
        foreach (var character in line.Take(LongestLine))
        {
            if (!char.IsControl(character) && character != '\uFFFD' && !char.IsSurrogate(character))
            {
                text.Append(character);
            }
        }

        return text.ToString().Trim();
    }

    private void Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var isLarge = file.Length > LargestFile;
        if (isLarge)
        {
            file.Position = file.Length - LargestFile;
        }

        var content = new byte[Math.Min(file.Length, LargestFile)];
        var count = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        var lines = Encoding.UTF8.GetString(content, 0, count).Split('\n').Select(Clean).Where(line => line.Length > 0).ToList();
        _lines.AddRange(lines.Skip(Math.Max(0, lines.Count - MostLines)));
        if (isLarge || lines.Count > 2 * MostLines)
        {
            Rewrite(path);
        }
    }

    private void Rewrite(string path)
    {
        var replacement = path + ".new";
        File.WriteAllLines(replacement, _lines);
        File.Move(replacement, path, overwrite: true);
    }
}
