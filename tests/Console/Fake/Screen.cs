using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace HvDbg.Tests.Fake;

/// <summary>
/// A terminal's screen: understands the control sequences that line editing uses, and fails on any other, so that what a person would see
/// can be compared.
/// </summary>
internal sealed class Screen(int width) : TextWriter
{
    private readonly object _lock = new();
    private readonly List<StringBuilder> _rows = [new()];
    private string _escape = "";
    private int _row;
    private int _column;

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>The rows, without blanks at their ends.</summary>
    internal string[] Rows
    {
        get
        {
            lock (_lock)
            {
                return [.. _rows.Select(row => row.ToString().TrimEnd())];
            }
        }
    }

    /// <summary>The row and column of the cursor, from 0.</summary>
    internal (int Row, int Column) Cursor
    {
        get
        {
            lock (_lock)
            {
                return (_row, _column);
            }
        }
    }

    public override void Write(char value)
    {
        lock (_lock)
        {
            Put(value);
        }
    }

    public override void Write(string? value)
    {
        lock (_lock)
        {
            foreach (var character in value ?? "")
            {
                Put(character);
            }
        }
    }

    private void Put(char value)
    {
        if (_escape.Length > 0)
        {
            _escape += value;
            if (_escape.Length > 2 && char.IsAsciiLetter(value))
            {
                Control(_escape[2..^1], value);
                _escape = "";
            }

            return;
        }

        switch (value)
        {
            case '\e':
                _escape = "\e";
                break;
            case '\r':
                _column = 0;
                break;
            case '\n':
                _column = 0;
                Down();
                break;
            default:
                if (_column == width)
                {
                    _column = 0;
                    Down();
                }

                var row = _rows[_row];
                row.Append(' ', Math.Max(0, _column + 1 - row.Length));
                row[_column++] = value;
                break;
        }
    }

    private void Down()
    {
        if (++_row == _rows.Count)
        {
            _rows.Add(new StringBuilder());
        }
    }

    private void Control(string parameters, char command)
    {
        var number = int.TryParse(parameters, out var given) ? given : 1;
        switch (command)
        {
            case 'K' when number == 2:
                _rows[_row].Clear();
                break;
            case 'G':
                _column = number - 1;
                break;
            case 'A':
                _row = Math.Max(0, _row - number);
                break;
            case 'm' or 'h' or 'l':
                break;
            default:
                throw new InvalidOperationException($"unexpected control sequence {parameters}{command}");
        }
    }
}
