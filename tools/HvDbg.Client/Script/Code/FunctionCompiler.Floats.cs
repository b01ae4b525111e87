using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>
/// Arithmetic on floats, by SSE. Between operations their bits stand in general registers, so that every way of keeping, passing and storing
/// values is that of integers. A result that is no number or infinite ends the script, and so does a conversion that the integer cannot hold.
/// </summary>
internal sealed partial class FunctionCompiler
{
    private const int SingleSign = 31;
    private const int DoubleSign = 63;

    private static ulong FloatBits(BoundFloatConstant constant) => constant.FloatType.Bytes == 4
        ? System.BitConverter.SingleToUInt32Bits((float)constant.Value)
        : System.BitConverter.DoubleToUInt64Bits(constant.Value);

    private void BinaryFloat(BoundBinary binary, AssemblerRegister64 target)
    {
        Operands(binary.Left, binary.Right);
        OperateFloat(binary.Operator, (FloatType)binary.Type);
        Move(target, rax);
    }

    /// <summary>rax by rcx, in rax. Changes rdx and r11.</summary>
    private void OperateFloat(BinaryOperator operation, FloatType type)
    {
        A.movq(xmm0, rax);
        A.movq(xmm1, rcx);
        var single = type.Bytes == 4;
        switch (operation)
        {
            case BinaryOperator.Add when single:
                A.addss(xmm0, xmm1);
                break;
            case BinaryOperator.Add:
                A.addsd(xmm0, xmm1);
                break;
            case BinaryOperator.Subtract when single:
                A.subss(xmm0, xmm1);
                break;
            case BinaryOperator.Subtract:
                A.subsd(xmm0, xmm1);
                break;
            case BinaryOperator.Multiply when single:
                A.mulss(xmm0, xmm1);
                break;
            case BinaryOperator.Multiply:
                A.mulsd(xmm0, xmm1);
                break;
            case BinaryOperator.Divide when single:
                A.divss(xmm0, xmm1);
                break;
            case BinaryOperator.Divide:
                A.divsd(xmm0, xmm1);
                break;
            default:
                throw new System.InvalidOperationException($"{operation} of floats");
        }

        TakeFloat(type);
    }

    private void NegateFloat(BoundUnary unary, AssemblerRegister64 target)
    {
        Value(unary.Operand, target);
        A.btc(target, (byte)(unary.Type.Size == 4 ? SingleSign : DoubleSign));
    }

    private void ConvertFloat(BoundConversion conversion, AssemblerRegister64 target)
    {
        Value(conversion.Operand, rax);
        ConvertRaxFloat(conversion.Operand.Type, conversion.Type);
        Move(target, rax);
    }

    /// <summary>rax from one type to another, of which at least one is a float. Changes rdx and r11.</summary>
    private void ConvertRaxFloat(ScriptType from, ScriptType to)
    {
        switch (from, to)
        {
            case (FloatType { Bytes: 4 }, FloatType { Bytes: 8 }):
                A.movd(xmm0, eax);
                A.cvtss2sd(xmm0, xmm0);
                A.movq(rax, xmm0);
                break;
            case (FloatType { Bytes: 8 }, FloatType { Bytes: 4 } single):
                A.movq(xmm0, rax);
                A.cvtsd2ss(xmm0, xmm0);
                TakeFloat(single);
                break;
            case (FloatType, FloatType):
                break;
            case (_, FloatType type):
                IntegerToFloat(from, type);
                break;
            case (FloatType type, IntegerType integer) when integer == IntegerType.Bool:
                // Both zeros, and nothing else, have no bit but the sign.
                A.btr(rax, (byte)(type.Bytes == 4 ? SingleSign : DoubleSign));
                ConvertInteger(rax, to);
                break;
            case (FloatType type, _):
                FloatToInteger(type, to);
                break;
        }
    }

    private void IntegerToFloat(ScriptType from, FloatType to)
    {
        A.pxor(xmm0, xmm0);
        if (from.Size < 8 || Arithmetic.IsSigned(from))
        {
            SignedToFloat(to);
        }
        else
        {
            // No conversion takes 64 bits without a sign: halve, keeping what decides about rounding in the lowest bit, convert, double.
            var large = Emitter.NewLabel();
            var done = Emitter.NewLabel();
            A.test(rax, rax);
            A.js(large.Label);
            SignedToFloat(to);
            A.jmp(done.Label);
            Emitter.Place(large);
            A.mov(rdx, rax);
            A.shr(rax, 1);
            A.and(edx, 1);
            A.or(rax, rdx);
            SignedToFloat(to);
            if (to.Bytes == 4)
            {
                A.addss(xmm0, xmm0);
            }
            else
            {
                A.addsd(xmm0, xmm0);
            }

            Emitter.Place(done);
        }

        MoveFloat(to);
    }

