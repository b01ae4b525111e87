using System;

namespace HvDbg.Client.Script.Syntax;

/// <summary>Operators and how tightly they bind.</summary>
internal static class Operators
{
    /// <summary>The tightest of the operators that make conditions of <c>&amp;&amp;</c>, <c>||</c> and comparisons.</summary>
    private const int Comparison = 6;

    internal static bool IsAssignment(string mark) => mark == "=" || (mark.Length > 1 && mark[^1] == '=' && Precedence(mark[..^1]) > Comparison)
        || mark is "&=" or "^=" or "|=";

    /// <summary>Whether strict scripts have the operator in conditions only.</summary>
    internal static bool IsConditional(string mark) => mark is "||" or "&&" or "!" || Precedence(mark) == Comparison;

    /// <summary>The higher, the tighter; all comparisons are on one level (C has two). 0: no binary operator.</summary>
    internal static int Precedence(string mark) => mark switch
    {
        "||" => 1,
        "&&" => 2,
        "|" => 3,
        "^" => 4,
        "&" => 5,
        "==" or "!=" or "<" or "<=" or ">" or ">=" => Comparison,
        "<<" or ">>" => 7,
        "+" or "-" => 8,
        "*" or "/" or "%" => 9,
        _ => 0,
    };

    internal static UnarySyntaxOperator? Unary(string mark) => mark switch
    {
        "+" => UnarySyntaxOperator.Plus,
        "-" => UnarySyntaxOperator.Negate,
        "~" => UnarySyntaxOperator.Complement,
        "!" => UnarySyntaxOperator.Not,
        "*" => UnarySyntaxOperator.Dereference,
        "&" => UnarySyntaxOperator.AddressOf,
        _ => null,
    };

    internal static BinarySyntaxOperator Binary(string mark) => mark switch
    {
        "||" => BinarySyntaxOperator.LogicalOr,
        "&&" => BinarySyntaxOperator.LogicalAnd,
        "|" => BinarySyntaxOperator.Or,
        "^" => BinarySyntaxOperator.Xor,
        "&" => BinarySyntaxOperator.And,
        "==" => BinarySyntaxOperator.Equal,
        "!=" => BinarySyntaxOperator.NotEqual,
        "<" => BinarySyntaxOperator.Less,
        "<=" => BinarySyntaxOperator.LessOrEqual,
        ">" => BinarySyntaxOperator.Greater,
        ">=" => BinarySyntaxOperator.GreaterOrEqual,
        "<<" => BinarySyntaxOperator.ShiftLeft,
        ">>" => BinarySyntaxOperator.ShiftRight,
        "+" => BinarySyntaxOperator.Add,
        "-" => BinarySyntaxOperator.Subtract,
        "*" => BinarySyntaxOperator.Multiply,
        "/" => BinarySyntaxOperator.Divide,
        "%" => BinarySyntaxOperator.Remainder,
        _ => throw new ArgumentOutOfRangeException(nameof(mark), mark, "no binary operator"),
    };
}
