using System;
using HvDbg.Client.Script.Semantics;

namespace HvDbg.Client.Script.Code;

/// <summary>
/// The language's arithmetic on constants. A value of a type with less than eight bytes stands extended to 64 bits by the type's sign, here and
/// in registers of compiled code.
/// </summary>
internal static class Arithmetic
{
    /// <summary>Whether the type's values are extended by their sign.</summary>
    internal static bool IsSigned(ScriptType type) => type is IntegerType { IsSigned: true };

    /// <summary>Whether comparisons of the type are signed.</summary>
    internal static bool ComparesSigned(ScriptType type) => type is IntegerType { ComparesSigned: true };

    /// <summary>The lowest bytes of a value as a value of the type.</summary>
    internal static ulong Extend(ulong value, ScriptType type) => (type.Size, IsSigned(type)) switch
    {
        (1, false) => (byte)value,
        (1, true) => (ulong)(sbyte)value,
        (2, false) => (ushort)value,
        (2, true) => (ulong)(short)value,
        (4, false) => (uint)value,
        (4, true) => (ulong)(int)value,
        _ => value,
    };

    /// <summary>An integer in another type: the lowest bytes of it, or for a bool whether it is not 0.</summary>
    internal static ulong Convert(ulong value, ScriptType type) => type == IntegerType.Bool ? value == 0 ? 0UL : 1 : Extend(value, type);

    internal static ulong Unary(UnaryOperator operation, ScriptType type, ulong value) => operation switch
    {
        UnaryOperator.Negate => Extend(0 - value, type),
        UnaryOperator.Complement => Extend(~value, type),
        _ => value == 0 ? 1UL : 0,
    };

    /// <summary>The result, or null where the operation would end the script.</summary>
    /// <param name="operation">What to do.</param>
    /// <param name="type">Type of both operands.</param>
    /// <param name="left">Left operand.</param>
    /// <param name="right">Right operand.</param>
    internal static ulong? Binary(BinaryOperator operation, ScriptType type, ulong left, ulong right)
    {
        if (IsComparison(operation))
        {
            return Compare(operation, ComparesSigned(type), left, right) ? 1UL : 0;
        }

        ulong? result = operation switch
        {
            BinaryOperator.Add => left + right,
            BinaryOperator.Subtract => left - right,
            BinaryOperator.Multiply => left * right,
            BinaryOperator.And => left & right,
            BinaryOperator.Or => left | right,
            BinaryOperator.Xor => left ^ right,
            BinaryOperator.ShiftLeft => right > 63 ? 0 : left << (int)right,
            BinaryOperator.ShiftRight when IsSigned(type) => (ulong)((long)left >> (int)Math.Min(right, 63)),
            BinaryOperator.ShiftRight => right > 63 ? 0 : left >> (int)right,
            _ when right == 0 => null,
            BinaryOperator.Divide when !IsSigned(type) => left / right,
            BinaryOperator.Divide => right == ulong.MaxValue ? 0 - left : (ulong)((long)left / (long)right),
            BinaryOperator.Remainder when !IsSigned(type) => left % right,
            BinaryOperator.Remainder => right == ulong.MaxValue ? 0 : (ulong)((long)left % (long)right),
            _ => throw new InvalidOperationException(operation.ToString()),
        };
        return result is { } value ? Extend(value, type) : null;
    }

    internal static bool IsComparison(BinaryOperator operation) => operation >= BinaryOperator.Equal;

    /// <summary>Whether the operands may be exchanged.</summary>
    internal static bool IsCommutative(BinaryOperator operation) => operation is BinaryOperator.Add or BinaryOperator.Multiply
        or BinaryOperator.And or BinaryOperator.Or or BinaryOperator.Xor;

    private static bool Compare(BinaryOperator operation, bool signed, ulong left, ulong right)
    {
        var order = signed ? ((long)left).CompareTo((long)right) : left.CompareTo(right);
        return operation switch
        {
            BinaryOperator.Equal => order == 0,
            BinaryOperator.NotEqual => order != 0,
            BinaryOperator.Less => order < 0,
            BinaryOperator.LessOrEqual => order <= 0,
            BinaryOperator.Greater => order > 0,
            _ => order >= 0,
        };
    }
}
