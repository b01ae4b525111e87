using System;
using System.Linq;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>Code of one function: its beginning and end here, its parts in the other files of this class.</summary>
/// <remarks>
/// Between functions: arguments on the stack above the return address, one word each, in order; the result in rax; all registers of
/// <see cref="RegisterPlan"/> stay; rsp is a multiple of 16 at the call. Structs are neither passed nor returned.
/// </remarks>
internal sealed partial class FunctionCompiler
{
    /// <summary>Bytes below the stack pointer at the script's entry that functions may take; what is left of 16 KiB is for helper calls.</summary>
    private const int StackBytes = 12 * 1024;

    private readonly CodeContext _context;
    private readonly FunctionSymbol _function;
    private readonly BoundBlock _body;
    private readonly Frame _frame;
    private readonly bool _isMain;
    private readonly CodeLabel _exit;
    private readonly CodeLabel _valueExit;
    private bool _leavesWithout;

    internal FunctionCompiler(CodeContext context, FunctionSymbol function, BoundBlock body, FrameSize measured)
    {
        _context = context;
        _function = function;
        _body = body;
        _isMain = function == context.Script.Main;
        var (registers, temporaries) = context.Plan.Assign(function, body);
        _frame = new Frame(function, registers, temporaries, measured);
        _exit = context.Emitter.NewLabel();
        _valueExit = context.Emitter.NewLabel();
    }

    /// <summary>What the generated code turned out to need.</summary>
    internal FrameSize Size => _frame.Size;

    private CodeEmitter Emitter => _context.Emitter;

    private Assembler A => _context.Emitter.Assembler;

    private RegisterPlan Plan => _context.Plan;

    private int FrameBytes => _frame.Measured.Bytes(!_isMain);

    /// <summary>The script's top level, with everything up to the end of the script but the RET.</summary>
    internal void EmitMain()
    {
        CheckSizes();
        if (FrameBytes != 0)
        {
            A.sub(rsp, FrameBytes);
        }

        KeepForScript();
        ClearLocals();
        Statement(_body);
        Exits();
        if (FrameBytes != 0)
        {
            A.add(rsp, FrameBytes);
        }
    }

    /// <summary>A function of the script.</summary>
    internal void EmitFunction()
    {
        CheckSizes();
        Emitter.Span = _body.Span;
        Emitter.Place(_context.LabelOf(_function));
        A.sub(rsp, FrameBytes);
        A.cmp(rsp, Plan.StackLimit!.Value);
        A.jb(StackFailure().Label);
        if (_frame.Measured.DataBytes != 0)
        {
            A.lea(rax, __[Plan.Data!.Value + _frame.Measured.DataBytes]);
            A.mov(r11, _context.Layout.Data + (ulong)UsableData);
            A.cmp(rax, r11);
            A.ja(StackFailure().Label);
        }

        Pay(BoundNodes.Cost(_body));
        var saved = _frame.Measured.Saved;
        for (var i = 0; i < saved.Count; i++)
        {
            A.mov(__qword_ptr[rsp + _frame.Measured.SavedOffset(i)], saved[i]);
        }

        LoadParameters();
        ClearLocals();
        Statement(_body);
        Exits();
        for (var i = 0; i < saved.Count; i++)
        {
            A.mov(saved[i], __qword_ptr[rsp + _frame.Measured.SavedOffset(i)]);
        }

        A.add(rsp, FrameBytes);
        A.ret();
    }

    // Both ways to leave, with a result in rax and without; what falls off the end of the body takes the likelier one.
    private void Exits()
    {
        Emitter.Span = default;
        if (_function.ReturnType is not VoidType && _body.Statements is [.., BoundReturn { Value: not null }])
        {
            if (_leavesWithout)
            {
                Emitter.Later(() =>
                {
                    LeaveWithout();
                    A.jmp(_valueExit.Label);
                });
            }
        }
        else
        {
            LeaveWithout();
        }

        Emitter.Place(_valueExit);
    }

