using HvDbg.Client.Script.Semantics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>
/// Assignments. Order: the address of a place, then the value, then the check of the address and the access; an operation on a place reads it
/// after its other operand.
/// </summary>
internal sealed partial class FunctionCompiler
{
    private void Assign(BoundAssignment assignment)
    {
        var (place, value) = (assignment.Place, assignment.Value);
        if (place.Type is StructType)
        {
            AssignStruct(place, value);
        }
        else if (place is LocalPlace local && _frame.Registers.TryGetValue(local.Local.Index, out var register))
        {
            AssignRegister(local.Local, register, value);
        }
        else if (Root(place).Base is not MemoryPlace)
        {
            if (DirectMemory(place) is { } memory && Direct(value) is { IsImmediate: true } constant)
            {
                A.mov(memory, constant.Immediate);
                return;
            }

            if (place is RegisterPlace)
            {
                Value(value, rax);
                Store(place, rax);
            }
            else
            {
                Store(place, InRegister(value));
            }
        }
        else if (IsSimple(value))
        {
            AddressOf(place, rcx);
            Value(value, rax);
            StoreChecked(place, rcx);
        }
        else
        {
            var address = KeepAddress(place);
            Value(value, rax);
            LoadTemporary(rcx, address);
            _frame.Give(address);
            StoreChecked(place, rcx);
        }
    }

    private void AssignRegister(LocalSymbol local, AssemblerRegister64 register, BoundExpression value)
    {
        if (!BoundNodes.Mentions(value, local))
        {
            Value(value, register);
        }
        else
        {
            Value(value, rax);
            Move(register, rax);
        }
    }

    /// <summary>What an assignment has just stored. Memory that needed a check is not read again: the value is in rax still.</summary>
    private void AssignedValue(BoundPlace place, AssemblerRegister64 target)
    {
        if (place.Type is StructType || Root(place).Base is MemoryPlace)
        {
            Move(target, rax);
        }
        else
        {
            Load(place, target);
        }
    }

    /// <summary>Stores a register to a place that needs no address. rax only for registers of the guest.</summary>
    private void Store(BoundPlace place, AssemblerRegister64 value)
    {
        switch (place)
        {
            case LocalPlace local when DataOffset(place) is null:
                StoreLocal(local.Local, value);
                break;
            case RegisterPlace register:
                StoreRegister(register.Register);
                break;
            case GlobalPlace global when Plan.Globals is null:
                A.mov(r11, _context.Layout.Globals + (ulong)_context.OffsetOf(global.Global));
                A.mov(__qword_ptr[r11], value);
                break;
            case GlobalPlace:
                A.mov(DirectMemory(place)!.Value, value);
                break;
            default:
                StoreMemory(place.Type.Size, DataAddress(DataOffset(place)!.Value), value);
                break;
        }
    }

    private void StoreLocal(LocalSymbol local, AssemblerRegister64 value)
    {
        if (_frame.Registers.TryGetValue(local.Index, out var register))
        {
            Move(register, value);
        }
        else if (_frame.SlotsOfLocals.TryGetValue(local.Index, out var slot))
        {
            A.mov(_frame.Slot(slot), value);
        }
        else
        {
            StoreMemory(local.Type.Size, DataAddress(_frame.DataOffsets[local.Index]), value);
        }
    }

    // rax, to the address of a place.
    private void StoreChecked(BoundPlace place, AssemblerRegister64 address)
    {
        _context.AddressCheck.Access(address, place.Type.Size, writes: true);
        StoreMemory(place.Type.Size, address + 0, rax);
    }

    private Temporary KeepAddress(BoundPlace place)
    {
        var temporary = _frame.Take();
        if (temporary.Register is { } register)
        {
            AddressOf(place, register);
        }
        else
        {
            AddressOf(place, rax);
            A.mov(_frame.Slot(temporary.Slot), rax);
        }

        return temporary;
    }

    // The value's address ends in rax.
    private void AssignStruct(BoundPlace place, BoundExpression value)
    {
        var bytes = place.Type.Size;
        if (Root(place).Base is not MemoryPlace)
        {
            Value(value, rax);
            CopyStruct(rax, DataAddress(DataOffset(place)!.Value), bytes);
            return;
        }

        var address = KeepAddress(place);
        Value(value, rax);
        LoadTemporary(rdx, address);
        _frame.Give(address);
        CheckRange(rdx, bytes, writes: true);
        CopyStruct(rax, rdx + 0, bytes);
    }
}
