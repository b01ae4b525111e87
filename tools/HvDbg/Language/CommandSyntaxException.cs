using System;
using System.Collections.Generic;
using System.Linq;

namespace HvDbg.Language;

/// <summary>A command that cannot be understood. Nothing was sent to the target.</summary>
/// <param name="message">Names the parameter and what was expected. Line ends in it, which it may quote from the command, are written out: it is one line.</param>
/// <param name="position">Where in the command's text, counted in characters from 0.</param>
public sealed class CommandSyntaxException(string message, int position) : Exception(OneLine(message))
{
    public int Position { get; } = position;

    /// <summary>The line of the command's text with a caret under the place, to be shown under the message.</summary>
    public IEnumerable<string> Pointer(string text)
    {
        var position = Math.Clamp(Position, 0, text.Length);
        var start = position == 0 ? 0 : text.LastIndexOf('\n', position - 1) + 1;
        var end = text.IndexOf('\n', position);
        yield return "  " + text[start..(end < 0 ? text.Length : end)].Replace('\t', ' ').TrimEnd('\r');
        yield return new string(' ', 2 + position - start) + "^";
    }

    private static string OneLine(string text) => string.Concat(text.Select(character => character switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ when char.IsControl(character) || character is '\u2028' or '\u2029' => $"\\u{(int)character:x4}",
        _ => character.ToString(),
    }));
}
