using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>Arithmetic on integers.</summary>
internal sealed partial class FunctionCompiler
{
    private void Binary(BoundBinary binary, AssemblerRegister64 target)
    {
        if (Arithmetic.IsComparison(binary.Operator))
        {
            Truth(binary, target);
        }
        else if (binary.Type is FloatType)
        {
            BinaryFloat(binary, target);
        }
        else if (binary.Operator is BinaryOperator.ShiftLeft or BinaryOperator.ShiftRight)
        {
            Shift(binary, target);
        }
        else if (binary.Operator is BinaryOperator.Divide or BinaryOperator.Remainder)
        {
            Operands(binary.Left, binary.Right);
            Divide(binary.Operator, binary.Type, (binary.Right as BoundConstant)?.Value);
            Move(target, binary.Operator == BinaryOperator.Divide ? rax : rdx);
            Extend(target, binary.Type);
        }
        else
        {
            Combine(binary, target);
            if (binary.Operator is BinaryOperator.Add or BinaryOperator.Subtract or BinaryOperator.Multiply)
            {
                Extend(target, binary.Type);
            }
        }
    }

    private void Combine(BoundBinary binary, AssemblerRegister64 target)
    {
        var (left, right) = (binary.Left, binary.Right);
        var operation = OperationOf(binary.Operator);
        if (IsSimple(right) && target != r11)
        {
            Value(left, target);
            ApplySimple(operation, target, right);
        }
        else if (IsSimple(left) && target != r11 && Arithmetic.IsCommutative(binary.Operator) && BoundNodes.IsPure(right))
        {
            Value(right, target);
            ApplySimple(operation, target, left);
        }
        else
        {
            Operands(left, right);
            Apply(operation, rax, rcx);
            Move(target, rax);
        }
    }

    /// <summary>The left operand in rax, the right one in rcx.</summary>
    private void Operands(BoundExpression left, BoundExpression right)
    {
        if (IsSimple(right))
        {
            Value(left, rax);
            Value(right, rcx);
        }
        else if (IsSimple(left) && BoundNodes.IsPure(right))
        {
            Value(right, rcx);
            Value(left, rax);
        }
        else
        {
            var kept = Keep(left);
            Value(right, rcx);
            LoadTemporary(rax, kept);
            _frame.Give(kept);
        }
    }

    private void Shift(BoundBinary binary, AssemblerRegister64 target)
    {
        if (binary.Right is BoundConstant count)
        {
            Value(binary.Left, target);
            Shift(binary.Operator, binary.Type, target, count.Value);
        }
        else
        {
            Operands(binary.Left, binary.Right);
            Shift(binary.Operator, binary.Type);
            Move(target, rax);
        }

        if (binary.Operator == BinaryOperator.ShiftLeft)
        {
            Extend(target, binary.Type);
        }
    }

    private void Shift(BinaryOperator operation, ScriptType type, AssemblerRegister64 target, ulong count)
    {
        if (operation == BinaryOperator.ShiftRight && Arithmetic.IsSigned(type))
        {
            A.sar(target, (byte)ulong.Min(count, 63));
        }
        else if (count > 63)
        {
            A.xor(target.Low32(), target.Low32());
        }
        else if (operation == BinaryOperator.ShiftLeft)
        {
            A.shl(target, (byte)count);
        }
        else
        {
            A.shr(target, (byte)count);
        }
    }

    // rax by rcx; the processor looks only at the lowest six bits of the count.
    private void Shift(BinaryOperator operation, ScriptType type)
    {
        if (operation == BinaryOperator.ShiftRight && Arithmetic.IsSigned(type))
        {
            A.mov(edx, 63);
            A.cmp(rcx, rdx);
            A.cmova(rcx, rdx);
            A.sar(rax, cl);
            return;
        }

        if (operation == BinaryOperator.ShiftLeft)
        {
            A.shl(rax, cl);
        }
        else
        {
            A.shr(rax, cl);
        }

        // All ones where the count is below 64, else zero.
        A.cmp(rcx, 64);
        A.sbb(rdx, rdx);
        A.and(rax, rdx);
    }

    // rax by rcx: quotient in rax, remainder in rdx.
    private void Divide(BinaryOperator operation, ScriptType type, ulong? divisor)
    {
        if (divisor is null or 0)
        {
            A.test(rcx, rcx);
            A.je(_context.Failure(ScriptFailure.DivisionByZero).Label);
        }

        if (!Arithmetic.IsSigned(type))
        {
            A.xor(edx, edx);
            A.div(rcx);
            return;
        }

        // The smallest number by -1 is the one quotient that does not fit, and would be a fault.
        var done = Emitter.NewLabel();
        if (divisor is null or ulong.MaxValue)
        {
            var divide = Emitter.NewLabel();
            A.cmp(rcx, -1);
            A.jne(divide.Label);
            if (operation == BinaryOperator.Divide)
            {
                A.neg(rax);
            }
            else
            {
                A.xor(edx, edx);
            }

            A.jmp(done.Label);
            Emitter.Place(divide);
        }

        A.cqo();
        A.idiv(rcx);
        Emitter.Place(done);
    }
}
