using System;

namespace HvDbg.Client.Assembly;

/// <summary>
/// A text that should become machine code and cannot. The message is one line that names what was expected; the position says where.
/// </summary>
public class CodeTextException : DebuggerException
{
    /// <summary>Makes one for a place in <paramref name="text"/>.</summary>
    /// <param name="message">One line, without the position.</param>
    /// <param name="text">The whole text.</param>
    /// <param name="offset">Characters from the text's beginning; the text's length for "at the end".</param>
    /// <param name="length">Characters that are wrong; 0: something is missing here.</param>
    public CodeTextException(string message, string text, int offset, int length)
        : base(message)
    {
        ArgumentNullException.ThrowIfNull(text);
        Offset = Math.Clamp(offset, 0, text.Length);
        Length = Math.Clamp(length, 0, text.Length - Offset);
        Line = 1;
        var start = 0;
        for (var at = 0; at < Offset; at++)
        {
            if (text[at] == '\n')
            {
                Line++;
                start = at + 1;
            }
        }

        Column = Offset - start + 1;
    }

    /// <summary>Characters from the beginning of the text, from 0.</summary>
    public int Offset { get; }

    /// <summary>Characters that are wrong, from <see cref="Offset"/>; 0 where something is missing.</summary>
    public int Length { get; }

    /// <summary>Line, from 1.</summary>
    public int Line { get; }

    /// <summary>Character in the line, from 1.</summary>
    public int Column { get; }
}
