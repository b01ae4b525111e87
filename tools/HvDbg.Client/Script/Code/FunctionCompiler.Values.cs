using System;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>Values of expressions in registers, extended to 64 bits by their type's sign; floats as their bits.</summary>
internal sealed partial class FunctionCompiler
{
    /// <summary>
    /// Evaluates an expression into a register; structs as their address. Everything that a call may change (rax, rcx, rdx, r8 to r11) is lost.
    /// The expression must not read the target, but as a simple one does.
    /// </summary>
    private void Value(BoundExpression expression, AssemblerRegister64 target)
    {
        var around = Emitter.Span;
        Emitter.Span = expression.Span;
        switch (expression)
        {
            case BoundConstant constant:
                LoadConstant(target, constant.Value);
                break;
            case BoundFloatConstant constant:
                LoadConstant(target, FloatBits(constant));
                break;
            case BoundString literal:
                A.lea(target, __[Emitter.Literal(literal.Bytes).Label]);
                break;
            case BoundLoad load:
                Load(load.Place, target);
                break;
            case BoundAddressOf address:
                AddressOf(address.Place, target);
                break;
            case BoundConversion conversion:
                Convert(conversion, target);
                break;
            case BoundUnary unary:
                Unary(unary, target);
                break;
            case BoundBinary binary:
                Binary(binary, target);
                break;
            case BoundLogical:
                Truth(expression, target);
                break;
            case BoundAssignment assignment:
                Assign(assignment);
                AssignedValue(assignment.Place, target);
                break;
            case BoundCompoundAssignment compound:
                Compound(compound);
                AssignedValue(compound.Place, target);
                break;
            case BoundCall call:
                Call(call);
                Move(target, rax);
                break;
            case BoundBuiltInCall call when IsRead(call.Function):
                Read(call.Function, call.Arguments[0], target);
                break;
            case BoundBuiltInCall call:
                BuiltInCall(call);
                Move(target, rax);
                break;
            case BoundPrint print:
                Print(print);
                break;
            case BoundPseudoRegister pseudo:
                LoadPseudoRegister(pseudo.Register, target);
                break;
            default:
                throw new InvalidOperationException(expression.GetType().Name);
        }

        Emitter.Span = around;
    }

    /// <summary>Evaluates an expression for what it changes.</summary>
    private void Effect(BoundExpression expression)
    {
        var around = Emitter.Span;
        Emitter.Span = expression.Span;
        switch (expression)
        {
            case BoundAssignment assignment:
                Assign(assignment);
                break;
            case BoundCompoundAssignment compound:
                Compound(compound);
                break;
            case var _ when IsSimple(expression):
                break;
            default:
                Value(expression, rax);
                break;
        }

        Emitter.Span = around;
    }

    /// <summary>Whether it can be loaded into any register and changes no other, and cannot fail.</summary>
    private bool IsSimple(BoundExpression expression) => expression switch
    {
        BoundConstant or BoundFloatConstant or BoundString => true,
        BoundLoad load => load.Type is not StructType && IsSimple(load.Place),
        BoundAddressOf address => IsSimple(address.Place),
        BoundConversion conversion => conversion.Type is not FloatType && conversion.Operand.Type is not FloatType && IsSimple(conversion.Operand),
        BoundUnary { Operator: not UnaryOperator.LogicalNot } unary => unary.Type is not FloatType && IsSimple(unary.Operand),
        BoundPseudoRegister pseudo => ScriptNeeds.ScriptBlockOffset(pseudo.Register) is not null || pseudo.Register is PseudoRegister.Buffer or PseudoRegister.Context,
        _ => false,
    };

    private void Move(AssemblerRegister64 target, AssemblerRegister64 source)
    {
        if (target != source)
        {
            A.mov(target, source);
        }
    }

    private void LoadConstant(AssemblerRegister64 target, ulong value)
    {
        if (value == 0)
        {
            A.xor(target.Low32(), target.Low32());
        }
        else if (value <= uint.MaxValue)
        {
            A.mov(target.Low32(), (uint)value);
        }
        else if ((long)value is >= int.MinValue and < 0)
        {
            A.mov(target, (int)(long)value);
        }
        else
        {
            A.mov(target, value);
        }
    }

    private void Unary(BoundUnary unary, AssemblerRegister64 target)
    {
        if (unary.Operator == UnaryOperator.LogicalNot)
        {
            Truth(unary, target);
            return;
        }

        if (unary.Type is FloatType)
        {
            NegateFloat(unary, target);
            return;
        }

        Value(unary.Operand, target);
        if (unary.Operator == UnaryOperator.Negate)
        {
            A.neg(target);
        }
        else
        {
            A.not(target);
        }

        Extend(target, unary.Type);
    }

