using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Semantics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>What a function's frame has to hold. Known once its code has been generated, needed to generate it: code is generated twice.</summary>
/// <param name="OutgoingWords">Arguments of what it calls, at the stack pointer.</param>
/// <param name="Slots">Words for variables and temporaries.</param>
/// <param name="Saved">Registers that it changes and keeps for its caller.</param>
/// <param name="Calls">Whether it calls anything, so that the stack must be aligned.</param>
/// <param name="DataBytes">Its part of the data stack.</param>
internal sealed record FrameSize(int OutgoingWords, int Slots, IReadOnlyList<AssemblerRegister64> Saved, bool Calls, int DataBytes)
{
    internal static readonly FrameSize Unknown = new(0, 0, [], true, 0);

    /// <summary>Bytes to take from the stack pointer, which a call has left at 8 modulo 16.</summary>
    internal int Bytes(bool savesRegisters)
    {
        var words = OutgoingWords + Slots + (savesRegisters ? Saved.Count : 0);
        return words == 0 && !Calls ? 0 : 8 * (words | 1);
    }

    internal int SavedOffset(int index) => 8 * (OutgoingWords + Slots + index);
}

/// <summary>An intermediate result that stays while other expressions are evaluated: in a register or in the frame.</summary>
internal readonly record struct Temporary(AssemblerRegister64? Register, int Slot);

/// <summary>
/// One function's frame. On the machine stack, upward from rsp: outgoing arguments, slots, saved registers; rsp stays where it is between entry
/// and end. On the data stack: arrays, structs and variables whose address is taken.
/// </summary>
internal sealed class Frame
{
    private const int DataAlignment = 8;

    private readonly FrameSize _measured;
    private readonly Stack<AssemblerRegister64> _freeRegisters;
    private readonly Stack<int> _freeSlots = [];
    private readonly List<AssemblerRegister64> _used = [];
    private int _outgoing;
    private int _slots;
    private int _data;
    private bool _calls;

    internal Frame(FunctionSymbol function, IReadOnlyDictionary<int, AssemblerRegister64> registers, IReadOnlyList<AssemblerRegister64> temporaries, FrameSize measured)
    {
        _measured = measured;
        _freeRegisters = new Stack<AssemblerRegister64>(temporaries.Reverse());
        _used.AddRange(registers.Values);
        Registers = registers;
        foreach (var local in function.Locals)
        {
            if (BoundNodes.IsInMemory(local))
            {
                DataOffsets[local.Index] = TakeData(local.Type.Size);
            }
            else if (!registers.ContainsKey(local.Index))
            {
                SlotsOfLocals[local.Index] = _slots++;
            }
        }
    }

    internal IReadOnlyDictionary<int, AssemblerRegister64> Registers { get; }

    internal Dictionary<int, int> SlotsOfLocals { get; } = [];

    /// <summary>Bytes from the beginning of the function's part of the data stack.</summary>
    internal Dictionary<int, int> DataOffsets { get; } = [];

    /// <summary>The measure from the pass before.</summary>
    internal FrameSize Measured => _measured;

    internal FrameSize Size => new(_outgoing, _slots, _used, _calls, _data);

    /// <summary>It calls something with this many arguments on the stack.</summary>
    internal void Calls(int words)
    {
        _calls = true;
        _outgoing = int.Max(_outgoing, words);
    }

    internal AssemblerMemoryOperand Slot(int slot) => __qword_ptr[rsp + (8 * (_measured.OutgoingWords + slot))];

    internal Temporary Take()
    {
        if (!_freeRegisters.TryPop(out var register))
        {
            return TakeSlot();
        }

        if (!_used.Contains(register))
        {
            _used.Add(register);
        }

        return new Temporary(register, 0);
    }

    internal Temporary TakeSlot() => new(null, _freeSlots.TryPop(out var slot) ? slot : _slots++);

    internal void Give(Temporary temporary)
    {
        if (temporary.Register is { } register)
        {
            _freeRegisters.Push(register);
        }
        else
        {
            _freeSlots.Push(temporary.Slot);
        }
    }

    private int TakeData(int bytes)
    {
        var offset = _data;
        _data += (bytes + DataAlignment - 1) / DataAlignment * DataAlignment;
        return offset;
    }
}