    private void LeaveWithout()
    {
        Emitter.Place(_exit);
        A.xor(eax, eax);
    }

    private int UsableData => int.Max(0, _context.Layout.DataBytes - ScriptLimits.TextBytes);

    private void CheckSizes()
    {
        if (_frame.Measured.Bytes(!_isMain) > StackBytes / 2 || _frame.Measured.DataBytes > UsableData)
        {
            throw new ScriptSizeException($"the variables of {(_isMain ? "the script" : _function.Name)} take more room than a run has");
        }
    }

    private void KeepForScript()
    {
        var layout = _context.Layout;
        Keep(Plan.GuestRegisters, register => A.mov(register, rdx));
        Keep(Plan.Buffer, register => A.mov(register, rcx));
        Keep(Plan.Context, register => A.mov(register, r8));
        Keep(Plan.Budget, register => A.mov(register.Low32(), ScriptLayout.Budget));
        Keep(Plan.Data, register => A.mov(register, layout.Data));
        Keep(Plan.Globals, register => A.mov(register, layout.Globals));
        Keep(Plan.StackLimit, register => A.lea(register, __[rsp + (FrameBytes - StackBytes)]));
        if (_context.Needs.Floats)
        {
            // The guest's rounding and exceptions are not the script's (SDM vol. 1, 10.2.3: 1F80H rounds to nearest, with all exceptions masked).
            const int DefaultControl = 0x1F80;
            var slot = _frame.TakeSlot();
            A.mov(_frame.Slot(slot.Slot), DefaultControl);
            A.ldmxcsr(__dword_ptr[_frame.Slot(slot.Slot)]);
            _frame.Give(slot);
        }
    }

    private static void Keep(AssemblerRegister64? register, Action<AssemblerRegister64> load)
    {
        if (register is { } kept)
        {
            load(kept);
        }
    }

    private void LoadParameters()
    {
        for (var i = 0; i < _function.Parameters.Count; i++)
        {
            var parameter = _function.Parameters[i];
            var argument = __qword_ptr[rsp + (FrameBytes + 8 + (8 * i))];
            if (_frame.Registers.TryGetValue(parameter.Index, out var register))
            {
                A.mov(register, argument);
                continue;
            }

            A.mov(rax, argument);
            StoreLocal(parameter, rax);
        }
    }

    // Variables without a declaration of their own begin at 0.
    private void ClearLocals()
    {
        var declared = BoundNodes.Of(_body).OfType<BoundDeclaration>().Select(node => node.Local.Index)
            .Concat(_function.Parameters.Select(parameter => parameter.Index)).ToHashSet();
        foreach (var local in _function.Locals.Where(local => !declared.Contains(local.Index) && !IsStoredFirst(local)))
        {
            Clear(local);
        }
    }

    // What begins with being stored needs no value before.
    private bool IsStoredFirst(LocalSymbol local)
    {
        foreach (var statement in _body.Statements)
        {
            if (statement is BoundExpressionStatement { Expression: BoundAssignment { Place: LocalPlace place, Value: var value } }
                && place.Local.Index == local.Index && !BoundNodes.Mentions(value, local) && local.Type is not StructType)
            {
                return true;
            }

            if (statement is not BoundExpressionStatement effect || BoundNodes.Mentions(effect.Expression, local))
            {
                return false;
            }
        }

        return false;
    }

    // Takes an operation's cost from the budget.
    private void Pay(int cost)
    {
        A.sub(Plan.Budget!.Value.Low32(), cost);
        A.jle(_context.Failure(ScriptFailure.Budget).Label);
    }

    // The frame is given back first: below it there may be no stack for the call.
    private CodeLabel StackFailure()
    {
        var label = Emitter.NewLabel();
        Emitter.Later(() =>
        {
            Emitter.Place(label);
            A.add(rsp, FrameBytes);
            _context.Fail(ScriptFailure.Stack, null);
        });
        return label;
    }
}
