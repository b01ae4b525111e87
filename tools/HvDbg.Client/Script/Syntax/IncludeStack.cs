using System.Collections.Generic;
using System.IO;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Syntax;

/// <summary>The files that are being read, each included by the one before.</summary>
internal sealed class IncludeStack
{
    private const int Deepest = 16;

    private readonly IScriptFiles _files;
    private readonly List<string> _paths = [];

    /// <param name="name">Path of the first file; empty: a command.</param>
    internal IncludeStack(IScriptFiles files, string name)
    {
        _files = files;
        _paths.Add(name.Length == 0 ? "" : files.FullPath(name, ""));
    }

    /// <summary>Opens a file of an <c>#include</c>; <see cref="Leave"/> follows where it could be.</summary>
    /// <param name="problem">Why it cannot be included.</param>
    internal ScriptSource? Enter(string path, out string problem)
    {
        problem = "";
        if (path.Length == 0 || path.Contains('\0', System.StringComparison.Ordinal))
        {
            problem = "expected a file's path";
            return null;
        }

        var full = _files.FullPath(path, _paths[^1]);
        if (_paths.Contains(full))
        {
            problem = $"'{path}' includes itself";
            return null;
        }

        if (_paths.Count > Deepest)
        {
            problem = $"more than {Deepest} files include each other";
            return null;
        }

        try
        {
            var text = _files.Read(full);
            _paths.Add(full);
            return new ScriptSource(path, text);
        }
        catch (IOException exception)
        {
            problem = $"cannot read '{path}': {exception.Message}";
            return null;
        }
    }

    internal void Leave() => _paths.RemoveAt(_paths.Count - 1);
}
