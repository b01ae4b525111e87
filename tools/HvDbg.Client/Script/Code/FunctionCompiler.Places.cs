using System;
using HvDbg.Client.Script.Semantics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>Reading places, and their addresses.</summary>
internal sealed partial class FunctionCompiler
{
    /// <summary>Whether it can be read without changing any register but the target, and cannot fail.</summary>
    private static bool IsSimple(BoundPlace place) => place switch
    {
        LocalPlace or GlobalPlace => true,
        RegisterPlace register => ScriptNeeds.ScriptBlockOffset(register.Register.Id) is not null,
        PartPlace part => part.Whole is not MemoryPlace && IsSimple(part.Whole),
        _ => false,
    };

    private void Load(BoundPlace place, AssemblerRegister64 target)
    {
        if (place.Type is StructType)
        {
            AddressOf(place, target);
            if (place is MemoryPlace or PartPlace && Root(place).Base is MemoryPlace)
            {
                CheckRange(target, place.Type.Size, writes: false);
            }

            return;
        }

        switch (place)
        {
            case LocalPlace local when _frame.Registers.TryGetValue(local.Local.Index, out var register):
                Move(target, register);
                break;
            case RegisterPlace register:
                LoadRegister(register.Register, target);
                break;
            case var _ when DirectMemory(place) is { } memory:
                A.mov(target, memory);
                break;
            case var _ when DataOffset(place) is { } offset:
                LoadMemory(place.Type, target, Plan.Data!.Value + offset);
                break;
            case GlobalPlace global:
                A.mov(target, _context.Layout.Globals + (ulong)_context.OffsetOf(global.Global));
                A.mov(target, __qword_ptr[target]);
                break;
            default:
                AddressOf(place, target);
                _context.AddressCheck.Access(target, place.Type.Size, writes: false);
                LoadMemory(place.Type, target, target + 0);
                break;
        }
    }

    /// <summary>The address of a place, unchecked.</summary>
    private void AddressOf(BoundPlace place, AssemblerRegister64 target)
    {
        if (DataOffset(place) is { } data)
        {
            A.lea(target, DataAddress(data));
            return;
        }

        var (root, offset) = Root(place);
        switch (root)
        {
            case MemoryPlace memory:
                Value(memory.Address, target);
                if (offset != 0)
                {
                    A.add(target, offset);
                }

                break;
            case GlobalPlace global:
                A.mov(target, _context.Layout.Globals + (ulong)(_context.OffsetOf(global.Global) + offset));
                break;
            default:
                throw new InvalidOperationException($"{root.GetType().Name} has no address");
        }
    }

    /// <summary>Bytes from the beginning of the function's data, where a place lies there.</summary>
    private int? DataOffset(BoundPlace place)
    {
        var (root, offset) = Root(place);
        return root is LocalPlace local && _frame.DataOffsets.TryGetValue(local.Local.Index, out var start) ? start + offset : null;
    }

    private AssemblerMemoryOperand DataAddress(int offset) => __qword_ptr[Plan.Data!.Value + offset];

    /// <summary>The place that a part belongs to, and how far into it the part is.</summary>
    private static (BoundPlace Base, int Offset) Root(BoundPlace place)
    {
        var offset = 0;
        while (place is PartPlace part)
        {
            offset += part.Offset;
            place = part.Whole;
        }

        return (place, offset);
    }

    private void LoadMemory(ScriptType type, AssemblerRegister64 target, AssemblerMemoryOperand address)
    {
        switch (type.Size, Arithmetic.IsSigned(type))
        {
            case (1, false):
                A.movzx(target.Low32(), __byte_ptr[address]);
                break;
            case (1, true):
                A.movsx(target, __byte_ptr[address]);
                break;
            case (2, false):
                A.movzx(target.Low32(), __word_ptr[address]);
                break;
            case (2, true):
                A.movsx(target, __word_ptr[address]);
                break;
            case (4, false):
                A.mov(target.Low32(), __dword_ptr[address]);
                break;
            case (4, true):
                A.movsxd(target, __dword_ptr[address]);
                break;
            default:
                A.mov(target, __qword_ptr[address]);
                break;
        }
    }

    private void StoreMemory(int bytes, AssemblerMemoryOperand address, AssemblerRegister64 value)
    {
        switch (bytes)
        {
            case 1:
                A.mov(__byte_ptr[address], value.Low8());
                break;
            case 2:
                A.mov(__word_ptr[address], value.Low16());
                break;
            case 4:
                A.mov(__dword_ptr[address], value.Low32());
                break;
            default:
                A.mov(__qword_ptr[address], value);
                break;
        }
    }

    private void CheckRange(AssemblerRegister64 address, int bytes, bool writes)
    {
        if (bytes != 0)
        {
            _context.AddressCheck.Access(address, bytes, writes);
        }
    }

    /// <summary>Copies a struct between places that are known to be good. Changes r10, r11 and rcx.</summary>
    private void CopyStruct(AssemblerRegister64 source, AssemblerMemoryOperand destination, int bytes)
    {
        const int MostUnrolled = 64;
        if (bytes <= MostUnrolled)
        {
            for (var at = 0; at < bytes;)
            {
                var chunk = bytes - at >= 8 ? 8 : bytes - at >= 4 ? 4 : bytes - at >= 2 ? 2 : 1;
                LoadMemory(Unsigned(chunk), r11, source + at);
                StoreMemory(chunk, destination + at, r11);
                at += chunk;
            }

            return;
        }

        MustNotBeLost(source);
        A.lea(r10, destination);
        A.mov(ecx, bytes);
        var next = Emitter.NewLabel();
        Emitter.Place(next);
        A.mov(r11b, __byte_ptr[source + rcx - 1]);
        A.mov(__byte_ptr[r10 + rcx - 1], r11b);
        A.dec(ecx);
        A.jne(next.Label);
    }

    private static void MustNotBeLost(AssemblerRegister64 source)
    {
        if (source == rcx || source == r10 || source == r11)
        {
            throw new InvalidOperationException("the source's register is needed for the copy");
        }
    }

    private static IntegerType Unsigned(int bytes) => bytes switch
    {
        1 => IntegerType.UnsignedChar,
        2 => IntegerType.UnsignedShort,
        4 => IntegerType.UnsignedInt,
        _ => IntegerType.Word,
    };
}
