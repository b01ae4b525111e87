using System;
using HvDbg.Client.Script.Semantics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>What an instruction can take as its second operand as it is.</summary>
internal readonly record struct Operand(AssemblerRegister64? Register, AssemblerMemoryOperand? Memory, int Immediate)
{
    internal bool IsImmediate => Register is null && Memory is null;
}

/// <summary>Operations on a register and an operand.</summary>
internal sealed partial class FunctionCompiler
{
    private enum Operation
    {
        Add,
        Subtract,
        And,
        Or,
        Xor,
        Multiply,
        Compare,
    }

    private static Operation OperationOf(BinaryOperator operation) => operation switch
    {
        BinaryOperator.Add => Operation.Add,
        BinaryOperator.Subtract => Operation.Subtract,
        BinaryOperator.And => Operation.And,
        BinaryOperator.Or => Operation.Or,
        BinaryOperator.Xor => Operation.Xor,
        BinaryOperator.Multiply => Operation.Multiply,
        _ => throw new InvalidOperationException(operation.ToString()),
    };

    /// <summary>The operand that an expression is, if no instruction is needed to have it.</summary>
    private Operand? Direct(BoundExpression expression) => expression switch
    {
        BoundConstant constant => (long)constant.Value is >= int.MinValue and <= int.MaxValue and var value ? new Operand(null, null, (int)value) : null,
        BoundLoad { Place: LocalPlace place } when _frame.Registers.TryGetValue(place.Local.Index, out var register) => new Operand(register, null, 0),
        BoundLoad load => DirectMemory(load.Place) is { } memory ? new Operand(null, memory, 0) : null,
        BoundConversion conversion when conversion.Type is not FloatType && conversion.Operand.Type is not FloatType && Holds(conversion.Type, conversion.Operand.Type)
            => Direct(conversion.Operand),
        BoundPseudoRegister { Register: PseudoRegister.Buffer } => new Operand(Plan.Buffer, null, 0),
        BoundPseudoRegister { Register: PseudoRegister.Context } => new Operand(Plan.Context, null, 0),
        BoundPseudoRegister pseudo when ScriptNeeds.ScriptBlockOffset(pseudo.Register) is { } offset
            => new Operand(null, __qword_ptr[Plan.GuestRegisters!.Value + offset], 0),
        _ => null,
    };

    /// <summary>The eight bytes in memory that hold a place's value as it stands in registers, if there are such.</summary>
    private AssemblerMemoryOperand? DirectMemory(BoundPlace place)
    {
        switch (place)
        {
            case LocalPlace local when _frame.SlotsOfLocals.TryGetValue(local.Local.Index, out var slot):
                return _frame.Slot(slot);
            case LocalPlace local when local.Type.Size == 8 && local.Type is not (StructType or ArrayType) && _frame.DataOffsets.TryGetValue(local.Local.Index, out var offset):
                return __qword_ptr[Plan.Data!.Value + offset];
            case PartPlace part when part.Type is IntegerType { Bytes: 8 } or PointerType or FloatType { Bytes: 8 } && DataOffset(part) is { } offset:
                return __qword_ptr[Plan.Data!.Value + offset];
            case GlobalPlace global when Plan.Globals is { } globals:
                return __qword_ptr[globals + _context.OffsetOf(global.Global)];
            case RegisterPlace { Register: { Shift: 0, Bits: 64 } register } when ScriptNeeds.ScriptBlockOffset(register.Id) is { } offset:
                return __qword_ptr[Plan.GuestRegisters!.Value + offset];
            default:
                return null;
        }
    }

    /// <summary>Changes a register by an expression that is simple.</summary>
    private void ApplySimple(Operation operation, AssemblerRegister64 target, BoundExpression right)
    {
        if (Direct(right) is { } operand)
        {
            Apply(operation, target, operand);
        }
        else
        {
            Value(right, r11);
            Apply(operation, target, new Operand(r11, null, 0));
        }
    }

    private void Apply(Operation operation, AssemblerRegister64 target, Operand operand)
    {
        if (operand.Register is { } register)
        {
            Apply(operation, target, register);
        }
        else if (operand.Memory is { } memory)
        {
            Apply(operation, target, memory);
        }
        else
        {
            Apply(operation, target, operand.Immediate);
        }
    }

    private void Apply(Operation operation, AssemblerRegister64 target, Temporary right) =>
        Apply(operation, target, right.Register is { } register ? new Operand(register, null, 0) : new Operand(null, _frame.Slot(right.Slot), 0));

    private void Apply(Operation operation, AssemblerRegister64 target, AssemblerRegister64 right)
    {
        switch (operation)
        {
            case Operation.Add:
                A.add(target, right);
                break;
            case Operation.Subtract:
                A.sub(target, right);
                break;
            case Operation.And:
                A.and(target, right);
                break;
            case Operation.Or:
                A.or(target, right);
                break;
            case Operation.Xor:
                A.xor(target, right);
                break;
            case Operation.Multiply:
                A.imul(target, right);
                break;
            default:
                A.cmp(target, right);
                break;
        }
    }

    private void Apply(Operation operation, AssemblerRegister64 target, AssemblerMemoryOperand right)
    {
        switch (operation)
        {
            case Operation.Add:
                A.add(target, right);
                break;
            case Operation.Subtract:
                A.sub(target, right);
                break;
            case Operation.And:
                A.and(target, right);
                break;
            case Operation.Or:
                A.or(target, right);
                break;
            case Operation.Xor:
                A.xor(target, right);
                break;
            case Operation.Multiply:
                A.imul(target, right);
                break;
            default:
                A.cmp(target, right);
                break;
        }
    }

    private void Apply(Operation operation, AssemblerRegister64 target, int right)
    {
        switch (operation)
        {
            case Operation.Add when right == 1:
                A.inc(target);
                break;
            case Operation.Add:
                A.add(target, right);
                break;
            case Operation.Subtract when right == 1:
                A.dec(target);
                break;
            case Operation.Subtract:
                A.sub(target, right);
                break;
            case Operation.And when right >= 0:
                A.and(target.Low32(), right);
                break;
            case Operation.And:
                A.and(target, right);
                break;
            case Operation.Or:
                A.or(target, right);
                break;
            case Operation.Xor:
                A.xor(target, right);
                break;
            case Operation.Multiply:
                A.imul(target, target, right);
                break;
            case Operation.Compare when right == 0:
                A.test(target, target);
                break;
            default:
                A.cmp(target, right);
                break;
        }
    }
}
