using System;
using System.Numerics;
using HvDbg.Client.Script.Syntax;
using HvKernel.Protocol;

namespace HvDbg.Script.Tests.Oracle;

/// <summary>A script has ended itself.</summary>
internal sealed class OracleFailure(ScriptFailure failure) : Exception
{
    internal ScriptFailure Failure { get; } = failure;
}

/// <summary>Operators as arithmetic on whole numbers without bounds, fitted into the type of the operation afterwards.</summary>
internal static class OracleArithmetic
{
    internal static OracleValue Unary(UnarySyntaxOperator operation, OracleValue operand)
    {
        var type = operand.Type.Promoted;
        return operation switch
        {
            UnarySyntaxOperator.Plus => operand.To(type),
            UnarySyntaxOperator.Negate => new OracleValue(type.Fit(-operand.Number), type),
            UnarySyntaxOperator.Complement => new OracleValue(type.Fit(-operand.Number - 1), type),
            UnarySyntaxOperator.Not => OracleValue.Truth(!operand.IsTrue),
            _ => throw new NotSupportedException(operation.ToString()),
        };
    }

    internal static OracleValue Binary(BinarySyntaxOperator operation, OracleValue left, OracleValue right)
    {
        // A shift has the type of what it shifts; other operators one that both sides have.
        var shifts = operation is BinarySyntaxOperator.ShiftLeft or BinarySyntaxOperator.ShiftRight;
        var type = shifts ? left.Type.Promoted : OracleType.Common(left.TypeBeside(right), right.TypeBeside(left));
        var (one, other) = (type.Fit(left.Number), shifts ? right.Number : type.Fit(right.Number));

        // What is made of literals alone is one still.
        var isLiteral = left.IsLiteral && right.IsLiteral;
        if (Compare(operation, type, one, other) is { } truth)
        {
            return OracleValue.Truth(truth) with { IsLiteral = isLiteral };
        }

        BigInteger result = operation switch
        {
            BinarySyntaxOperator.Add => one + other,
            BinarySyntaxOperator.Subtract => one - other,
            BinarySyntaxOperator.Multiply => one * other,
            BinarySyntaxOperator.Divide or BinarySyntaxOperator.Remainder when other.IsZero => throw new OracleFailure(ScriptFailure.DivisionByZero),
            BinarySyntaxOperator.Divide => BigInteger.Divide(one, other),
            BinarySyntaxOperator.Remainder => BigInteger.Remainder(one, other),
            BinarySyntaxOperator.And => one & other,
            BinarySyntaxOperator.Or => one | other,
            BinarySyntaxOperator.Xor => one ^ other,
            BinarySyntaxOperator.ShiftLeft => Count(type, other) is { } count ? one << count : 0,
            BinarySyntaxOperator.ShiftRight => Count(type, other) is { } count ? one >> count : one.Sign < 0 ? -1 : 0,
            _ => throw new NotSupportedException(operation.ToString()),
        };
        return new OracleValue(type.Fit(result), type, isLiteral);
    }

    // Null: as many bits as the type has, or more; a negative count is a very large one.
    private static int? Count(OracleType type, BigInteger count) => count.Sign >= 0 && count < type.Bits ? (int)count : null;

    private static bool? Compare(BinarySyntaxOperator operation, OracleType type, BigInteger left, BigInteger right)
    {
        if (type.IsWord)
        {
            left = OracleType.LongLong.Fit(left);
            right = OracleType.LongLong.Fit(right);
        }

        return operation switch
        {
            BinarySyntaxOperator.Equal => left == right,
            BinarySyntaxOperator.NotEqual => left != right,
            BinarySyntaxOperator.Less => left < right,
            BinarySyntaxOperator.LessOrEqual => left <= right,
            BinarySyntaxOperator.Greater => left > right,
            BinarySyntaxOperator.GreaterOrEqual => left >= right,
            _ => null,
        };
    }
}
