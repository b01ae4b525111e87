using System;
using HvDbg.Client.Script.Semantics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>Conditions as comparisons and branches.</summary>
internal sealed partial class FunctionCompiler
{
    /// <summary>Goes to the label where the condition's truth is as asked for, else falls through.</summary>
    private void Branch(BoundExpression condition, bool when, CodeLabel target)
    {
        var around = Emitter.Span;
        Emitter.Span = condition.Span;
        switch (condition)
        {
            case BoundConstant constant:
                if (constant.Value != 0 == when)
                {
                    A.jmp(target.Label);
                }

                break;
            case BoundUnary { Operator: UnaryOperator.LogicalNot } unary:
                Branch(unary.Operand, !when, target);
                break;
            case BoundConversion conversion when KeepsTruth(conversion):
                Branch(conversion.Operand, when, target);
                break;
            case BoundLogical logical when logical.IsAnd != when:
                Branch(logical.Left, when, target);
                Branch(logical.Right, when, target);
                break;
            case BoundLogical logical:
                var decided = Emitter.NewLabel();
                Branch(logical.Left, !when, decided);
                Branch(logical.Right, when, target);
                Emitter.Place(decided);
                break;
            case BoundBinary binary when Arithmetic.IsComparison(binary.Operator) && binary.Left.Type is not FloatType:
                BranchOn(Compare(binary.Operator, binary.Left, binary.Right), when, target);
                break;
            default:
                TestZero(condition);
                BranchOn(ConditionCode.ne, when, target);
                break;
        }

        Emitter.Span = around;
    }

    /// <summary>1 or 0 in a register.</summary>
    private void Truth(BoundExpression condition, AssemblerRegister64 target)
    {
        switch (condition)
        {
            case BoundBinary { Left.Type: FloatType } binary:
                CompareFloats(binary);
                Move(target, rax);
                break;
            case BoundBinary binary:
                Set(Compare(binary.Operator, binary.Left, binary.Right), target);
                break;
            case BoundUnary { Operand: not (BoundLogical or BoundUnary or BoundBinary) } unary:
                TestZero(unary.Operand);
                Set(ConditionCode.e, target);
                break;
            default:
                var done = Emitter.NewLabel();
                var no = Emitter.NewLabel();
                Branch(condition, false, no);
                A.mov(target.Low32(), 1);
                A.jmp(done.Label);
                Emitter.Place(no);
                A.xor(target.Low32(), target.Low32());
                Emitter.Place(done);
                break;
        }
    }

    private static bool KeepsTruth(BoundConversion conversion) => conversion.Type is not FloatType && conversion.Operand.Type is not FloatType
        && (conversion.Type == IntegerType.Bool || conversion.Operand.Type.Size <= conversion.Type.Size);

    // ZF: the value is 0.
    private void TestZero(BoundExpression expression)
    {
        if (expression.Type is FloatType type)
        {
            Value(expression, rax);
            ConvertRaxFloat(type, IntegerType.Bool);
            A.test(eax, eax);
        }
        else if (Direct(expression) is { IsImmediate: false } operand)
        {
            if (operand.Register is { } register)
            {
                A.test(register, register);
            }
            else
            {
                A.cmp(operand.Memory!.Value, 0);
            }
        }
        else
        {
            Value(expression, rax);
            A.test(rax, rax);
        }
    }

    private ConditionCode Compare(BinaryOperator operation, BoundExpression left, BoundExpression right)
    {
        if (IsSimple(right))
        {
            if (Direct(left) is { IsImmediate: false } operand)
            {
                CompareDirect(operand, right);
            }
            else
            {
                Value(left, rax);
                ApplySimple(Operation.Compare, rax, right);
            }
        }
        else
        {
            Operands(left, right);
            A.cmp(rax, rcx);
        }

        return CodeOf(operation, Arithmetic.ComparesSigned(left.Type));
    }

    private void CompareDirect(Operand left, BoundExpression right)
    {
        if (left.Register is { } register)
        {
            ApplySimple(Operation.Compare, register, right);
        }
        else if (Direct(right) is { IsImmediate: true } constant)
        {
            A.cmp(left.Memory!.Value, constant.Immediate);
        }
        else
        {
            A.mov(rax, left.Memory!.Value);
            ApplySimple(Operation.Compare, rax, right);
        }
    }

    private static ConditionCode CodeOf(BinaryOperator operation, bool signed) => (operation, signed) switch
    {
        (BinaryOperator.Equal, _) => ConditionCode.e,
        (BinaryOperator.NotEqual, _) => ConditionCode.ne,
        (BinaryOperator.Less, true) => ConditionCode.l,
        (BinaryOperator.Less, false) => ConditionCode.b,
        (BinaryOperator.LessOrEqual, true) => ConditionCode.le,
        (BinaryOperator.LessOrEqual, false) => ConditionCode.be,
        (BinaryOperator.Greater, true) => ConditionCode.g,
        (BinaryOperator.Greater, false) => ConditionCode.a,
        (BinaryOperator.GreaterOrEqual, true) => ConditionCode.ge,
        (BinaryOperator.GreaterOrEqual, false) => ConditionCode.ae,
        _ => throw new InvalidOperationException(operation.ToString()),
    };

    private void BranchOn(ConditionCode code, bool when, CodeLabel target)
    {
        var label = target.Label;
        switch (when ? code : Opposite(code))
        {
            case ConditionCode.e:
                A.je(label);
                break;
            case ConditionCode.ne:
                A.jne(label);
                break;
            case ConditionCode.l:
                A.jl(label);
                break;
            case ConditionCode.ge:
                A.jge(label);
                break;
            case ConditionCode.le:
                A.jle(label);
                break;
            case ConditionCode.g:
                A.jg(label);
                break;
            case ConditionCode.b:
                A.jb(label);
                break;
            case ConditionCode.ae:
                A.jae(label);
                break;
            case ConditionCode.be:
                A.jbe(label);
                break;
            default:
                A.ja(label);
                break;
        }
    }

    private void Set(ConditionCode code, AssemblerRegister64 target)
    {
        var low = target.Low8();
        switch (code)
        {
            case ConditionCode.e:
                A.sete(low);
                break;
            case ConditionCode.ne:
                A.setne(low);
                break;
            case ConditionCode.l:
                A.setl(low);
                break;
            case ConditionCode.ge:
                A.setge(low);
                break;
            case ConditionCode.le:
                A.setle(low);
                break;
            case ConditionCode.g:
                A.setg(low);
                break;
            case ConditionCode.b:
                A.setb(low);
                break;
            case ConditionCode.ae:
                A.setae(low);
                break;
            case ConditionCode.be:
                A.setbe(low);
                break;
            default:
                A.seta(low);
                break;
        }

        A.movzx(target.Low32(), low);
    }

    private static ConditionCode Opposite(ConditionCode code) => code switch
    {
        ConditionCode.e => ConditionCode.ne,
        ConditionCode.ne => ConditionCode.e,
        ConditionCode.l => ConditionCode.ge,
        ConditionCode.ge => ConditionCode.l,
        ConditionCode.le => ConditionCode.g,
        ConditionCode.g => ConditionCode.le,
        ConditionCode.b => ConditionCode.ae,
        ConditionCode.ae => ConditionCode.b,
        ConditionCode.be => ConditionCode.a,
        _ => ConditionCode.be,
    };
}
