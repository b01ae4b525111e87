using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Semantics.Binding;

internal sealed partial class FunctionBinder
{
    private BoundExpression BindUnary(UnarySyntax syntax)
    {
        if (syntax.Operator == UnarySyntaxOperator.AddressOf)
        {
            return BindAddressOf(syntax.Span, syntax.Operand);
        }

        var operand = BindValue(syntax.Operand);
        if (operand.Type is StructType)
        {
            return Error(syntax.Span, $"{operand.Type} has no such operator");
        }

        return (syntax.Operator, operand) switch
        {
            (_, { Type: ErrorType }) => Error(syntax.Span),
            (UnarySyntaxOperator.Not, _) => Unary(syntax.Span, UnaryOperator.LogicalNot, Conversions.ToCondition(operand)),
            (UnarySyntaxOperator.Complement, { Type: FloatType }) => Error(syntax.Span, $"'~' takes integers, found {operand.Type}"),
            (UnarySyntaxOperator.Complement, _) => Unary(syntax.Span, UnaryOperator.Complement, Promoted(operand)),
            (UnarySyntaxOperator.Negate, BoundFloatConstant number) => number with { Span = syntax.Span, Value = -number.Value },
            (UnarySyntaxOperator.Negate, _) => Unary(syntax.Span, UnaryOperator.Negate, Promoted(operand)),
            _ => Promoted(operand),
        };
    }

    private static BoundExpression Unary(SourceSpan span, UnaryOperator operation, BoundExpression operand)
    {
        if (!Conversions.IsUntypedConstant(operand))
        {
            return new BoundUnary(span, operand.Type, operation, operand);
        }

        var value = ((BoundConstant)operand).Value;
        return Word(span, operation switch
        {
            UnaryOperator.Negate => 0 - value,
            UnaryOperator.Complement => ~value,
            _ => value == 0 ? 1ul : 0,
        });
    }

    /// <summary>Operand of an operator: small integers become ints, addresses words.</summary>
    private static BoundExpression Promoted(BoundExpression value) => value.Type switch
    {
        IntegerType integer => Conversions.Convert(value, Conversions.Promote(integer)),
        PointerType => Conversions.ToWord(value),
        _ => value,
    };

    private BoundExpression BindBinary(BinarySyntax syntax)
    {
        var left = BindValue(syntax.Left);
        var right = BindValue(syntax.Right);
        if (left.Type is ErrorType || right.Type is ErrorType)
        {
            return Error(syntax.Span);
        }

        if (left.Type is StructType || right.Type is StructType)
        {
            return Error(syntax.OperatorSpan, $"{(left.Type is StructType ? left.Type : right.Type)} has no such operator", "take one of its fields");
        }

        if (syntax.Operator is BinarySyntaxOperator.LogicalAnd or BinarySyntaxOperator.LogicalOr)
        {
            return new BoundLogical(
                syntax.Span, syntax.Operator == BinarySyntaxOperator.LogicalAnd, Conversions.ToCondition(left), Conversions.ToCondition(right));
        }

        return Binary(syntax.Span, syntax.OperatorSpan, OperatorOf(syntax.Operator), left, right);
    }

    /// <summary>Both enumerations have the arithmetic operators and the comparisons in the same order.</summary>
    private static BinaryOperator OperatorOf(BinarySyntaxOperator syntax) => (BinaryOperator)(int)syntax;

    private static bool IsComparison(BinaryOperator operation) => operation >= BinaryOperator.Equal;

    private static bool IsShift(BinaryOperator operation) => operation is BinaryOperator.ShiftLeft or BinaryOperator.ShiftRight;

    private BoundExpression Binary(SourceSpan span, SourceSpan operatorSpan, BinaryOperator operation, BoundExpression left, BoundExpression right)
    {
        if (left.Type is PointerType || right.Type is PointerType)
        {
            return BinaryOnPointers(span, operatorSpan, operation, left, right);
        }

        if (IsShift(operation))
        {
            return Shift(span, operatorSpan, operation, left, right);
        }

        var type = Conversions.Common(left, right);
        if (!Takes(operation, type, operatorSpan))
        {
            return Error(span);
        }

        if (Conversions.IsUntypedConstant(left) && Conversions.IsUntypedConstant(right)
            && ConstantWords.Compute(operation, ((BoundConstant)left).Value, ((BoundConstant)right).Value) is { } value)
        {
            return Word(span, value);
        }

        return new BoundBinary(
            span, IsComparison(operation) ? IntegerType.Word : type, operation, Conversions.Convert(left, type), Conversions.Convert(right, type));
    }

    /// <summary>Reports an operator that a type does not have.</summary>
    private bool Takes(BinaryOperator operation, ScriptType type, SourceSpan span)
    {
        if (type is not FloatType || IsComparison(operation)
            || operation is BinaryOperator.Add or BinaryOperator.Subtract or BinaryOperator.Multiply or BinaryOperator.Divide)
        {
            return true;
        }

        _context.Report(span, $"'{span.Text}' takes integers, found {type}", "convert it: (int)x");
        return false;
    }

