using System.Collections.Generic;

namespace HvDbg.Client.Script.Syntax;

/// <summary>Words that cannot be names.</summary>
internal static class Keywords
{
    /// <summary>Words of which the names of the language's own types consist.</summary>
    internal static IReadOnlySet<string> Types { get; } =
        new HashSet<string> { "void", "bool", "char", "short", "int", "long", "signed", "unsigned", "float", "double", "wchar_t" };

    /// <summary>Words with which a statement begins.</summary>
    internal static IReadOnlySet<string> Statements { get; } =
        new HashSet<string> { "if", "while", "do", "for", "break", "continue", "return", "struct", "typedef" };

    internal static bool Contains(string word) => Types.Contains(word) || Statements.Contains(word) || word is "elsif" or "else" or "sizeof";
}
