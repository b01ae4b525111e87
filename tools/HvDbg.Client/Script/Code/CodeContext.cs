using System.Collections.Generic;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>What all functions of a script share while code is generated, and the ways to call HvKernel.</summary>
internal sealed class CodeContext(ScriptLayout layout, IReadOnlyDictionary<string, int> globalNumbers, BoundScript script, ScriptNeeds needs)
{
    private readonly Dictionary<FunctionSymbol, CodeLabel> _functions = [];

    internal ScriptLayout Layout { get; } = layout;

    internal BoundScript Script { get; } = script;

    internal ScriptNeeds Needs { get; } = needs;

    internal CodeEmitter Emitter { get; } = new();

    internal RegisterPlan Plan { get; } = new(needs);

    internal AddressCheck AddressCheck => field ??= new AddressCheck(this);

    private Assembler A => Emitter.Assembler;

    internal CodeLabel LabelOf(FunctionSymbol function)
    {
        if (!_functions.TryGetValue(function, out var label))
        {
            _functions[function] = label = Emitter.NewLabel();
        }

        return label;
    }

    /// <summary>A format's place in the script's list.</summary>
    internal int NumberOf(PrintFormat format)
    {
        for (var i = 0; i < Script.Formats.Count; i++)
        {
            if (ReferenceEquals(Script.Formats[i], format))
            {
                return i;
            }
        }

        throw new KeyNotFoundException("a format is not in the script's list");
    }

    /// <summary>Bytes from the first global word.</summary>
    internal int OffsetOf(GlobalSymbol global) => globalNumbers.TryGetValue(global.Name, out var number) && (uint)number < (uint)Layout.GlobalCount
        ? 8 * number
        : throw new KeyNotFoundException($"the target gave the global .{global.Name} no number");

    /// <summary>Calls a helper; its arguments are in their registers, its answer comes in rax. Changes rax, r11 and the flags.</summary>
    internal void CallHelper(ScriptHelper helper)
    {
        if (helper == 0)
        {
            A.xor(eax, eax);
        }
        else
        {
            A.mov(eax, (int)helper);
        }

        A.mov(r11, Layout.Gate);
        A.call(r11);
    }

    /// <summary>A place out of the way where the script ends with a report.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="detail">More about it, or null; not r11 or rcx.</param>
    internal CodeLabel Failure(ScriptFailure failure, AssemblerRegister64? detail = null)
    {
        var label = Emitter.NewLabel();
        Emitter.Later(() =>
        {
            Emitter.Place(label);
            Fail(failure, detail);
        });
        return label;
    }

    /// <summary>Ends the script here.</summary>
    internal void Fail(ScriptFailure failure, AssemblerRegister64? detail)
    {
        if (detail is { } register)
        {
            if (register != rdx)
            {
                A.mov(rdx, register);
            }
        }
        else
        {
            A.xor(edx, edx);
        }

        A.mov(ecx, (int)failure);
        A.and(rsp, -16);
        CallHelper(ScriptHelper.Fail);

        // Never reached. The call's return address is a place of this failure, not of the code behind it.
        A.ud2();
    }
}
