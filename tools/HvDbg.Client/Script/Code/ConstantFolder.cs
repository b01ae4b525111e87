using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using HvDbg.Client.Script.Semantics;

namespace HvDbg.Client.Script.Code;

/// <summary>
/// Makes a bound tree cheaper without changing what it means: constants are computed, <c>x = x + v</c> becomes one operation on its place,
/// unsigned division by powers of two becomes a shift.
/// </summary>
internal static class ConstantFolder
{
    internal static BoundBlock Fold(BoundBlock block) => block with { Statements = [.. block.Statements.Select(Fold)] };

    internal static BoundExpression Fold(BoundExpression expression) => expression switch
    {
        BoundLoad load => load with { Place = Fold(load.Place) },
        BoundAddressOf address => address with { Place = Fold(address.Place) },
        BoundConversion conversion => Fold(conversion),
        BoundUnary unary => Fold(unary),
        BoundBinary binary => Fold(binary),
        BoundLogical logical => Fold(logical),
        BoundAssignment assignment => Fold(assignment),
        BoundCompoundAssignment compound => compound with { Place = Fold(compound.Place), Value = Fold(compound.Value) },
        BoundCall call => call with { Arguments = Fold(call.Arguments) },
        BoundBuiltInCall call => Fold(call),
        BoundPrint print => print with { Arguments = Fold(print.Arguments) },
        _ => expression,
    };

    private static BoundStatement Fold(BoundStatement statement) => statement switch
    {
        BoundBlock block => Fold(block),
        BoundExpressionStatement effect => effect with { Expression = Fold(effect.Expression) },
        BoundDeclaration declaration => declaration with { Stores = [.. declaration.Stores.Select(FoldStore)] },
        BoundIf branch => Fold(branch),
        BoundLoop loop => loop with
        {
            Condition = loop.Condition is null ? null : Fold(loop.Condition),
            Step = loop.Step is null ? null : Fold(loop.Step),
            Body = Fold(loop.Body),
        },
        BoundReturn { Value: { } value } leave => leave with { Value = Fold(value) },
        _ => statement,
    };

    private static BoundStatement Fold(BoundIf branch)
    {
        var condition = Fold(branch.Condition);
        return condition is BoundConstant constant
            ? constant.Value != 0 ? Fold(branch.Then) : branch.Else is null ? new BoundBlock(branch.Span, []) : Fold(branch.Else)
            : branch with { Condition = condition, Then = Fold(branch.Then), Else = branch.Else is null ? null : Fold(branch.Else) };
    }

    private static IReadOnlyList<BoundExpression> Fold(IReadOnlyList<BoundExpression> expressions) => [.. expressions.Select(Fold)];

    private static BoundPlace Fold(BoundPlace place) => place switch
    {
        MemoryPlace memory => memory with { Address = Fold(memory.Address) },
        PartPlace part => part with { Whole = Fold(part.Whole) },
        _ => place,
    };

    private static BoundExpression Fold(BoundConversion conversion)
    {
        var operand = Fold(conversion.Operand);
        if (conversion.Type is IntegerType or PointerType && operand is BoundConstant constant)
        {
            return new BoundConstant(conversion.Span, conversion.Type, Arithmetic.Convert(constant.Value, conversion.Type));
        }

        return operand.Type == conversion.Type ? operand : conversion with { Operand = operand };
    }

    private static BoundExpression Fold(BoundUnary unary)
    {
        var operand = Fold(unary.Operand);
        return operand is BoundConstant constant
            ? new BoundConstant(unary.Span, unary.Type, Arithmetic.Unary(unary.Operator, unary.Type, constant.Value))
            : unary with { Operand = operand };
    }

    private static BoundExpression Fold(BoundBuiltInCall call)
    {
        // The two that are operators by another name.
        var arguments = Fold(call.Arguments);
        return call.Function switch
        {
            BuiltIn.Neg => Fold(new BoundUnary(call.Span, call.Type, UnaryOperator.Negate, arguments[0])),
            BuiltIn.Not => Fold(new BoundUnary(call.Span, call.Type, UnaryOperator.Complement, arguments[0])),
            _ => call with { Arguments = arguments },
        };
    }