    private void Convert(BoundConversion conversion, AssemblerRegister64 target)
    {
        if (conversion.Type is FloatType || conversion.Operand.Type is FloatType)
        {
            ConvertFloat(conversion, target);
            return;
        }

        Value(conversion.Operand, target);
        if (!Holds(conversion.Type, conversion.Operand.Type))
        {
            ConvertInteger(target, conversion.Type);
        }
    }

    /// <summary>Makes of any integer a value of the type.</summary>
    private void ConvertInteger(AssemblerRegister64 register, ScriptType type)
    {
        if (type != IntegerType.Bool)
        {
            Extend(register, type);
            return;
        }

        A.test(register, register);
        Set(ConditionCode.ne, register);
    }

    /// <summary>Whether values of one type stand in a register as they would as values of the other.</summary>
    private static bool Holds(ScriptType type, ScriptType source)
    {
        if (type == IntegerType.Bool)
        {
            return source == type;
        }

        var signed = Arithmetic.IsSigned(type);
        var sourceSigned = Arithmetic.IsSigned(source);
        return type.Size is 8 or 0 || (signed == sourceSigned && source.Size <= type.Size) || (!sourceSigned && source.Size < type.Size);
    }

    /// <summary>Makes of the lowest bytes a value of the type.</summary>
    private void Extend(AssemblerRegister64 register, ScriptType type)
    {
        switch (type.Size, Arithmetic.IsSigned(type))
        {
            case (1, false):
                A.movzx(register.Low32(), register.Low8());
                break;
            case (1, true):
                A.movsx(register, register.Low8());
                break;
            case (2, false):
                A.movzx(register.Low32(), register.Low16());
                break;
            case (2, true):
                A.movsx(register, register.Low16());
                break;
            case (4, false):
                A.mov(register.Low32(), register.Low32());
                break;
            case (4, true):
                A.movsxd(register, register.Low32());
                break;
        }
    }

    private void LoadPseudoRegister(PseudoRegister register, AssemblerRegister64 target)
    {
        if (ScriptNeeds.ScriptBlockOffset(register) is { } offset)
        {
            A.mov(target, __qword_ptr[Plan.GuestRegisters!.Value + offset]);
        }
        else if (register is PseudoRegister.Buffer)
        {
            Move(target, Plan.Buffer!.Value);
        }
        else if (register is PseudoRegister.Context)
        {
            Move(target, Plan.Context!.Value);
        }
        else
        {
            A.mov(ecx, (int)register);
            Helper(ScriptHelper.PseudoRegister);
            Move(target, rax);
        }
    }

    /// <summary>Calls a helper with what stands in the argument registers.</summary>
    private void Helper(ScriptHelper helper)
    {
        _frame.Calls(0);
        _context.CallHelper(helper);
    }

    /// <summary>Keeps the value of an expression while others are evaluated.</summary>
    private Temporary Keep(BoundExpression expression)
    {
        var temporary = _frame.Take();
        if (temporary.Register is { } register)
        {
            Value(expression, register);
        }
        else
        {
            Value(expression, rax);
            A.mov(_frame.Slot(temporary.Slot), rax);
        }

        return temporary;
    }

    private void LoadTemporary(AssemblerRegister64 target, Temporary temporary)
    {
        if (temporary.Register is { } register)
        {
            Move(target, register);
        }
        else
        {
            A.mov(target, _frame.Slot(temporary.Slot));
        }
    }

    /// <summary>Evaluates several expressions, in order, into registers: at most the four that helpers take arguments in.</summary>
    private void Values(ReadOnlySpan<BoundExpression> expressions, params ReadOnlySpan<AssemblerRegister64> targets)
    {
        // What is not simple loses the argument registers, so all but the last such expression waits elsewhere.
        var last = -1;
        for (var i = 0; i < expressions.Length; i++)
        {
            if (!IsSimple(expressions[i]))
            {
                last = i;
            }
        }

        var kept = new Temporary?[expressions.Length];
        for (var i = 0; i < last; i++)
        {
            // A later expression may change what a simple one reads.
            if (expressions[i] is not (BoundConstant or BoundString))
            {
                kept[i] = Keep(expressions[i]);
            }
        }

        if (last >= 0)
        {
            Value(expressions[last], targets[last]);
        }

        for (var i = 0; i < expressions.Length; i++)
        {
            if (kept[i] is { } temporary)
            {
                LoadTemporary(targets[i], temporary);
                _frame.Give(temporary);
            }
            else if (i != last)
            {
                Value(expressions[i], targets[i]);
            }
        }
    }
}
