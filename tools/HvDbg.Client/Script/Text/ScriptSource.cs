using System;
using System.Collections.Generic;

namespace HvDbg.Client.Script.Text;

/// <summary>One text of a script: what stood in the command, or a file.</summary>
public sealed class ScriptSource
{
    private readonly List<int> _lineStarts = [0];

    /// <param name="name">The file's path as it was given; empty for the text of a command.</param>
    /// <param name="text">The whole text.</param>
    public ScriptSource(string name, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Name = name;
        Text = text;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\n')
            {
                _lineStarts.Add(at + 1);
            }
        }
    }

    public string Name { get; }

    public string Text { get; }

    /// <summary>Line and column of a character, both from 1; positions outside the text count as its ends.</summary>
    public (int Line, int Column) PositionOf(int offset)
    {
        offset = Math.Clamp(offset, 0, Text.Length);
        var line = _lineStarts.BinarySearch(offset);
        line = line < 0 ? ~line - 1 : line;
        return (line + 1, offset - _lineStarts[line] + 1);
    }

    /// <summary>A line's text without its end.</summary>
    /// <param name="line">From 1.</param>
    public string Line(int line)
    {
        var start = _lineStarts[line - 1];
        var end = line < _lineStarts.Count ? _lineStarts[line] - 1 : Text.Length;
        return Text[start..end].TrimEnd('\r');
    }
}
