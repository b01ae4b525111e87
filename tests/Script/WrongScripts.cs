using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Syntax;

namespace HvDbg.Script.Tests;

/// <summary>One script of wrong-scripts.txt with what must be said about it.</summary>
internal sealed record WrongScript(int Line, string Text, bool IsStrict, bool IsExpression, IReadOnlyList<string> Expected)
{
    /// <summary>The table beside this file; blank lines separate scripts, lines with <c>!</c> are messages, <c>!  </c> hints.</summary>
    internal static IReadOnlyList<WrongScript> All()
    {
        var scripts = new List<WrongScript>();
        var block = new List<string>();
        var number = 0;
        foreach (var line in File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "wrong-scripts.txt")).Append(""))
        {
            number++;
            if (line.Length != 0)
            {
                block.Add(line);
            }
            else if (block.Count != 0)
            {
                if (block.Exists(other => other[0] == '!'))
                {
                    scripts.Add(Parse(number - block.Count, block));
                }

                block.Clear();
            }
        }

        return scripts;
    }

    /// <summary>What the compiler says, in the table's form.</summary>
    internal IReadOnlyList<string> Actual()
    {
        var options = ScriptOptions.Default with { IsStrict = IsStrict, Files = new Files() };
        var result = IsExpression ? ScriptFrontEnd.CompileExpression(Text, options) : ScriptFrontEnd.Compile(Text, options);
        return
        [
            .. result.Diagnostics.SelectMany(found =>
            {
                var (line, column) = found.Span.Position;
                var name = found.Span.Source.Name.Length == 0 ? "" : found.Span.Source.Name + ":";
                var message = $"! {name}{line}:{column} {found.Message}";
                return found.Hint.Length == 0 ? [message] : new[] { message, "!   " + found.Hint };
            }),
        ];
    }

    private static WrongScript Parse(int line, List<string> block)
    {
        var text = block.Where(other => other[0] is not ('!' or '%'));
        return new WrongScript(
            line, string.Join('\n', text), block.Contains("%strict"), block.Contains("%expression"), [.. block.Where(other => other[0] == '!')]);
    }

    private sealed class Files : IScriptFiles
    {
        public string FullPath(string path, string includingFile) => path;

        public string Read(string fullPath) => fullPath switch
        {
            "loop.ds" => "#include \"loop.ds\"",
            "broken.ds" => "x = 1;\ny = ;\n",
            "unknown.ds" => "x = y;",
            _ when fullPath.StartsWith("deep", StringComparison.Ordinal) => $"#include \"deep{int.Parse(fullPath[4..^3]) + 1}.ds\"",
            _ => throw new IOException("there is no such file"),
        };
    }
}
