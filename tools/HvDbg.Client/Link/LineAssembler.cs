using System;
using System.Text;

namespace HvDbg.Client;

/// <summary>
/// Makes lines of the readable bytes that share the line with frames: boot messages, panics, what a firmware prints.
/// Bytes that are no text (rests of damaged frames) are dropped, and a line that is mostly such bytes is dropped whole.
/// </summary>
public sealed class LineAssembler(Action<string> emit)
{
    /// <summary>A longer line is cut here, so that a stream without line ends cannot grow without bound.</summary>
    public const int LongestLine = 512;

    private readonly StringBuilder _line = new();
    private int _noise;
    private bool _escape;

    /// <summary>Lines dropped because they were mostly not text.</summary>
    public long DroppedLines { get; private set; }

    /// <summary>Whether a line has begun and not ended.</summary>
    public bool HasPartialLine => _line.Length + _noise > 0;

    public void Add(byte value)
    {
        if (_escape)
        {
            // Terminal control sequences (ESC [ … letter), as firmware sends them to move its cursor, say nothing here.
            _escape = value is (byte)'[' or (byte)';' or (byte)'?' or (>= (byte)'0' and <= (byte)'9');
            return;
        }

        switch (value)
        {
            case (byte)'\n':
                Flush();
                break;
            case (byte)'\r':
                break;
            case 0x1B:
                _escape = true;
                break;
            case (byte)'\t' or (>= 0x20 and < 0x7F):
                _line.Append((char)value);
                break;
            default:
                _noise++;
                break;
        }

        if (_line.Length + _noise >= LongestLine)
        {
            Flush();
        }
    }

    /// <summary>Ends the current line, if one has begun.</summary>
    public void Flush()
    {
        var isText = _line.Length > 0 && _noise * 4 <= _line.Length;
        var text = _line.ToString();
        if (!isText && HasPartialLine)
        {
            DroppedLines++;
        }

        _line.Clear();
        _noise = 0;
        _escape = false;
        if (isText)
        {
            emit(text);
        }
    }
}
