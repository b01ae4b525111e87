using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace HvDbg.Client.Assembly;

/// <param name="Register">The register.</param>
/// <param name="Factor">By what it is multiplied.</param>
internal readonly record struct LinearTerm(Register Register, int Factor);

/// <summary>A sum of numbers, at most one label, and registers with factors.</summary>
internal sealed record LinearValue(Int128 Constant, string? Label, IReadOnlyList<LinearTerm> Registers)
{
    public bool IsNumber => Label is null && Registers.Count == 0;

    public bool IsPlainRegister => Registers.Count == 1 && Registers[0].Factor == 1 && Constant == 0 && Label is null;
}

/// <summary>Reads sums and products with parentheses.</summary>
internal sealed class LinearParser(string text, List<AssemblyToken> tokens, HashSet<string> labels)
{
    private const int MostParentheses = 32;

    /// <summary>More than any scale that exists; factors stop growing there.</summary>
    private const int MostFactor = 100;
    private int _depth;

    internal LinearValue Read(ref int at)
    {
        _depth = 0;
        return ReadSum(ref at);
    }

    private LinearValue ReadSum(ref int at)
    {
        var sum = ReadProduct(ref at);
        while (tokens[at].Is('+') || tokens[at].Is('-'))
        {
            var sign = tokens[at++];
            var term = ReadProduct(ref at);
            sum = Add(sum, sign.Is('-') ? Negate(term, sign, at) : term, sign, at);
        }

        return sum;
    }

    private LinearValue ReadProduct(ref int at)
    {
        var product = ReadSigned(ref at);
        while (tokens[at].Is('*'))
        {
            var sign = tokens[at++];
            var factor = ReadSigned(ref at);
            product = Multiply(product, factor, sign, at);
        }

        return product;
    }

    private LinearValue ReadSigned(ref int at)
    {
        var negative = false;
        var sign = tokens[at];
        for (; tokens[at].Is('-') || tokens[at].Is('+'); at++)
        {
            negative ^= tokens[at].Is('-');
        }

        var value = ReadPrimary(ref at);
        return negative ? Negate(value, sign, at) : value;
    }

    private LinearValue ReadPrimary(ref int at)
    {
        var token = tokens[at];
        if (token.Is('('))
        {
            if (++_depth > MostParentheses)
            {
                throw Error("too many parentheses within each other", token);
            }

            at++;
            var inner = ReadSum(ref at);
            Expect(')', ref at);
            _depth--;
            return inner;
        }

        at++;
        return token.Kind switch
        {
            AssemblyTokenKind.Quoted => Number(Characters(token)),
            AssemblyTokenKind.Word => ReadWord(token, ref at),
            _ => throw Error($"expected a register, a number, a label or memory in brackets; found {token.Shown}", token),
        };
    }

    private LinearValue ReadWord(AssemblyToken token, ref int at)
    {
        if (labels.Contains(token.Text))
        {
            return new LinearValue(0, token.Text, []);
        }

        if (token.Text == AssemblyValue.Here)
        {
            return new LinearValue(0, AssemblyValue.Here, []);
        }

        var register = RegisterTable.Find(token.Text);
        if (register != Register.None)
        {
            return new LinearValue(0, null, [new LinearTerm(FloatRegister(token, register, ref at), 1)]);
        }

        if (Reserved.Describe(token.Text) is { } reserved)
        {
            var number = AssemblyNumber.Parse(token.Text, out _) != AssemblyNumber.Fault.NoNumber ? $" (the number is written 0{token.Text})" : "";
            throw Error($"expected a register, a number, a label or memory in brackets; {token.Text} is {reserved}{number}", token);
        }

        return AssemblyNumber.Parse(token.Text, out var value) switch
        {
            AssemblyNumber.Fault.None => Number(value),
            AssemblyNumber.Fault.TooLarge => throw Error("the number has more than 64 bits", token),
            _ => throw Error(Unknown(token.Text), token),
        };
    }

