using HvDbg.Client.Script.Semantics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>Operations on places, such as <c>x += v</c>.</summary>
internal sealed partial class FunctionCompiler
{
    private void Compound(BoundCompoundAssignment compound)
    {
        var place = compound.Place;
        if (Root(place).Base is MemoryPlace)
        {
            CompoundMemory(compound);
        }
        else if (!IsLowOnly(compound) || !CompoundInPlace(compound))
        {
            Value(compound.Value, rcx);
            LoadBeside(place);
            Operate(compound);
            Store(place, rax);
        }
    }

    /// <summary>
    /// Whether only the lowest bytes of both operands decide about the lowest bytes of the result: then no operand needs a conversion.
    /// </summary>
    private static bool IsLowOnly(BoundCompoundAssignment compound) =>
        compound.Operator is BinaryOperator.Add or BinaryOperator.Subtract or BinaryOperator.And or BinaryOperator.Or or BinaryOperator.Xor
        && compound.OperationType is not FloatType && compound.Place.Type is not FloatType && compound.Place.Type != IntegerType.Bool
        && compound.OperationType.Size >= compound.Place.Type.Size;

    // One instruction on the place itself, where there is one.
    private bool CompoundInPlace(BoundCompoundAssignment compound)
    {
        var (place, value) = (compound.Place, compound.Value);
        var operation = OperationOf(compound.Operator);
        if (place is LocalPlace local && _frame.Registers.TryGetValue(local.Local.Index, out var variable))
        {
            if (IsSimple(value))
            {
                ApplySimple(operation, variable, value);
            }
            else
            {
                Value(value, rax);
                Apply(operation, variable, rax);
            }

            Extend(variable, place.Type);
            return true;
        }

        if (DirectBytes(place) is not { } bytes)
        {
            return false;
        }

        if (Direct(value) is { IsImmediate: true } constant)
        {
            OperateOnMemory(operation, DirectAddress(place), bytes, constant.Immediate);
        }
        else
        {
            // The address may need a register that the value loses.
            var register = InRegister(value);
            OperateOnMemory(operation, DirectAddress(place), bytes, register);
        }

        return true;
    }

    /// <summary>A register that has the value: the variable's own, or rax.</summary>
    private AssemblerRegister64 InRegister(BoundExpression value)
    {
        if (Direct(value) is { Register: { } register })
        {
            return register;
        }

        Value(value, rax);
        return rax;
    }

    /// <summary>How many bytes hold the place in memory that an instruction may change as they are; null: none may.</summary>
    private int? DirectBytes(BoundPlace place) => place switch
    {
        GlobalPlace => 8,
        RegisterPlace { Register: { Id: <= GuestRegisterId.R15 } register } when Part(register) is not null => register.Bits / 8,
        LocalPlace local when _frame.SlotsOfLocals.ContainsKey(local.Local.Index) => local.Type.Size == 8 ? 8 : null,
        _ when DataOffset(place) is not null => place.Type.Size,
        _ => null,
    };

    // May change r11.
    private AssemblerMemoryOperand DirectAddress(BoundPlace place)
    {
        switch (place)
        {
            case RegisterPlace register:
                return Part(register.Register)!.Value;
            case GlobalPlace global when Plan.Globals is null:
                A.mov(r11, _context.Layout.Globals + (ulong)_context.OffsetOf(global.Global));
                return __qword_ptr[r11];
            default:
                return DirectMemory(place) ?? DataAddress(DataOffset(place)!.Value);
        }
    }

    private void CompoundMemory(BoundCompoundAssignment compound)
    {
        var place = compound.Place;
        if (IsSimple(compound.Value))
        {
            AddressOf(place, r8);
            Value(compound.Value, rcx);
        }
        else
        {
            var address = KeepAddress(place);
            Value(compound.Value, rcx);
            LoadTemporary(r8, address);
            _frame.Give(address);
        }

        _context.AddressCheck.Access(r8, place.Type.Size, writes: true);
        LoadMemory(place.Type, rax, r8 + 0);
        Operate(compound);
        StoreMemory(place.Type.Size, r8 + 0, rax);
    }

    // Into rax, while rcx keeps the other operand.
    private void LoadBeside(BoundPlace place)
    {
        if (IsSimple(place))
        {
            Load(place, rax);
            return;
        }

        A.mov(r8, rcx);
        Load(place, rax);
        A.mov(rcx, r8);
    }

