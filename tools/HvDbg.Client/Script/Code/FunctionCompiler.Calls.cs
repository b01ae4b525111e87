using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>Calls of the script's functions, and messages.</summary>
internal sealed partial class FunctionCompiler
{
    /// <summary>The result in rax.</summary>
    private void Call(BoundCall call)
    {
        Arguments(call.Arguments);
        var bytes = _frame.Measured.DataBytes;
        if (bytes != 0)
        {
            A.add(Plan.Data!.Value, bytes);
        }

        A.call(_context.LabelOf(call.Function).Label);
        if (bytes != 0)
        {
            A.sub(Plan.Data!.Value, bytes);
        }
    }

    private void Print(BoundPrint print)
    {
        Arguments(print.Arguments);
        var kinds = 0UL;
        var shift = 0;
        foreach (var kind in print.Format.Pieces.Where(piece => piece.Argument is not null).Select(piece => piece.Argument!.Value))
        {
            kinds |= (ulong)kind << shift;
            shift += 2;
        }

        A.mov(ecx, _context.NumberOf(print.Format));
        A.mov(rdx, rsp);
        A.mov(r8d, print.Arguments.Count);
        LoadConstant(r9, kinds);
        Helper(ScriptHelper.Print);
    }

    /// <summary>The words at the stack pointer, in order of the arguments.</summary>
    private void Arguments(IReadOnlyList<BoundExpression> arguments)
    {
        _frame.Calls(arguments.Count);
        var lastCall = arguments.Count - 1;
        while (lastCall >= 0 && !UsesOutgoing(arguments[lastCall]))
        {
            lastCall--;
        }

        // What a later argument's call would overwrite waits elsewhere.
        var kept = new Queue<(int Index, Temporary Value)>();
        for (var i = 0; i < arguments.Count; i++)
        {
            if (i < lastCall)
            {
                kept.Enqueue((i, Keep(arguments[i])));
                continue;
            }

            if (Direct(arguments[i]) is { Memory: null } operand)
            {
                if (operand.Register is { } register)
                {
                    A.mov(__qword_ptr[rsp + (8 * i)], register);
                }
                else
                {
                    A.mov(__qword_ptr[rsp + (8 * i)], operand.Immediate);
                }

                continue;
            }

            Value(arguments[i], rax);
            A.mov(__qword_ptr[rsp + (8 * i)], rax);
        }

        while (kept.TryDequeue(out var waiting))
        {
            LoadTemporary(rax, waiting.Value);
            A.mov(__qword_ptr[rsp + (8 * waiting.Index)], rax);
            _frame.Give(waiting.Value);
        }
    }

    private static bool UsesOutgoing(BoundExpression expression) => BoundNodes.Of(expression).Any(node => node is BoundCall or BoundPrint);
}
