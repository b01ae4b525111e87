using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;

namespace HvDbg.Client.Script.Code;

/// <summary>What code of a whole script has to keep at hand.</summary>
/// <param name="GuestRegisters">The address of GUEST_REGS and the block behind it.</param>
/// <param name="Budget">The operations that are left.</param>
/// <param name="Data">The end of the callers' data on the data stack.</param>
/// <param name="StackLimit">The lowest stack pointer that a function may begin with.</param>
/// <param name="Globals">The address of the global words.</param>
/// <param name="Buffer">The safe buffer's address.</param>
/// <param name="Context">The event's context.</param>
/// <param name="Floats">SSE registers, and their control register set as it should be.</param>
internal sealed record ScriptNeeds(bool GuestRegisters, bool Budget, bool Data, bool StackLimit, bool Globals, bool Buffer, bool Context, bool Floats)
{
    internal static ScriptNeeds Of(IReadOnlyList<FunctionSymbol> functions, IReadOnlyDictionary<FunctionSymbol, BoundBlock> bodies)
    {
        var nodes = functions.SelectMany(function => BoundNodes.Of(bodies[function])).ToList();
        var pseudo = nodes.OfType<BoundPseudoRegister>().Select(node => node.Register).ToHashSet();
        var calls = functions.Count > 1;
        return new ScriptNeeds(
            nodes.OfType<RegisterPlace>().Any(place => ScriptBlockOffset(place.Register.Id) is not null)
                || pseudo.Any(register => ScriptBlockOffset(register) is not null),
            calls || nodes.Any(node => node is BoundLoop || (node is BoundBuiltInCall call && BoundNodes.Walks(call.Function))),
            functions.Any(function => function.Locals.Any(BoundNodes.IsInMemory)),
            calls,
            nodes.OfType<GlobalPlace>().Skip(1).Any() || nodes.OfType<BoundLoop>().Any(loop => BoundNodes.Of(loop).Any(node => node is GlobalPlace)),
            pseudo.Contains(PseudoRegister.Buffer),
            pseudo.Contains(PseudoRegister.Context),
            nodes.OfType<BoundExpression>().Any(node => node.Type is FloatType));
    }

    /// <summary>Where a register stands behind the address of GUEST_REGS; null: only a helper knows it.</summary>
    internal static int? ScriptBlockOffset(GuestRegisterId register) => register switch
    {
        <= GuestRegisterId.R15 => 8 * (int)register,
        GuestRegisterId.Rip => ScriptBlock.Rip,
        GuestRegisterId.Rflags => ScriptBlock.Rflags,
        GuestRegisterId.Cr3 => ScriptBlock.Cr3,
        _ => null,
    };

    /// <summary>The same for pseudo-registers.</summary>
    internal static int? ScriptBlockOffset(PseudoRegister register) => register switch
    {
        PseudoRegister.Pid => ScriptBlock.Pid,
        PseudoRegister.Core => ScriptBlock.Processor,
        PseudoRegister.Ip => ScriptBlock.Rip,
        PseudoRegister.EventId => ScriptBlock.EventId,
        _ => null,
    };
}
