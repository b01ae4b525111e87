namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>Which type operands have together, and how values get another type.</summary>
internal static class Conversions
{
    /// <summary>Whether a value can be given another type, by assignment as well as by a cast.</summary>
    internal static bool CanConvert(ScriptType from, ScriptType to) => (from, to) switch
    {
        (ErrorType, _) or (_, ErrorType) => true,
        (StructType left, StructType right) => left == right,
        (FloatType or IntegerType, FloatType or IntegerType) => true,
        (PointerType or IntegerType, PointerType or IntegerType) => true,
        _ => false,
    };

    /// <summary>The value in another type; <see cref="CanConvert"/> holds.</summary>
    internal static BoundExpression Convert(BoundExpression value, ScriptType to)
    {
        if (value.Type == to || value.Type is ErrorType || to is ErrorType)
        {
            return value;
        }

        if (to == IntegerType.Bool)
        {
            return new BoundConversion(value.Span, to, ToCondition(value));
        }

        return (value, to) switch
        {
            (BoundConstant constant, FloatType type) => new BoundFloatConstant(value.Span, type, Rounded(FractionOf(constant), type)),
            (BoundConstant constant, _) => new BoundConstant(value.Span, to, Cut(constant.Value, to)),
            (BoundFloatConstant constant, FloatType type) => new BoundFloatConstant(value.Span, type, Rounded(constant.Value, type)),
            _ => new BoundConversion(value.Span, to, value),
        };
    }

    internal static BoundExpression ToWord(BoundExpression value) => Convert(value, IntegerType.Word);

    /// <summary>A word that is 0 where the value is.</summary>
    internal static BoundExpression ToCondition(BoundExpression value) => value.Type is FloatType type
        ? new BoundBinary(value.Span, IntegerType.Word, BinaryOperator.NotEqual, value, new BoundFloatConstant(value.Span, type, 0))
        : ToWord(value);

    /// <summary>A number that has no type of its own, and takes one beside a typed value.</summary>
    internal static bool IsUntypedConstant(BoundExpression value) => value is BoundConstant { Type: IntegerType { IsWord: true } };

    /// <summary>The type of an arithmetic operation on two scalars, pointers excluded.</summary>
    internal static ScriptType Common(BoundExpression left, BoundExpression right)
    {
        var (one, other) = (TypeBeside(left, right), TypeBeside(right, left));
        return (one, other) switch
        {
            (ErrorType, _) or (_, ErrorType) => ErrorType.Instance,
            (FloatType { Bytes: 8 }, _) or (_, FloatType { Bytes: 8 }) => FloatType.Double,
            (FloatType, _) or (_, FloatType) => FloatType.Float,
            (IntegerType a, IntegerType b) => Common(Promote(a), Promote(b)),
            _ => IntegerType.Word,
        };
    }

    /// <summary>C's integer promotion: what is smaller than an int becomes one.</summary>
    internal static IntegerType Promote(IntegerType type) => type.Bytes < 4 ? IntegerType.Int : type;

    private static IntegerType Common(IntegerType left, IntegerType right)
    {
        if (left.IsWord || right.IsWord)
        {
            return IntegerType.Word;
        }

        if (left.Bytes != right.Bytes)
        {
            return left.Bytes > right.Bytes ? left : right;
        }

        return left.IsSigned && !right.IsSigned ? right : left;
    }

    /// <summary>A number without a type takes C's beside a typed value: int, unsigned int or long long, whichever it fits first.</summary>
    private static ScriptType TypeBeside(BoundExpression value, BoundExpression other)
    {
        if (!IsUntypedConstant(value) || other.Type is not (IntegerType { IsWord: false } or FloatType))
        {
            return value.Type;
        }

        var number = ((BoundConstant)value).Value;
        return (long)number is >= int.MinValue and <= int.MaxValue ? IntegerType.Int
            : number <= uint.MaxValue ? IntegerType.UnsignedInt
            : IntegerType.LongLong;
    }

    /// <summary>Untyped constants above the largest signed number are negative ones: <c>double x = -1;</c>.</summary>
    private static double FractionOf(BoundConstant constant) => constant.Type is IntegerType { ComparesSigned: true } ? (long)constant.Value : constant.Value;

    private static double Rounded(double value, FloatType type) => type.Bytes == 4 ? (float)value : value;

    private static ulong Cut(ulong value, ScriptType type) => (type.Size, type is IntegerType { IsSigned: true }) switch
    {
        (1, false) => (byte)value,
        (1, true) => (ulong)(sbyte)value,
        (2, false) => (ushort)value,
        (2, true) => (ulong)(short)value,
        (4, false) => (uint)value,
        (4, true) => (ulong)(int)value,
        _ => value,
    };
}