    private static string Unknown(string word)
    {
        return char.IsAsciiDigit(word[0])
            ? $"{word} is no number: expected hexadecimal digits (0n12 is decimal, 0y101 binary, 0t17 octal)"
            : $"there is no register, label or hexadecimal number {word}";
    }

    // st(1): the only register whose name has parentheses.
    private Register FloatRegister(AssemblyToken token, Register register, ref int at)
    {
        if (!token.Text.Equals("st", StringComparison.OrdinalIgnoreCase) || !tokens[at].Is('('))
        {
            return register;
        }

        at++;
        var digit = tokens[at];
        if (digit.Text.Length != 1 || digit.Text[0] is < '0' or > '7')
        {
            throw Error($"expected a number from 0 to 7 in st(…); found {digit.Shown}", digit);
        }

        at++;
        Expect(')', ref at);
        return Register.ST0 + (digit.Text[0] - '0');
    }

    private Int128 Characters(AssemblyToken token)
    {
        if (token.Text.Length is 0 or > 8)
        {
            throw Error("a text as a number has one to eight characters", token);
        }

        var value = Int128.Zero;
        for (var i = token.Text.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | token.Text[i];
        }

        return value;
    }

    private LinearValue Add(LinearValue left, LinearValue right, AssemblyToken sign, int at)
    {
        if (left.Label is not null && right.Label is not null)
        {
            throw Error("two labels cannot be added", sign.Offset, tokens[at - 1].End);
        }

        var registers = new List<LinearTerm>(left.Registers);
        foreach (var term in right.Registers)
        {
            var known = registers.FindIndex(r => r.Register == term.Register);
            if (known < 0)
            {
                registers.Add(term);
            }
            else
            {
                registers[known] = new LinearTerm(term.Register, Math.Min(MostFactor, registers[known].Factor + term.Factor));
            }
        }

        return new LinearValue(Checked(left.Constant + right.Constant, sign), left.Label ?? right.Label, registers);
    }

    private LinearValue Negate(LinearValue value, AssemblyToken sign, int at) => value.IsNumber
        ? Number(-value.Constant)
        : throw Error("a register or label cannot be subtracted", sign.Offset, tokens[at - 1].End);

    private LinearValue Multiply(LinearValue left, LinearValue right, AssemblyToken sign, int at)
    {
        if (!left.IsNumber && !right.IsNumber)
        {
            throw Error("expected a number on one side of '*'", sign);
        }

        var (value, factor) = left.IsNumber ? (right, left.Constant) : (left, right.Constant);
        if (value.IsNumber)
        {
            return factor != 0 && Int128.Abs(value.Constant) > (Int128.One << 64) / Int128.Abs(factor)
                ? throw Error("the number has more than 64 bits", sign)
                : Number(Checked(value.Constant * factor, sign));
        }

        if (value.Label is not null || factor < 1 || factor > 9)
        {
            throw Error(
                value.Label is not null ? "a label cannot be multiplied" : "expected a scale of 1, 2, 4 or 8", sign.Offset, tokens[at - 1].End);
        }

        return new LinearValue(
            Checked(value.Constant * factor, sign),
            null,
            [.. value.Registers.Select(r => new LinearTerm(r.Register, Math.Min(MostFactor, r.Factor * (int)factor)))]);
    }

    private void Expect(char symbol, ref int at)
    {
        if (!tokens[at].Is(symbol))
        {
            throw Error($"expected '{symbol}'; found {tokens[at].Shown}", tokens[at]);
        }

        at++;
    }

    private static LinearValue Number(Int128 value) => new(value, null, []);

    private Int128 Checked(Int128 value, AssemblyToken token) =>
        value > -(Int128.One << 64) && value < Int128.One << 64 ? value : throw Error("the number has more than 64 bits", token);

    private AssemblyException Error(string message, AssemblyToken token) => new(message, text, token.Offset, token.Length);

    private AssemblyException Error(string message, int start, int end) => new(message, text, start, end - start);
}
