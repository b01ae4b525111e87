namespace HvDbg.Client.Assembly;

/// <summary>Assembly text that cannot be assembled.</summary>
/// <param name="message">One line, without the position.</param>
/// <param name="text">The whole text.</param>
/// <param name="offset">Characters from the text's beginning.</param>
/// <param name="length">Characters that are wrong; 0: something is missing here.</param>
public sealed class AssemblyException(string message, string text, int offset, int length)
    : CodeTextException(message, text, offset, length);