    private void SignedToFloat(FloatType to)
    {
        if (to.Bytes == 4)
        {
            A.cvtsi2ss(xmm0, rax);
        }
        else
        {
            A.cvtsi2sd(xmm0, rax);
        }
    }

    private void FloatToInteger(FloatType from, ScriptType to)
    {
        const double TwoTo63 = 9223372036854775808.0;
        A.movq(xmm0, rax);
        if (from.Bytes == 4)
        {
            A.cvtss2sd(xmm0, xmm0);
        }

        var failure = _context.Failure(ScriptFailure.Float);
        var done = Emitter.NewLabel();
        A.mov(r11, System.BitConverter.DoubleToUInt64Bits(TwoTo63));
        A.movq(xmm1, r11);
        if (to.Size == 8 && !Arithmetic.IsSigned(to))
        {
            // The upper half of the numbers without a sign, by way of the lower one.
            var small = Emitter.NewLabel();
            A.comisd(xmm0, xmm1);
            A.jb(small.Label);
            A.subsd(xmm0, xmm1);
            A.comisd(xmm0, xmm1);
            A.jae(failure.Label);
            A.cvttsd2si(rax, xmm0);
            A.btc(rax, DoubleSign);
            A.jmp(done.Label);
            Emitter.Place(small);
        }

        // Carry: below, or no number.
        A.comisd(xmm0, xmm1);
        A.jae(failure.Label);
        A.cvttsd2si(rax, xmm0);

        // What does not fit is answered by the smallest number, which a float may also mean.
        A.mov(r11, unchecked((ulong)long.MinValue));
        A.cmp(rax, r11);
        A.jne(done.Label);
        A.mov(r11, System.BitConverter.DoubleToUInt64Bits(-TwoTo63));
        A.movq(xmm1, r11);
        A.comisd(xmm0, xmm1);
        A.jb(failure.Label);
        Emitter.Place(done);
        Extend(rax, to);
    }

    /// <summary>1 or 0 in rax; nothing compares with what is no number, but by "not equal".</summary>
    private void CompareFloats(BoundBinary binary)
    {
        var swapped = binary.Operator is BinaryOperator.Greater or BinaryOperator.GreaterOrEqual;
        Operands(binary.Left, binary.Right);
        A.movq(xmm0, swapped ? rcx : rax);
        A.movq(xmm1, swapped ? rax : rcx);

        // The numbers of CMPSS' and CMPSD's predicates (SDM vol. 2A, table 3-1).
        byte predicate = binary.Operator switch
        {
            BinaryOperator.Equal => 0,
            BinaryOperator.Less or BinaryOperator.Greater => 1,
            BinaryOperator.LessOrEqual or BinaryOperator.GreaterOrEqual => 2,
            _ => 4,
        };
        if (binary.Left.Type.Size == 4)
        {
            A.cmpss(xmm0, xmm1, predicate);
        }
        else
        {
            A.cmpsd(xmm0, xmm1, predicate);
        }

        A.movq(rax, xmm0);
        A.and(eax, 1);
    }

    // The result in rax. All ones in the exponent: infinite, or no number.
    private void TakeFloat(FloatType type)
    {
        const uint SingleLimit = 0xFF00_0000;
        const ulong DoubleLimit = 0xFFE0_0000_0000_0000;
        MoveFloat(type);
        if (type.Bytes == 4)
        {
            A.lea(r11d, __[rax + rax]);
            A.cmp(r11d, unchecked((int)SingleLimit));
        }
        else
        {
            A.lea(rdx, __[rax + rax]);
            A.mov(r11, DoubleLimit);
            A.cmp(rdx, r11);
        }

        A.jae(_context.Failure(ScriptFailure.Float).Label);
    }

    private void MoveFloat(FloatType type)
    {
        if (type.Bytes == 4)
        {
            A.movd(eax, xmm0);
        }
        else
        {
            A.movq(rax, xmm0);
        }
    }
}
