using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace HvDbg.Script.Tests.Oracle;

/// <summary>
/// Writes a program by a list of choices: the same list, the same program, and a shorter list or smaller numbers make a simpler one, which is
/// how a failing case is made small. Every program ends: loops count, recursion counts down.
/// </summary>
internal sealed class ProgramWriter
{
    private const int MostExpressionDepth = 4;
    private const int MostStatementDepth = 3;

    private static readonly string[] Types =
        ["int", "long long", "unsigned int", "unsigned long long", "char", "unsigned char", "short", "unsigned short", "long", "bool"];

    private static readonly string[] ArrayTypes = ["int", "unsigned char", "short", "long long", "unsigned int", "char"];

    private static readonly string[] Readable = ["rax", "rcx", "r9", "r15", "eax", "ebx", "ax", "al", "ah", "r10d", "r10w", "r10b", "rflags", "zf", "cf", "iopl"];

    private static readonly string[] Writable = ["rax", "rcx", "r9", "r15", "eax", "ebx", "ax", "al", "ah", "r10d", "r10w", "r10b", "cf", "iopl"];

    private static readonly string[] Operators = ["+", "-", "*", "&", "|", "^", "<<", ">>", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||"];

    private static readonly string[] CompoundOperators = ["+=", "-=", "*=", "&=", "|=", "^=", "<<=", ">>=", "/=", "%="];

    private static readonly string[] Numbers =
    [
        "0", "1", "2", "3", "0n10", "7f", "80", "ff", "100", "7fff", "8000", "ffff", "0x7fffffff", "0x80000000", "0xffffffff", "0x100000000",
        "0x7fffffffffffffff", "0x8000000000000000", "0xffffffffffffffff", "3f", "40", "41", "1f", "20", "0x123456789abcdef0", "0y1011", "0t17",
    ];

    private readonly int[] _choices;
    private readonly StringBuilder _text = new();
    private readonly List<(string Name, int Arguments)> _functions = [];
    private List<string> _variables = [];
    private List<string> _arrays = [];
    private string _result = "";
    private bool _isTop;
    private int _at;
    private int _counters;
    private int _loops;

    private ProgramWriter(int[] choices) => _choices = choices;

    internal static string Write(int[] choices)
    {
        var writer = new ProgramWriter(choices);
        writer.Program();
        return writer._text.ToString();
    }

    // 0 when the choices are at their end: the simplest of everything.
    private int Choose(int count) => _at < _choices.Length ? (int)((uint)_choices[_at++] % (uint)count) : 0;

    private string OneOf(IReadOnlyList<string> values) => values[Choose(values.Count)];

    private void Program()
    {
        var functions = Choose(3);
        for (var i = 0; i < functions; i++)
        {
            Function(i);
        }

        _isTop = true;
        _variables = [];
        _arrays = [];
        Declarations();
        var statements = 1 + Choose(7);
        for (var i = 0; i < statements; i++)
        {
            Statement(MostStatementDepth);
        }

        foreach (var name in _variables)
        {
            Line($"test_statement({name});");
        }

        foreach (var array in _arrays)
        {
            for (var i = 0; i < 4; i++)
            {
                Line($"test_statement({array}[{i}]);");
            }
        }
    }

    private void Function(int number)
    {
        var recursive = Choose(2) == 1;
        var (name, type) = ($"f{number}_", OneOf(Types));
        _variables = ["p0", "p1"];
        _arrays = [];
        Line($"{type} {name}({(recursive ? "int" : OneOf(Types))} {(recursive ? "left" : "p2")}, {OneOf(Types)} p0, {OneOf(Types)} p1) {{");
        Declarations();
        if (recursive)
        {
            // The counter is not among the variables that statements change.
            Line("if (left <= 0) { return p0; }");
        }

        var statements = Choose(4);
        _result = Expression(2).Text;
        for (var i = 0; i < statements; i++)
        {
            Statement(2);
        }

        Line(recursive
            ? $"return {name}(left - 1, {Expression(2).Text}, {Expression(2).Text}) {OneOf(["+", "^", "-", "*"])} {Expression(2).Text};"
            : $"return {Expression(3).Text};");
        Line("}");
        _functions.Add((name, 3));
    }

    private void Declarations()
    {
        var words = 1 + Choose(3);
        for (var i = 0; i < words; i++)
        {
            Line($"v{i} = {OneOf(Numbers)};");
            _variables.Add($"v{i}");
        }

        var typed = Choose(4);
        for (var i = 0; i < typed; i++)
        {
            Line($"{OneOf(Types)} t{i} = {Expression(1).Text};");
            _variables.Add($"t{i}");
        }

        var arrays = Choose(3);
        for (var i = 0; i < arrays; i++)
        {
            Line($"{OneOf(ArrayTypes)} m{i}[4] = {{ {Expression(1).Text}, {OneOf(Numbers)}, {OneOf(Numbers)} }};");
            _arrays.Add($"m{i}");
        }
    }

    private void Statement(int depth)
    {
        switch (Choose(depth > 0 ? 14 : 6))
        {
            case 0 or 1:
                Line($"{Target()} = {Expression(MostExpressionDepth).Text};");
                break;
            case 2:
                Line($"{Target()} {OneOf(CompoundOperators)} {Expression(3).Text};");
                break;
            case 3:
                Line($"{Target()}{OneOf(["++", "--"])};");
                break;
            case 4:
                Line(_isTop ? $"test_statement({Expression(MostExpressionDepth).Text});" : $"{Target()} = {Target()} = {Expression(2).Text};");
                break;
            case 5:
                Leave();
                break;
            case 6 or 7:
                Line($"if ({Condition()}) {{");
                Body(depth);
                if (Choose(2) == 1)
                {
                    Line($"}} elsif ({Condition()}) {{");
                    Body(depth);
                }

                if (Choose(2) == 1)
                {
                    Line("} else {");
                    Body(depth);
                }

                Line("}");
                break;
            case 8 or 9:
                var counter = $"i{_counters++}";
                Line($"for (int {counter} = 0; {counter} < {1 + Choose(5)} && {Condition()}; {counter}++) {{");
                Loop(depth, counter);
                Line("}");
                break;
            case 10:
                counter = $"w{_counters++}";
                Line($"{counter} = 0;");
                Line($"while ({counter} < {1 + Choose(4)}) {{");
                Line($"{counter}++;");
                Loop(depth, counter);
                Line("}");
                break;
            case 11:
                counter = $"d{_counters++}";
                Line($"int {counter} = {Choose(4)};");
                Line("do {");
                Line($"{counter}--;");
                Loop(depth, counter);
                Line($"}} while ({counter} > 0 || ({counter} == 0 && {Expression(1).Text} == {Expression(1).Text}));");
                break;
            case 12:
                Line("{");
                Body(depth);
                Line("}");
                break;
            default:
                Line(_functions.Count == 0 ? $"{Target()} = {Expression(2).Text};" : Call(2) + ";");
                break;
        }
    }

    // A break, continue or return, behind a condition that may not hold.
    private void Leave()
    {
        if (_loops > 0)
        {
            Line($"if ({Condition()}) {{ {OneOf(["break;", "continue;"])} }}");
        }
        else
        {
            Line(_isTop ? $"if ({Condition()}) {{ return; }}" : $"if ({Condition()}) {{ return {_result}; }}");
        }
    }

    private void Loop(int depth, string counter)
    {
        _loops++;
        Line($"v0 += {counter};");
        Body(depth);
        _loops--;
    }

    private void Body(int depth)
    {
        var statements = Choose(3);
        for (var i = 0; i <= statements; i++)
        {
            Statement(depth - 1);
        }
    }

    private string Target() => Choose(8) switch
    {
        5 => OneOf([".g0", ".g1", ".g2"]),
        6 => "@" + OneOf(Writable),
        7 when _arrays.Count > 0 => Element(),
        _ => OneOf(_variables),
    };

    private string Element() => $"{OneOf(_arrays)}[{(Choose(2) == 0 ? Choose(4).ToString(CultureInfo.InvariantCulture) : $"({Expression(1, true).Text}) & 3")}]";

    private string Condition() => Choose(4) switch
    {
        0 => Expression(2).Text,
        1 => $"!({Expression(1, true).Text})",
        _ => $"({Expression(2, true).Text}) {OneOf(["<", ">", "<=", ">=", "==", "!="])} ({Expression(2).Text})",
    };

    /// <summary>An expression; only a bare number is a constant.</summary>
    /// <param name="depth">Operators within operators.</param>
    /// <param name="varies">It must not be a constant.</param>
    private (string Text, bool IsConstant) Expression(int depth, bool varies = false)
    {
        if (depth == 0)
        {
            return Leaf(varies);
        }

        switch (Choose(12))
        {
            case 0:
                return Leaf(varies);
            case 1:
                return ($"{OneOf(["-", "~", "!"])}({Expression(depth - 1, true).Text})", false);
            case 2:
                return ($"({OneOf(Types)})({Expression(depth - 1, true).Text})", false);
            case 3 when _functions.Count > 0:
                return (Call(depth - 1), false);
            case 4:
                return ($"{OneOf(["neg", "not"])}({Expression(depth - 1, true).Text})", false);
            default:
                var operation = OneOf(Operators);
                var left = Expression(depth - 1);
                var right = Expression(depth - 1, left.IsConstant);

                // Half of the divisions cannot be by zero.
                var divides = operation is "/" or "%" && Choose(2) == 0;
                return ($"({left.Text}) {operation} ({(divides ? $"({right.Text}) | 1" : right.Text)})", false);
        }
    }

    private (string Text, bool IsConstant) Leaf(bool varies) => Choose(varies ? 6 : 9) switch
    {
        0 or 1 or 2 => (OneOf(_variables), false),
        3 => (OneOf([".g0", ".g1", ".g2"]), false),
        4 => ("@" + OneOf(Readable), false),
        5 => (_arrays.Count > 0 ? $"{OneOf(_arrays)}[{Choose(4)}]" : OneOf(_variables), false),
        _ => (OneOf(Numbers), true),
    };

    private string Call(int depth)
    {
        var (name, _) = _functions[Choose(_functions.Count)];
        return $"{name}({Choose(7)}, {Expression(depth).Text}, {Expression(Math.Min(depth, 1)).Text})";
    }

    private void Line(string text) => _text.Append(text).Append('\n');
}
