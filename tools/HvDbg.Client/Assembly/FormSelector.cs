using System.Collections.Generic;
using System.Linq;
using Iced.Intel;
using IcedCode = Iced.Intel.Code;

namespace HvDbg.Client.Assembly;

/// <summary>Finds the forms of an instruction that take the operands as written.</summary>
internal sealed class FormSelector(string text)
{
    /// <summary>All forms that fit, in Iced's order.</summary>
    /// <exception cref="AssemblyException">None does, or the size of a memory operand is open.</exception>
    internal List<InstructionForm> Select(InstructionStatement statement)
    {
        var name = statement.Mnemonic.Text.ToLowerInvariant();
        var operands = statement.Operands;
        if (MnemonicTable.FindPseudo(name) is { } pseudo && MnemonicTable.Find(name) is null)
        {
            name = pseudo.Name;
            operands = [.. operands, new AssemblyOperand(AssemblyOperandKind.Value, statement.Mnemonic.Offset, statement.Mnemonic.Length)
            {
                Value = new AssemblyValue(pseudo.Immediate, null),
            }];
        }

        operands = [.. operands.Select(o => Far(name, o))];
        CheckSizes(name, operands);
        var codes = MnemonicTable.Find(name)!;
        var alternatives = OperandAlternatives.Of(name, operands).ToList();
        var forms = alternatives.SelectMany(a => codes.Select(c => Match(c, a, statement.Prefixes))).OfType<InstructionForm>().ToList();
        if (forms.Count == 0)
        {
            throw new MatchDiagnosis(text, statement, name, codes, alternatives).Explain();
        }

        CheckAmbiguity(forms);
        forms.AddRange(Shorter(name, operands, statement.Prefixes));
        PrefixCheck.Require(text, statement, forms);
        return forms;
    }

    /// <summary>The form with its operands where they fit; null otherwise.</summary>
    internal static InstructionForm? Match(IcedCode code, IReadOnlyList<AssemblyOperand> operands, AssemblyPrefixes prefixes)
    {
        var info = code.ToOpCode();
        var kinds = Enumerable.Range(0, info.OpCount).Select(info.GetOpKind).ToList();
        if (kinds.Any(OperandMatch.IsImplied))
        {
            return ImpliedMemory.Match(code, kinds, operands, prefixes);
        }

        return kinds.Count == operands.Count && IsWanted(code, operands)
            && kinds.Select((k, i) => OperandMatch.Compare(info, k, operands[i], ReducesToWord(info))).All(f => f == MatchFault.None)
            ? new InstructionForm(code, operands, prefixes)
            : null;
    }

    /// <summary>Whether the 16 bits that an instruction looks at may be given as such where its form has 32.</summary>
    internal static bool ReducesToWord(OpCodeInfo form) =>
        form.MemorySize == MemorySize.UInt16
        && (form.Mnemonic is Mnemonic.Lldt or Mnemonic.Ltr or Mnemonic.Verr or Mnemonic.Verw or Mnemonic.Lmsw or Mnemonic.Lar or Mnemonic.Lsl
            || (form.Mnemonic == Mnemonic.Mov && form.Op0Kind == OpCodeOperandKind.seg_reg));

    private static AssemblyOperand Far(string name, AssemblyOperand operand) =>
        operand.Kind == AssemblyOperandKind.Memory && name is "call" or "jmp" && operand.Reach == BranchReach.Any && operand.Size is 6 or 10
            ? operand with { Reach = BranchReach.Far }
            : operand.Kind == AssemblyOperandKind.Memory && operand.Reach == BranchReach.Near ? operand with { Reach = BranchReach.Any } : operand;

    private void CheckSizes(string name, IReadOnlyList<AssemblyOperand> operands)
    {
        if (operands.FirstOrDefault(o => o.Kind == AssemblyOperandKind.Value && o.Size != 0 && name != "push") is { } sized)
        {
            throw new AssemblyException(
                $"{SizeWords.Name(sized.Size)} is for memory in brackets, not for {(sized.Value.IsNumber ? "a number" : "a label")}", text, sized.Offset, sized.Length);
        }
    }

    private static bool IsWanted(IcedCode code, IReadOnlyList<AssemblyOperand> operands) => code switch
    {
        // A push of 16 bits is shorter for some numbers and something else.
        IcedCode.Push_imm16 or IcedCode.Pushw_imm8 => operands[0].Size == 2,
        IcedCode.Pushq_imm32 or IcedCode.Pushq_imm8 => operands[0].Size is 0 or 4 or 8,

        // 90 is nop and leaves the upper half of rax, which xchg eax, eax clears.
        IcedCode.Xchg_r32_EAX => operands[0].Register != Register.EAX,

        // Without a size the far pointer is 16:64.
        IcedCode.Call_m1616 or IcedCode.Call_m1632 or IcedCode.Jmp_m1616 or IcedCode.Jmp_m1632 => operands[0].Size != 0,
        _ => true,
    };

    // A 32-bit move clears the upper half: the same result for numbers without one, and up to five bytes less.
    private static IEnumerable<InstructionForm> Shorter(string name, IReadOnlyList<AssemblyOperand> operands, AssemblyPrefixes prefixes)
    {
        if (name == "mov" && operands.Count == 2 && operands[0].Register.IsGPR64() && operands[1].Kind == AssemblyOperandKind.Value
            && operands[1].Value.IsNumber && (ulong)OperandMatch.Low64(operands[1].Value.Constant) <= uint.MaxValue
            && operands[0].Kind == AssemblyOperandKind.Register)
        {
            var half = operands[0] with { Register = Register.EAX + (operands[0].Register - Register.RAX) };
            yield return new InstructionForm(IcedCode.Mov_r32_imm32, [half, operands[1]], prefixes);
        }
    }

    private void CheckAmbiguity(List<InstructionForm> forms)
    {
        var operand = forms[0].Operands.FirstOrDefault(o => o.Kind == AssemblyOperandKind.Memory);
        if (operand is null || operand.Size != 0)
        {
            return;
        }

        var sizes = forms.Select(f => f.Info.MemorySize.GetSize()).Where(s => s != 0).Distinct().Order().ToList();
        if (sizes.Count > 1)
        {
            throw new AssemblyException(
                $"size of the operand: expected {Words.Or(sizes.Select(s => SizeWords.Name(s) + " ptr"))}", text, operand.Offset, operand.Length);
        }
    }
}

/// <summary>Lists in sentences.</summary>
internal static class Words
{
    internal static string Or(IEnumerable<string> words)
    {
        var list = words.ToList();
        return list.Count <= 1 ? string.Concat(list) : $"{string.Join(", ", list.Take(list.Count - 1))} or {list[^1]}";
    }
}