    private static BoundExpression Fold(BoundLogical logical)
    {
        var left = Fold(logical.Left);
        var right = Fold(logical.Right);
        if (left is not BoundConstant known)
        {
            return logical with { Left = left, Right = right };
        }

        if (known.Value != 0 != logical.IsAnd)
        {
            return new BoundConstant(logical.Span, logical.Type, logical.IsAnd ? 0UL : 1);
        }

        return right is BoundConstant constant
            ? new BoundConstant(logical.Span, logical.Type, constant.Value != 0 ? 1UL : 0)
            : logical with { Left = left, Right = right };
    }

    private static BoundExpression Fold(BoundBinary binary)
    {
        var left = Fold(binary.Left);
        var right = Fold(binary.Right);
        var type = left.Type;
        if (type is FloatType)
        {
            return binary with { Left = left, Right = right };
        }

        if (left is BoundConstant first && right is BoundConstant second && Arithmetic.Binary(binary.Operator, type, first.Value, second.Value) is { } value)
        {
            return new BoundConstant(binary.Span, binary.Type, value);
        }

        if (right is BoundConstant constant && Simplify(binary with { Left = left }, constant.Value) is { } simpler)
        {
            return simpler;
        }

        return binary with { Left = left, Right = right };
    }

    private static BoundExpression? Simplify(BoundBinary binary, ulong right)
    {
        var keepsLeft = binary.Operator is BinaryOperator.Add or BinaryOperator.Subtract or BinaryOperator.Or or BinaryOperator.Xor
            or BinaryOperator.ShiftLeft or BinaryOperator.ShiftRight;
        if (keepsLeft && right == 0 && binary.Left.Type == binary.Type)
        {
            return binary.Left;
        }

        if (!BitOperations.IsPow2(right) || binary.Type.Size < 8)
        {
            return null;
        }

        var shift = new BoundConstant(binary.Right.Span, binary.Type, (ulong)BitOperations.Log2(right));
        return binary.Operator switch
        {
            BinaryOperator.Multiply => Shifted(binary, BinaryOperator.ShiftLeft, shift),
            BinaryOperator.Divide when !Arithmetic.IsSigned(binary.Type) => Shifted(binary, BinaryOperator.ShiftRight, shift),
            BinaryOperator.Remainder when !Arithmetic.IsSigned(binary.Type) =>
                binary with { Operator = BinaryOperator.And, Right = shift with { Value = right - 1 } },
            _ => null,
        };
    }

    private static BoundExpression Shifted(BoundBinary binary, BinaryOperator operation, BoundConstant count) =>
        count.Value == 0 ? binary.Left : binary with { Operator = operation, Right = count };

    private static BoundAssignment FoldStore(BoundAssignment assignment) => assignment with { Place = Fold(assignment.Place), Value = Fold(assignment.Value) };

    private static BoundExpression Fold(BoundAssignment assignment)
    {
        var folded = FoldStore(assignment);
        var value = folded.Value is BoundConversion { Type: IntegerType, Operand: BoundBinary } conversion && conversion.Operand.Type is IntegerType
            ? conversion.Operand
            : folded.Value;
        if (value is not BoundBinary binary || Arithmetic.IsComparison(binary.Operator) || !BoundNodes.IsPure(binary) || binary.Type is not (IntegerType or PointerType))
        {
            return folded;
        }

        if (Reads(binary.Left, folded.Place))
        {
            return new BoundCompoundAssignment(folded.Span, folded.Place, binary.Operator, binary.Type, binary.Right);
        }

        return Arithmetic.IsCommutative(binary.Operator) && Reads(binary.Right, folded.Place)
            ? new BoundCompoundAssignment(folded.Span, folded.Place, binary.Operator, binary.Type, binary.Left)
            : folded;
    }

    private static bool Reads(BoundExpression expression, BoundPlace place) =>
        (expression is BoundConversion { Type: IntegerType } conversion ? conversion.Operand : expression) is BoundLoad load && Same(load.Place, place);

    private static bool Same(BoundPlace first, BoundPlace second) => (first, second) switch
    {
        (LocalPlace one, LocalPlace other) => one.Local.Index == other.Local.Index,
        (GlobalPlace one, GlobalPlace other) => one.Global == other.Global,
        (RegisterPlace one, RegisterPlace other) => one.Register == other.Register,
        _ => false,
    };
}
