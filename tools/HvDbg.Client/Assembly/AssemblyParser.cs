using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace HvDbg.Client.Assembly;

/// <summary>Makes statements of tokens. Which form of an instruction is meant is not its business.</summary>
internal sealed class AssemblyParser
{
    private readonly string _text;
    private readonly List<AssemblyToken> _tokens;
    private readonly HashSet<string> _labels = new(StringComparer.Ordinal);
    private readonly OperandParser _operands;

    private AssemblyParser(string text)
    {
        _text = text;
        _tokens = AssemblyLexer.Tokens(text);
        _operands = new OperandParser(text, _tokens, _labels);
    }

    /// <exception cref="AssemblyException">The text is wrong.</exception>
    internal static List<AssemblyStatement> Parse(string text)
    {
        var parser = new AssemblyParser(text);
        parser.CollectLabels();
        return parser.Statements();
    }

    private AssemblyException Error(string message, AssemblyToken token) => new(message, _text, token.Offset, token.Length);

    // Labels may be used before they stand: their names decide what a word is, so they are gathered first.
    private void CollectLabels()
    {
        var begins = true;
        for (var i = 0; i + 1 < _tokens.Count; i++)
        {
            var token = _tokens[i];
            if (begins && token.Kind == AssemblyTokenKind.Word && _tokens[i + 1].Is(':'))
            {
                CheckLabel(token);
                i++;
            }
            else
            {
                begins = token.Kind == AssemblyTokenKind.Separator;
            }
        }
    }

    private void CheckLabel(AssemblyToken token)
    {
        var problem = Reserved.Describe(token.Text) is { } reserved ? $"{token.Text} is {reserved} and cannot be a label"
            : char.IsAsciiDigit(token.Text[0]) || token.Text.Contains('`', StringComparison.Ordinal) || token.Text[0] == '$'
                ? $"a label begins with a letter, '_', '.' or '@': {token.Text} does not"
                : null;
        if (problem is not null)
        {
            throw Error(problem, token);
        }

        if (!_labels.Add(token.Text))
        {
            throw Error($"the label {token.Text} stands twice", token);
        }
    }

    private List<AssemblyStatement> Statements()
    {
        var statements = new List<AssemblyStatement>();
        var at = 0;
        while (_tokens[at].Kind != AssemblyTokenKind.End)
        {
            if (_tokens[at].Kind == AssemblyTokenKind.Separator)
            {
                at++;
            }
            else if (_tokens[at].Kind != AssemblyTokenKind.Word)
            {
                throw Error($"expected an instruction, a label or db, dw, dd, dq; found {_tokens[at].Shown}", _tokens[at]);
            }
            else if (_tokens[at + 1].Is(':') && _labels.Contains(_tokens[at].Text))
            {
                statements.Add(new LabelStatement(_tokens[at].Offset, _tokens[at].Length, _tokens[at].Text));
                at += 2;
            }
            else
            {
                statements.Add(DataWords.Size(_tokens[at].Text) != 0 ? ReadData(ref at) : ReadInstruction(ref at));
                if (_tokens[at].Kind is not (AssemblyTokenKind.Separator or AssemblyTokenKind.End))
                {
                    throw Error($"expected ',', ';' or the end of the line; found {_tokens[at].Shown}", _tokens[at]);
                }
            }
        }

        return statements;
    }

    private DataStatement ReadData(ref int at)
    {
        var directive = _tokens[at++];
        var size = DataWords.Size(directive.Text);
        var bytes = new List<byte>();
        while (true)
        {
            var token = _tokens[at];
            if (token.Kind == AssemblyTokenKind.Quoted && !_operands.ContinuesExpression(at + 1))
            {
                at++;
                bytes.AddRange(token.Text.Select(c => (byte)c));
                bytes.AddRange(new byte[(size - (token.Text.Length % size)) % size]);
            }
            else
            {
                AppendNumber(bytes, _operands.ReadNumber(ref at, directive.Text), size, token);
            }

            if (!_tokens[at].Is(','))
            {
                return new DataStatement(directive.Offset, _tokens[at - 1].End - directive.Offset, [.. bytes]);
            }

            at++;
        }
    }

