using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

namespace HvDbg.Session;

/// <summary>
/// The guest's own console, as a file that the launcher lets grow. Each search begins behind what the search before it found, the first at
/// the start of the file.
/// </summary>
public sealed partial class GuestConsole(string path)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private long _mark;

    public string Path { get; } = path;

    /// <summary>Waits until the text stands in the file.</summary>
    /// <returns>The whole line it stands in; null at the timeout.</returns>
    public async Task<string?> WaitAsync(string text, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var searched = _mark;
        while (true)
        {
            var line = Search(text, ref searched);
            if (line is not null)
            {
                return line;
            }

            if (clock.Elapsed >= timeout)
            {
                return null;
            }

            await Task.Delay(Interval, cancellationToken).ConfigureAwait(false);
        }
    }

    // What moves a terminal's cursor or asks it for something has no business on ours.
    [GeneratedRegex(@"\e\[[0-9;?]*[A-Za-z]")]
    private static partial Regex ControlSequence();

    private string? Search(string text, ref long searched)
    {
        byte[] content;
        try
        {
            using var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length < searched)
            {
                // Another boot began the file anew.
                _mark = searched = 0;
            }

            file.Position = searched;
            content = new byte[file.Length - searched];
            file.ReadExactly(content);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException or EndOfStreamException)
        {
            return null;
        }

        // The text may be cut by the end of what is there, so the last of it is looked at again.
        var wanted = Encoding.UTF8.GetBytes(text);
        var at = content.AsSpan().IndexOf(wanted);
        if (at < 0)
        {
            searched += Math.Max(0, content.Length - wanted.Length + 1);
            return null;
        }

        _mark = searched + at + wanted.Length;
        var start = content.AsSpan(0, at).LastIndexOf((byte)'\n') + 1;
        var rest = content.AsSpan(at).IndexOfAny((byte)'\n', (byte)'\r');
        var line = Encoding.UTF8.GetString(content[start..(rest < 0 ? content.Length : at + rest)]);
        return string.Concat(ControlSequence().Replace(line, "").Where(character => !char.IsControl(character))).TrimEnd();
    }
}
