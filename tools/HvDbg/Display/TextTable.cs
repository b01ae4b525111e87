using System;
using System.Collections.Generic;
using System.Linq;

namespace HvDbg.Display;

/// <summary>Columns of text, two blanks apart. A heading that begins with '&gt;' makes its column stand on the right.</summary>
public sealed class TextTable(params string[] headings)
{
    private readonly List<string[]> _rows = [[.. headings.Select(heading => heading.TrimStart('>'))]];

    public void Add(params string[] cells) => _rows.Add(cells);

    public IEnumerable<string> Lines()
    {
        var widths = new int[headings.Length];
        foreach (var row in _rows)
        {
            for (var i = 0; i < row.Length; i++)
            {
                widths[i] = Math.Max(widths[i], row[i].Length);
            }
        }

        return _rows.Select(row => string
            .Join("  ", row.Select((cell, i) => headings[i].StartsWith('>') ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i])))
            .TrimEnd());
    }
}
