using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace HvKernel.Tests.Boot;

/// <summary>The text of an assembly file: its constants, and the instructions of one macro or function.</summary>
public sealed partial class AssemblySource
{
    private readonly string[] _lines;

    public AssemblySource(string path)
    {
        _lines = [.. Repository.Read(path).Split('\n').Select(line => line.Split(';')[0].Trim())];
        foreach (var match in _lines.Select(line => Define().Match(line)).Where(match => match.Success))
            Constants[match.Groups[1].Value] = Convert.ToInt32(match.Groups[2].Value, match.Groups[2].Value.StartsWith("0x", StringComparison.Ordinal) ? 16 : 10);
    }

    /// <summary>Each <c>%define</c> of a number.</summary>
    public Dictionary<string, int> Constants { get; } = [];

    /// <summary>Instructions between <c>%macro NAME</c> and its end.</summary>
    public string[] Macro(string name) => Between(line => line.StartsWith($"%macro {name} ", StringComparison.Ordinal), line => line == "%endmacro");

    /// <summary>Instructions from a label to the next global one.</summary>
    public string[] Function(string label) => Between(line => line == label + ":", line => line.StartsWith("global ", StringComparison.Ordinal) || line.StartsWith("%define", StringComparison.Ordinal));

    /// <summary>Operands of all instructions of one name.</summary>
    public static string[] Operands(IEnumerable<string> instructions, string name) =>
        [.. instructions.Where(line => line.StartsWith(name + " ", StringComparison.Ordinal)).Select(line => line[name.Length..].Trim())];

    /// <summary>The number that an operand such as <c>[rsp + SHADOW_BYTES + 16]</c> adds to its register.</summary>
    public int Displacement(string operand) => operand.Trim('[', ']').Split('+').Skip(1).Sum(part => Value(part.Trim()));

    private int Value(string text) => int.TryParse(text, out var number) ? number : Constants[text];

    private string[] Between(Func<string, bool> isStart, Func<string, bool> isEnd)
    {
        var lines = _lines.SkipWhile(line => !isStart(line)).Skip(1).TakeWhile(line => !isEnd(line)).Where(line => line.Length > 0).ToArray();
        return lines.Length > 0 ? lines : throw new InvalidOperationException("The assembly has no such macro or function.");
    }

    [GeneratedRegex(@"^%define\s+(\w+)\s+(0x[0-9A-Fa-f]+|\d+)$")]
    private static partial Regex Define();
}
