namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>Arithmetic on untyped constants: lengths of arrays and the types that numbers take beside typed values depend on it.</summary>
internal static class ConstantWords
{
    /// <summary>The result; null: a division by zero, which ends the script when it runs.</summary>
    internal static ulong? Compute(BinaryOperator operation, ulong left, ulong right) => operation switch
    {
        BinaryOperator.Add => left + right,
        BinaryOperator.Subtract => left - right,
        BinaryOperator.Multiply => left * right,
        BinaryOperator.Divide => right == 0 ? null : left / right,
        BinaryOperator.Remainder => right == 0 ? null : left % right,
        BinaryOperator.And => left & right,
        BinaryOperator.Or => left | right,
        BinaryOperator.Xor => left ^ right,
        BinaryOperator.ShiftLeft => right < 64 ? left << (int)right : 0,
        BinaryOperator.ShiftRight => right < 64 ? left >> (int)right : 0,
        BinaryOperator.Equal => Word(left == right),
        BinaryOperator.NotEqual => Word(left != right),
        BinaryOperator.Less => Word((long)left < (long)right),
        BinaryOperator.LessOrEqual => Word((long)left <= (long)right),
        BinaryOperator.Greater => Word((long)left > (long)right),
        BinaryOperator.GreaterOrEqual => Word((long)left >= (long)right),
        _ => null,
    };

    private static ulong Word(bool value) => value ? 1ul : 0;
}
