using System;
using System.Text.RegularExpressions;

namespace HvDbg.Client;

/// <summary>Puts names to the addresses of HvKernel's image in text of the target, line by line; a panic says which build it is of.</summary>
public sealed partial class ImageAnnotator
{
    private readonly Lazy<ImageSymbols?> _symbols;
    private string _buildId;
    private bool _told;

    /// <param name="buildId">Identity of the image that the text is of, until a line names another; empty: not known.</param>
    /// <param name="find">Where symbols come from, asked for when the first address is met; null: <see cref="ImageSymbols.Find"/>.</param>
    public ImageAnnotator(string buildId, Func<ImageSymbols?>? find = null)
    {
        _buildId = buildId;
        _symbols = new Lazy<ImageSymbols?>(find ?? ImageSymbols.Find);
    }

    /// <summary>The line with names.</summary>
    /// <param name="line">A line of the target's text.</param>
    /// <param name="problem">Why there are none, the first time that some were wanted; else null.</param>
    public string Annotate(string line, out string? problem)
    {
        problem = null;
        var build = Build().Match(line);
        if (build.Success)
        {
            _buildId = build.Groups[1].Value;
        }

        if (!line.Contains("image+", StringComparison.Ordinal))
        {
            return line;
        }

        if (_symbols.Value is { } symbols && symbols.BuildId == _buildId)
        {
            return symbols.Annotate(line);
        }

        if (!_told)
        {
            _told = true;
            problem = _symbols.Value is null
                ? $"no names for image+…: hvkernel.pdb was not found; {ImageSymbols.Variable} names one"
                : $"no names for image+…: hvkernel.pdb is of build {_symbols.Value.BuildId}, the text of {(_buildId.Length == 0 ? "an unknown one" : _buildId)}";
        }

        return line;
    }

    [GeneratedRegex(@"\bimage build ([0-9a-f]{32})\b")]
    private static partial Regex Build();
}
