using System;
using System.Collections.Generic;
using Iced.Intel;

namespace HvDbg.Client.Assembly;

/// <summary>Reads operands and numbers.</summary>
internal sealed class OperandParser(string text, List<AssemblyToken> tokens, HashSet<string> labels)
{
    private readonly LinearParser _expressions = new(text, tokens, labels);

    /// <summary>Whether the token continues a sum or product.</summary>
    internal bool ContinuesExpression(int at) => tokens[at].Is('+') || tokens[at].Is('-') || tokens[at].Is('*');

    /// <summary>Reads a number for a directive.</summary>
    internal Int128 ReadNumber(ref int at, string directive)
    {
        var start = tokens[at];
        var value = _expressions.Read(ref at);
        if (value.Registers.Count > 0)
        {
            throw Error($"{directive}: expected a number or a text in quotes, found a register", start.Offset, tokens[at - 1].End);
        }

        return value.Label is null
            ? value.Constant
            : throw Error($"{directive}: a label's address is not known before the code is placed; expected a number", start.Offset, tokens[at - 1].End);
    }

    /// <summary>Reads one operand.</summary>
    internal AssemblyOperand Read(ref int at)
    {
        var start = tokens[at];
        var reach = BranchReach.Any;
        var size = 0;
        var sizeToken = start;
        for (; tokens[at].Kind == AssemblyTokenKind.Word && !labels.Contains(tokens[at].Text); at++)
        {
            var word = tokens[at].Text.ToLowerInvariant();
            var found = SizeWords.Find(word);
            if (found != 0 && size == 0)
            {
                (size, sizeToken) = (found, tokens[at]);
            }
            else if (word is "short" or "near" or "far" && reach == BranchReach.Any)
            {
                reach = word switch { "short" => BranchReach.Short, "near" => BranchReach.Near, _ => BranchReach.Far };
            }
            else if (word != "ptr" || at == 0 || tokens[at - 1].Offset < start.Offset)
            {
                break;
            }
        }

        var segment = Register.None;
        if (RegisterTable.Find(tokens[at].Text).IsSegmentRegister() && tokens[at].Kind == AssemblyTokenKind.Word && tokens[at + 1].Is(':'))
        {
            segment = RegisterTable.Find(tokens[at].Text);
            at += 2;
            if (!tokens[at].Is('['))
            {
                throw Error($"expected '[' behind {tokens[at - 2].Text}:; found {tokens[at].Shown}", tokens[at].Offset, tokens[at].End);
            }
        }

        if (tokens[at].Is('['))
        {
            return ReadMemory(ref at, start, segment, size, reach);
        }

        var value = _expressions.Read(ref at);
        var operand = FromExpression(value, start, tokens[at - 1].End);
        if (size != 0 && operand.Kind == AssemblyOperandKind.Register)
        {
            throw Error($"{sizeToken.Text} is for memory in brackets, not for a register", sizeToken.Offset, sizeToken.End);
        }

        return operand with { Reach = reach, Size = size };
    }

    private AssemblyOperand FromExpression(LinearValue value, AssemblyToken start, int end)
    {
        if (value.Registers.Count == 0)
        {
            return new AssemblyOperand(AssemblyOperandKind.Value, start.Offset, end - start.Offset) { Value = new AssemblyValue(value.Constant, value.Label) };
        }

        return value.IsPlainRegister
            ? new AssemblyOperand(AssemblyOperandKind.Register, start.Offset, end - start.Offset) { Register = value.Registers[0].Register }
            : throw Error("registers can be added and multiplied within [ ] only", start.Offset, end);
    }

    private AssemblyOperand ReadMemory(ref int at, AssemblyToken start, Register segment, int size, BranchReach reach)
    {
        var open = tokens[at++];
        if (RegisterTable.Find(tokens[at].Text).IsSegmentRegister() && tokens[at + 1].Is(':'))
        {
            if (segment != Register.None)
            {
                throw Error("two segments for one operand", tokens[at].Offset, tokens[at].End);
            }

            segment = RegisterTable.Find(tokens[at].Text);
            at += 2;
        }

        var relative = IsWord(at, "rel");
        if (relative || IsWord(at, "abs"))
        {
            at++;
        }

        if (tokens[at].Is(']'))
        {
            throw Error("expected an address between [ and ]", open.Offset, tokens[at].End);
        }

        var inside = tokens[at];
        var value = _expressions.Read(ref at);
        if (!tokens[at].Is(']'))
        {
            throw Error($"expected ']', '+', '-' or '*'; found {tokens[at].Shown}", tokens[at].Offset, tokens[at].End);
        }

        var end = tokens[at++].End;
        var operand = new AssemblyOperand(AssemblyOperandKind.Memory, start.Offset, end - start.Offset)
        {
            Segment = segment,
            Size = size,
            Reach = reach,
            Value = new AssemblyValue(value.Constant, value.Label),
        };
        return AddressForm.Apply(operand, value, relative, (message) => Error(message, inside.Offset, end - 1));
    }

    private bool IsWord(int at, string word) =>
        tokens[at].Kind == AssemblyTokenKind.Word && tokens[at].Text.Equals(word, StringComparison.OrdinalIgnoreCase) && !labels.Contains(tokens[at].Text);

    private AssemblyException Error(string message, int start, int end) => new(message, text, start, end - start);
}