    private void AppendNumber(List<byte> bytes, Int128 value, int size, AssemblyToken token)
    {
        if (value < -(Int128.One << ((size * 8) - 1)) || value >= Int128.One << (size * 8))
        {
            throw Error($"the number does not fit: expected at most {size * 8} bits", token);
        }

        var bits = (ulong)OperandMatch.Low64(value);
        for (var i = 0; i < size; i++)
        {
            bytes.Add((byte)(bits >> (8 * i)));
        }
    }

    private InstructionStatement ReadInstruction(ref int at)
    {
        var first = _tokens[at];
        var prefixes = ReadPrefixes(ref at);
        var mnemonic = _tokens[at];
        if (mnemonic.Kind != AssemblyTokenKind.Word)
        {
            throw Error($"expected an instruction behind {_tokens[at - 1].Text}; found {mnemonic.Shown}", mnemonic);
        }

        if (!MnemonicTable.IsKnown(mnemonic.Text))
        {
            throw Error(UnknownMnemonic(mnemonic.Text), mnemonic);
        }

        at++;
        if (mnemonic.Text.Equals("ret", StringComparison.OrdinalIgnoreCase) && IsWord(at, "far"))
        {
            mnemonic = mnemonic with { Text = "retf", Length = _tokens[at].End - mnemonic.Offset };
            at++;
        }

        var operands = new List<AssemblyOperand>();
        if (_tokens[at].Kind is not (AssemblyTokenKind.Separator or AssemblyTokenKind.End))
        {
            operands.Add(_operands.Read(ref at));
            while (_tokens[at].Is(','))
            {
                at++;
                operands.Add(_operands.Read(ref at));
            }
        }

        return new InstructionStatement(first.Offset, _tokens[at - 1].End - first.Offset, mnemonic, prefixes, operands);
    }

    private AssemblyPrefixes ReadPrefixes(ref int at)
    {
        var prefixes = new AssemblyPrefixes();
        for (; _tokens[at].Kind == AssemblyTokenKind.Word; at++)
        {
            var token = _tokens[at];
            var segment = RegisterTable.Find(token.Text);
            if (segment.IsSegmentRegister() && _tokens[at + 1].Kind == AssemblyTokenKind.Word)
            {
                prefixes = prefixes with { Segment = segment, SegmentToken = token };
                continue;
            }

            switch (token.Text.ToLowerInvariant())
            {
                case "lock":
                    prefixes = prefixes with { Lock = token };
                    break;
                case "rep" or "repe" or "repz":
                    prefixes = prefixes with { Repeat = token };
                    break;
                case "repne" or "repnz":
                    prefixes = prefixes with { RepeatNotEqual = token };
                    break;
                case "xacquire":
                    prefixes = prefixes with { Acquire = token };
                    break;
                case "xrelease":
                    prefixes = prefixes with { Release = token };
                    break;
                default:
                    return prefixes;
            }
        }

        return prefixes;
    }

    private bool IsWord(int at, string word) =>
        _tokens[at].Kind == AssemblyTokenKind.Word && _tokens[at].Text.Equals(word, StringComparison.OrdinalIgnoreCase);

    private static string UnknownMnemonic(string name)
    {
        if (Reserved.Describe(name) is { } reserved)
        {
            return $"expected an instruction; {name} is {reserved}";
        }

        var suggestions = MnemonicTable.Suggestions(name);
        return suggestions.Count == 0
            ? $"{name} is no known instruction"
            : $"{name} is no known instruction; did you mean {string.Join(" or ", suggestions)}?";
    }
}

/// <summary>The directives that lay down data.</summary>
internal static class DataWords
{
    /// <summary>Bytes of one number; 0: no directive.</summary>
    internal static int Size(string word) => word.ToLowerInvariant() switch { "db" => 1, "dw" => 2, "dd" => 4, "dq" => 8, _ => 0 };
}

/// <summary>Words that mean something already.</summary>
internal static class Reserved
{
    /// <summary>What the word is, in words; null: it is free.</summary>
    internal static string? Describe(string word)
    {
        if (RegisterTable.Find(word) != Register.None)
        {
            return "a register";
        }

        if (MnemonicTable.IsKnown(word))
        {
            return "an instruction";
        }

        return DataWords.Size(word) != 0 || SizeWords.Find(word) != 0 ? "a keyword"
            : word.ToLowerInvariant() is "ptr" or "rel" or "abs" or "short" or "near" or "far" or "$" or "lock" or "rep" or "repe" or "repz"
                or "repne" or "repnz" or "xacquire" or "xrelease" ? "a keyword"
            : null;
    }
}
