using System;
using System.Collections.Generic;
using HvDbg.Client.Script.Semantics;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>Statements.</summary>
internal sealed partial class FunctionCompiler
{
    private readonly Stack<(CodeLabel Break, CodeLabel Continue)> _loops = [];

    private void Statement(BoundStatement statement)
    {
        Emitter.Span = statement.Span;
        switch (statement)
        {
            case BoundBlock block:
                foreach (var inner in block.Statements)
                {
                    Statement(inner);
                }

                break;
            case BoundExpressionStatement effect:
                Effect(effect.Expression);
                break;
            case BoundDeclaration declaration:
                Declare(declaration);
                break;
            case BoundIf branch:
                If(branch);
                break;
            case BoundLoop loop:
                Loop(loop);
                break;
            case BoundBreak:
                A.jmp(_loops.Peek().Break.Label);
                break;
            case BoundContinue:
                A.jmp(_loops.Peek().Continue.Label);
                break;
            case BoundReturn leave:
                Return(leave);
                break;
            default:
                throw new InvalidOperationException(statement.GetType().Name);
        }
    }

    private void Declare(BoundDeclaration declaration)
    {
        var isCovered = declaration.Stores.Count != 0 && declaration.Stores[0].Place is LocalPlace place
            && place.Local.Index == declaration.Local.Index && !BoundNodes.Mentions(declaration.Stores[0].Value, declaration.Local);
        if (!isCovered)
        {
            Clear(declaration.Local);
        }

        foreach (var store in declaration.Stores)
        {
            Effect(store);
        }
    }

    private void Clear(LocalSymbol local)
    {
        if (_frame.Registers.TryGetValue(local.Index, out var register))
        {
            A.xor(register.Low32(), register.Low32());
        }
        else if (_frame.SlotsOfLocals.TryGetValue(local.Index, out var slot))
        {
            A.mov(_frame.Slot(slot), 0);
        }
        else if (_frame.DataOffsets.TryGetValue(local.Index, out var offset))
        {
            ClearData(offset, (local.Type.Size + 7) / 8);
        }
    }

    private void ClearData(int offset, int words)
    {
        const int MostUnrolled = 8;
        if (words <= MostUnrolled)
        {
            for (var i = 0; i < words; i++)
            {
                A.mov(DataAddress(offset + (8 * i)), 0);
            }

            return;
        }

        var next = Emitter.NewLabel();
        A.mov(ecx, words);
        Emitter.Place(next);
        A.mov(__qword_ptr[Plan.Data!.Value + (rcx * 8) + (offset - 8)], 0);
        A.dec(ecx);
        A.jne(next.Label);
    }

    private void If(BoundIf branch)
    {
        var no = Emitter.NewLabel();
        Branch(branch.Condition, false, no);
        Statement(branch.Then);
        if (branch.Else is null)
        {
            Emitter.Place(no);
            return;
        }

        var end = Emitter.NewLabel();
        A.jmp(end.Label);
        Emitter.Place(no);
        Statement(branch.Else);
        Emitter.Place(end);
    }

    private void Loop(BoundLoop loop)
    {
        var top = Emitter.NewLabel();
        var next = Emitter.NewLabel();
        var test = Emitter.NewLabel();
        var end = Emitter.NewLabel();
        var cost = BoundNodes.Cost(loop.Condition, loop.Step, loop.Body);
        if (!loop.TestsLast && loop.Condition is not null)
        {
            A.jmp(test.Label);
        }

        Emitter.Place(top);
        _loops.Push((end, next));
        Statement(loop.Body);
        _loops.Pop();
        Emitter.Span = loop.Span;
        Emitter.Place(next);
        if (loop.Step is not null)
        {
            Effect(loop.Step);
        }

        Emitter.Place(test);
        Pay(cost);
        Branch(loop.Condition ?? new BoundConstant(loop.Span, IntegerType.Word, 1), true, top);
        Emitter.Place(end);
    }

    private void Return(BoundReturn leave)
    {
        if (leave.Value is { } value && _function.ReturnType is not VoidType)
        {
            Value(value, rax);
            if (!ReferenceEquals(leave, _body.Statements[^1]))
            {
                A.jmp(_valueExit.Label);
            }

            return;
        }

        if (leave.Value is not null)
        {
            Effect(leave.Value);
        }

        _leavesWithout = true;
        A.jmp(_exit.Label);
    }
}