    /// <summary>The place's value in rax by the other operand in rcx; the result, of the place's type, in rax. Leaves r8 alone.</summary>
    private void Operate(BoundCompoundAssignment compound)
    {
        var (placeType, type) = (compound.Place.Type, compound.OperationType);
        ConvertRax(placeType, type);
        if (type is FloatType floatType)
        {
            OperateFloat(compound.Operator, floatType);
        }
        else
        {
            OperateInteger(compound.Operator, type);
        }

        ConvertRax(type, placeType);
    }

    private void OperateInteger(BinaryOperator operation, ScriptType type)
    {
        switch (operation)
        {
            case BinaryOperator.ShiftLeft or BinaryOperator.ShiftRight:
                Shift(operation, type);
                break;
            case BinaryOperator.Divide or BinaryOperator.Remainder:
                Divide(operation, type, null);
                if (operation == BinaryOperator.Remainder)
                {
                    A.mov(rax, rdx);
                }

                break;
            default:
                Apply(OperationOf(operation), rax, rcx);
                break;
        }

        Extend(rax, type);
    }

    // rax from one type to another.
    private void ConvertRax(ScriptType from, ScriptType to)
    {
        if (from is FloatType || to is FloatType)
        {
            ConvertRaxFloat(from, to);
        }
        else if (!Holds(to, from))
        {
            ConvertInteger(rax, to);
        }
    }

    private void OperateOnMemory(Operation operation, AssemblerMemoryOperand address, int bytes, int value)
    {
        var memory = Sized(address, bytes);
        switch (operation)
        {
            case Operation.Add when value == 1:
                A.inc(memory);
                break;
            case Operation.Add:
                A.add(memory, Cut(value, bytes));
                break;
            case Operation.Subtract when value == 1:
                A.dec(memory);
                break;
            case Operation.Subtract:
                A.sub(memory, Cut(value, bytes));
                break;
            case Operation.And:
                A.and(memory, Cut(value, bytes));
                break;
            case Operation.Or:
                A.or(memory, Cut(value, bytes));
                break;
            default:
                A.xor(memory, Cut(value, bytes));
                break;
        }
    }

    private void OperateOnMemory(Operation operation, AssemblerMemoryOperand address, int bytes, AssemblerRegister64 value)
    {
        var code = (operation, bytes) switch
        {
            (Operation.Add, 1) => Iced.Intel.Code.Add_rm8_r8,
            (Operation.Add, 2) => Iced.Intel.Code.Add_rm16_r16,
            (Operation.Add, 4) => Iced.Intel.Code.Add_rm32_r32,
            (Operation.Add, _) => Iced.Intel.Code.Add_rm64_r64,
            (Operation.Subtract, 1) => Iced.Intel.Code.Sub_rm8_r8,
            (Operation.Subtract, 2) => Iced.Intel.Code.Sub_rm16_r16,
            (Operation.Subtract, 4) => Iced.Intel.Code.Sub_rm32_r32,
            (Operation.Subtract, _) => Iced.Intel.Code.Sub_rm64_r64,
            (Operation.And, 1) => Iced.Intel.Code.And_rm8_r8,
            (Operation.And, 2) => Iced.Intel.Code.And_rm16_r16,
            (Operation.And, 4) => Iced.Intel.Code.And_rm32_r32,
            (Operation.And, _) => Iced.Intel.Code.And_rm64_r64,
            (Operation.Or, 1) => Iced.Intel.Code.Or_rm8_r8,
            (Operation.Or, 2) => Iced.Intel.Code.Or_rm16_r16,
            (Operation.Or, 4) => Iced.Intel.Code.Or_rm32_r32,
            (Operation.Or, _) => Iced.Intel.Code.Or_rm64_r64,
            (_, 1) => Iced.Intel.Code.Xor_rm8_r8,
            (_, 2) => Iced.Intel.Code.Xor_rm16_r16,
            (_, 4) => Iced.Intel.Code.Xor_rm32_r32,
            _ => Iced.Intel.Code.Xor_rm64_r64,
        };
        Register register = bytes switch
        {
            1 => value.Low8(),
            2 => value.Low16(),
            4 => value.Low32(),
            _ => value,
        };
        A.AddInstruction(Instruction.Create(code, address.ToMemoryOperand(64), register));
    }

    private static AssemblerMemoryOperand Sized(AssemblerMemoryOperand address, int bytes) => bytes switch
    {
        1 => __byte_ptr[address],
        2 => __word_ptr[address],
        4 => __dword_ptr[address],
        _ => __qword_ptr[address],
    };

    // An immediate operand as wide as the place, extended by its sign.
    private static int Cut(int value, int bytes) => bytes switch
    {
        1 => (sbyte)value,
        2 => (short)value,
        _ => value,
    };
}