    /// <summary>
    /// Shifts have the left side's type. A wider count is not cut, which could make a small one of it: the shift is done in eight bytes, whose
    /// lower ones are the result.
    /// </summary>
    private BoundExpression Shift(SourceSpan span, SourceSpan operatorSpan, BinaryOperator operation, BoundExpression left, BoundExpression right)
    {
        if (!Takes(operation, left.Type, operatorSpan) || !Takes(operation, right.Type, operatorSpan))
        {
            return Error(span);
        }

        if (Conversions.IsUntypedConstant(left) && Conversions.IsUntypedConstant(right))
        {
            return Word(span, ConstantWords.Compute(operation, ((BoundConstant)left).Value, ((BoundConstant)right).Value)!.Value);
        }

        var value = Promoted(left);
        var type = ShiftType(value.Type, right);
        var shifted = new BoundBinary(span, type, operation, Conversions.Convert(value, type), Conversions.Convert(right, type));
        return Conversions.Convert(shifted, value.Type);
    }

    /// <summary>The type in which a shift is done.</summary>
    /// <param name="type">Of the left side, promoted.</param>
    private static IntegerType ShiftType(ScriptType type, BoundExpression count)
    {
        var left = (IntegerType)type;
        var isWider = count is BoundConstant constant ? constant.Value > int.MaxValue : count.Type.Size > left.Bytes;
        return left.Bytes == 8 || !isWider ? left : left.IsSigned ? IntegerType.LongLong : IntegerType.UnsignedLongLong;
    }

    private BoundExpression BinaryOnPointers(SourceSpan span, SourceSpan operatorSpan, BinaryOperator operation, BoundExpression left, BoundExpression right)
    {
        if (left.Type is FloatType || right.Type is FloatType)
        {
            return Error(operatorSpan, $"'{operatorSpan.Text}' does not go with {left.Type} and {right.Type}");
        }

        if (IsComparison(operation))
        {
            // Addresses have no sign.
            var type = IntegerType.UnsignedLongLong;
            return new BoundBinary(span, IntegerType.Word, operation, Conversions.Convert(left, type), Conversions.Convert(right, type));
        }

        switch (operation, left.Type, right.Type)
        {
            case (BinaryOperator.Add, PointerType, PointerType):
                return Error(operatorSpan, "two addresses cannot be added");
            case (BinaryOperator.Add, PointerType pointer, _):
                return Moved(span, operation, pointer, left, right);
            case (BinaryOperator.Add, _, PointerType pointer):
                return Moved(span, operation, pointer, right, left);
            case (BinaryOperator.Subtract, PointerType one, PointerType other):
                return one == other ? Distance(span, one, left, right) : Error(operatorSpan, $"the distance of {one} and {other}", "convert one of them");
            case (BinaryOperator.Subtract, PointerType pointer, _):
                return Moved(span, operation, pointer, left, right);
            default:
                return Binary(span, operatorSpan, operation, Promoted(left), Promoted(right));
        }
    }

    /// <summary>An address some elements further.</summary>
    private BoundExpression Moved(SourceSpan span, BinaryOperator operation, PointerType type, BoundExpression address, BoundExpression count)
    {
        var bytes = Scaled(count, StepOf(type, span));
        return Conversions.Convert(new BoundBinary(span, IntegerType.Word, operation, Conversions.ToWord(address), bytes), type);
    }

    private BoundExpression Distance(SourceSpan span, PointerType type, BoundExpression left, BoundExpression right)
    {
        var signed = IntegerType.LongLong;
        var bytes = new BoundBinary(span, signed, BinaryOperator.Subtract, Conversions.Convert(left, signed), Conversions.Convert(right, signed));
        return new BoundBinary(span, signed, BinaryOperator.Divide, bytes, new BoundConstant(span, signed, (ulong)StepOf(type, span)));
    }

    /// <summary>Bytes from one element to the next.</summary>
    private int StepOf(PointerType type, SourceSpan span)
    {
        if (type.Target.Size == 0)
        {
            _context.Report(span, $"arithmetic on {type}: its elements have no size", "convert it: (char*)x");
        }

        return System.Math.Max(1, type.Target.Size);
    }

    /// <summary>A count of elements as a word of bytes.</summary>
    private static BoundExpression Scaled(BoundExpression count, int size)
    {
        var word = Conversions.ToWord(count);
        return word is BoundConstant constant ? Word(count.Span, constant.Value * (ulong)size)
            : size == 1 ? word
            : new BoundBinary(count.Span, IntegerType.Word, BinaryOperator.Multiply, word, Word(count.Span, (ulong)size));
    }
}
