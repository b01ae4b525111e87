using System.Collections.Generic;
using System.Linq;
using Iced.Intel;
using IcedCode = Iced.Intel.Code;

namespace HvDbg.Client.Assembly;

/// <summary>
/// Instructions that address memory by a register of their own: movsb, xlatb, maskmovdqu. Their memory is not written, or written as
/// disassemblers do: <c>movsb byte ptr [rdi], byte ptr gs:[rsi]</c>.
/// </summary>
internal static class ImpliedMemory
{
    internal static InstructionForm? Match(
        IcedCode code, IReadOnlyList<OpCodeOperandKind> kinds, IReadOnlyList<AssemblyOperand> operands, AssemblyPrefixes prefixes)
    {
        var info = code.ToOpCode();
        var implied = kinds.Where(OperandMatch.IsImplied).ToList();
        var others = kinds.Where(k => !OperandMatch.IsImplied(k)).ToList();
        var memory = operands.Where(o => o.Kind == AssemblyOperandKind.Memory).ToList();
        var rest = operands.Where(o => o.Kind != AssemblyOperandKind.Memory).ToList();

        // The registers of string instructions are implied too; those of maskmovdqu are not.
        var fixedRegisters = implied.Any(k => k is OpCodeOperandKind.seg_rSI or OpCodeOperandKind.es_rDI);
        var filled = rest.Count == 0 && fixedRegisters ? [.. others.Select(Fixed)] : rest;
        if (filled.Count != others.Count || (memory.Count != 0 && memory.Count != implied.Count)
            || others.Select((k, i) => OperandMatch.Compare(info, k, filled[i], reducesToWord: false)).Any(f => f != MatchFault.None))
        {
            return null;
        }

        for (var i = 0; i < memory.Count; i++)
        {
            if (!IsPlain(memory[i], implied[i], info))
            {
                return null;
            }

            if (memory[i].Segment != Register.None && implied[i] != OpCodeOperandKind.es_rDI)
            {
                prefixes = prefixes with { Segment = memory[i].Segment };
            }
        }

        return new InstructionForm(code, filled, prefixes);
    }

    private static bool IsPlain(AssemblyOperand operand, OpCodeOperandKind kind, OpCodeInfo form) =>
        operand.Index == Register.None && operand.Value is { IsNumber: true } && operand.Value.Constant == 0
        && (operand.Size == 0 || operand.Size == form.MemorySize.GetSize())
        && operand.Base == kind switch
        {
            OpCodeOperandKind.seg_rSI => Register.RSI,
            OpCodeOperandKind.seg_rBX_al => Register.RBX,
            _ => Register.RDI,
        }
        && (kind != OpCodeOperandKind.es_rDI || operand.Segment is Register.None or Register.ES);

    private static AssemblyOperand Fixed(OpCodeOperandKind kind) => new(AssemblyOperandKind.Register, 0, 0)
    {
        Register = kind switch
        {
            OpCodeOperandKind.al => Register.AL,
            OpCodeOperandKind.ax => Register.AX,
            OpCodeOperandKind.eax => Register.EAX,
            OpCodeOperandKind.rax => Register.RAX,
            OpCodeOperandKind.dx => Register.DX,
            _ => Register.None,
        },
    };
}
