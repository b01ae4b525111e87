using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace HvDbg.Client.Assembly;

/// <summary>
/// Other ways of writing the operands of an instruction, as assemblers have them: operands that may be left out or swapped.
/// </summary>
internal static class OperandAlternatives
{
    /// <summary>The operands as written, and what they may stand for. The mnemonic is in small letters.</summary>
    internal static IEnumerable<IReadOnlyList<AssemblyOperand>> Of(string mnemonic, IReadOnlyList<AssemblyOperand> operands)
    {
        yield return operands;

        // Both orders are the same instruction, which has one form only: memory or register first.
        if (mnemonic is "test" or "xchg" && operands.Count == 2)
        {
            yield return [operands[1], operands[0]];
        }

        // imul eax, 5
        if (mnemonic == "imul" && operands.Count == 2 && operands[0].Kind == AssemblyOperandKind.Register && operands[1].Kind == AssemblyOperandKind.Value)
        {
            yield return [operands[0], operands[0], operands[1]];
        }

        // blendvps xmm1, xmm2, xmm0: the last is always xmm0 and has no place in the encoding.
        if (operands.Count == 3 && operands[2].Register == Register.XMM0 && mnemonic is "blendvps" or "blendvpd" or "pblendvb" or "sha256rnds2")
        {
            yield return [operands[0], operands[1]];
        }

        if (mnemonic[0] == 'f')
        {
            foreach (var alternative in OfFloat(mnemonic, operands))
            {
                yield return alternative;
            }
        }
    }

    private static IEnumerable<IReadOnlyList<AssemblyOperand>> OfFloat(string mnemonic, IReadOnlyList<AssemblyOperand> operands)
    {
        var offset = operands.Count == 0 ? 0 : operands[0].Offset;
        if (operands.Count == 1 && operands[0].Register.IsST())
        {
            yield return [Float(offset, 0), operands[0]];
            yield return [operands[0], Float(offset, 0)];
        }

        // Disassemblers write the top of the stack where the form has it unsaid: fld st, st(1); fistp word ptr [rax], st.
        if (operands.Count == 2 && operands.Any(o => o.Register == Register.ST0))
        {
            yield return [operands[0].Register == Register.ST0 ? operands[1] : operands[0]];
        }

        // Without operands fadd means faddp to some assemblers and fadd st0, st1 to others: that one must be written out.
        if (operands.Count == 0 && mnemonic is not ("fadd" or "fmul" or "fsub" or "fsubr" or "fdiv" or "fdivr"))
        {
            yield return [Float(offset, 1), Float(offset, 0)];
            yield return [Float(offset, 0), Float(offset, 1)];
        }
    }

    private static AssemblyOperand Float(int offset, int number) =>
        new(AssemblyOperandKind.Register, offset, 0) { Register = Register.ST0 + number };
}
