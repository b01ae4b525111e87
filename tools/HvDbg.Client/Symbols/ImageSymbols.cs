using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text.RegularExpressions;

namespace HvDbg.Client;

/// <summary>A place in HvKernel's own image.</summary>
/// <param name="Function">Type and method as C# writes them, or the label of assembly.</param>
/// <param name="Displacement">Bytes behind its beginning.</param>
/// <param name="File">Source file from the project's root; empty where none is known.</param>
/// <param name="Line">Line in it; 0 where none is known.</param>
public readonly record struct ImagePlace(string Function, uint Displacement, string File, int Line)
{
    /// <summary><c>HvKernel.Link.StopLoop.Run+0x1f, kernel/Link/StopLoop.cs:52</c></summary>
    public override string ToString() =>
        $"{Function}+0x{Displacement:x}{(Line == 0 ? "" : $", {File}:{Line.ToString(CultureInfo.InvariantCulture)}")}";
}

/// <summary>
/// Names for the offsets <c>image+…</c> that HvKernel's own panics give, out of <c>hvkernel.pdb</c>, which the build leaves beside the image. Only that of the
/// very image counts: another one's names would lie.
/// </summary>
public sealed partial class ImageSymbols
{
    /// <summary>Names a file that is taken instead of those that are looked for.</summary>
    public const string Variable = "HVDBG_IMAGE_PDB";
    private const string FileName = "hvkernel.pdb";
    private const string CallWords = "called before ";

    private readonly ProgramDatabase _database;

    private ImageSymbols(ProgramDatabase database) => _database = database;

    /// <summary>Identity of the image, as <see cref="TargetInfo.BuildId"/> has it.</summary>
    public string BuildId => _database.BuildId;

    /// <summary>Reads a program database.</summary>
    /// <exception cref="InvalidDataException">It is none, or a damaged one.</exception>
    public static ImageSymbols Load(byte[] content) => new(new ProgramDatabase(content));

    /// <summary>
    /// The first file that can be read: the one that <see cref="Variable"/> names, or <c>hvkernel.pdb</c> beside the program, in the folder above, or in
    /// <c>out</c> of the current folder. Null where there is none.
    /// </summary>
    public static ImageSymbols? Find()
    {
        foreach (var path in Candidates())
        {
            try
            {
                return Load(File.ReadAllBytes(path));
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                // The next one may do.
            }
        }

        return null;
    }

    /// <summary>The place that covers an offset, or null.</summary>
    public ImagePlace? At(uint offset)
    {
        var function = LastNotBehind(_database.Functions, item => item.Offset, offset);
        if (function < 0)
        {
            return null;
        }

        var found = _database.Functions[function];
        var line = LastNotBehind(_database.Lines, item => item.Offset, offset);

        // A line of the function before says nothing.
        return line >= 0 && _database.Lines[line].Offset >= found.Offset
            ? new ImagePlace(Readable(found.Name), offset - found.Offset, SourcePath(_database.Lines[line].File), _database.Lines[line].Line)
            : new ImagePlace(Readable(found.Name), offset - found.Offset, "", 0);
    }

    /// <summary>A line of text with the name of each <c>image+OFFSET</c> behind it.</summary>
    public string Annotate(string line) => Address().Replace(line, match =>
    {
        if (!uint.TryParse(match.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var offset))
        {
            return match.Value;
        }

        // A return address may be the next line's, or the next function's.
        var isCall = line.AsSpan(0, match.Index).EndsWith(CallWords, StringComparison.Ordinal) && offset > 0;
        return At(isCall ? offset - 1 : offset) is { } place ? $"{match.Value} ({place})" : match.Value;
    });

    /// <summary>
    /// <c>HvKernel_Kernel_HvKernel_Link_Panic__Open</c> as C# writes it: the compiler puts the assembly's name in front and underscores where dots were, two of
    /// them before the method. Names of assembly stay as they are.
    /// </summary>
    public static string Readable(string name)
    {
        var parts = Mangled().Match(name);
        if (!parts.Success)
        {
            return name;
        }

        var method = parts.Groups["method"].Value;
        method = method switch
        {
            "_ctor" or ".ctor" => "ctor",
            _ when method.StartsWith("get_", StringComparison.Ordinal) || method.StartsWith("set_", StringComparison.Ordinal) => method[4..],
            _ => Overload().Replace(method, ""),
        };
        return $"{parts.Groups["type"].Value.Replace('_', '.')}.{method}";
    }

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return [named];
        }

        return
        [
            Path.Combine(AppContext.BaseDirectory, FileName),
            Path.Combine(AppContext.BaseDirectory, "..", FileName),
            Path.Combine("out", FileName),
        ];
    }

    private static int LastNotBehind<T>(IReadOnlyList<T> items, Func<T, uint> offsetOf, uint offset)
    {
        var low = 0;
        var high = items.Count;
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (offsetOf(items[middle]) <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    // The compiler writes paths from the project's root as /_/kernel/….
    private static string SourcePath(string file) => file.StartsWith("/_/", StringComparison.Ordinal) ? file[3..] : file;

    [GeneratedRegex(@"\bimage\+(?:0x)?([0-9a-f]{1,8})\b(?! \()", RegexOptions.IgnoreCase)]
    private static partial Regex Address();

    [GeneratedRegex(@"^HvKernel_(?:Boot|Kernel|Runtime)_(?<type>\w+?)__(?<method>[^<]+)")]
    private static partial Regex Mangled();

    [GeneratedRegex(@"_\d+$")]
    private static partial Regex Overload();
}
