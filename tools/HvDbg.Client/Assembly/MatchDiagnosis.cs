using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Iced.Intel;
using IcedCode = Iced.Intel.Code;

namespace HvDbg.Client.Assembly;

/// <summary>Says why no form of an instruction takes the operands as written.</summary>
internal sealed class MatchDiagnosis(
    string text,
    InstructionStatement statement,
    string name,
    IReadOnlyList<IcedCode> codes,
    IReadOnlyList<IReadOnlyList<AssemblyOperand>> alternatives)
{
    private const int MostForms = 5;

    internal AssemblyException Explain()
    {
        var written = alternatives[0];
        if (written.FirstOrDefault(o => o.IsWideAbsolute) is { } wide && name == "mov")
        {
            return At(wide, "a 64-bit address goes with al, ax, eax or rax only: expected an address of 32 bits with a sign, or move it to a register first");
        }

        var best = alternatives
            .SelectMany(a => codes.Select(c => Compare(c, a)))
            .OfType<Attempt>()
            .OrderBy(a => a.Fault)
            .ThenByDescending(a => a.Index)
            .FirstOrDefault();
        return best is null ? WrongCount() : best.Fault switch
        {
            Failure.Number => At(best.Operand, NumberProblem(best)),
            Failure.Size => At(best.Operand, SizeProblem(best, written)),
            Failure.Label => At(best.Operand, $"a label's address is not known before the code is placed: expected lea with [{best.Operand.Value.Label}], or a branch"),
            Failure.Reach => At(best.Operand, $"{name}: {best.Operand.Reach.ToString().ToLowerInvariant()} is for {(best.Operand.Reach == BranchReach.Far ? "memory that holds a far pointer" : "branch targets")}"),
            _ => At(best.Operand, $"{name}: expected {Expected(best.Index, written)}; found {best.Operand.Shown}"),
        };
    }

    private enum Failure
    {
        /// <summary>All fits but the size of a number.</summary>
        Number,

        /// <summary>All fits but sizes of registers or memory.</summary>
        Size,

        /// <summary>A label where a number could be.</summary>
        Label,

        /// <summary>short, near or far where it means nothing.</summary>
        Reach,
        Kind,
    }

    private sealed record Attempt(Failure Fault, int Index, AssemblyOperand Operand, OpCodeInfo Info);

    private static Attempt? Compare(IcedCode code, IReadOnlyList<AssemblyOperand> operands)
    {
        var info = code.ToOpCode();
        var kinds = Enumerable.Range(0, info.OpCount).Select(info.GetOpKind).Where(k => !OperandMatch.IsImplied(k)).ToList();
        if (kinds.Count != operands.Count || kinds.Count == 0)
        {
            return null;
        }

        var faults = kinds.Select((k, i) => OperandMatch.Compare(info, k, operands[i], FormSelector.ReducesToWord(info))).ToList();
        var kind = faults.IndexOf(MatchFault.Kind);
        if (kind < 0)
        {
            var (fault, at) = faults.Contains(MatchFault.Size) ? (Failure.Size, faults.LastIndexOf(MatchFault.Size))
                : (Failure.Number, Math.Max(0, faults.IndexOf(MatchFault.Range)));
            return new Attempt(fault, at, operands[at], info);
        }

        var operand = operands[kind];
        var failure = operand.Kind == AssemblyOperandKind.Value && operand.Value.Label is not null && OperandMatch.ImmediateBits(kinds[kind]) != 0 ? Failure.Label
            : operand.Reach is not BranchReach.Any && OperandMatch.Compare(info, kinds[kind], operand with { Reach = BranchReach.Any }, false) != MatchFault.Kind ? Failure.Reach
            : Failure.Kind;
        return new Attempt(failure, kind, operand, info);
    }

    private AssemblyException WrongCount()
    {
        var counts = codes.Select(Written).Distinct().Order().ToList();
        var expected = Words.Or(counts.Select(c => c.ToString(CultureInfo.InvariantCulture)));
        var noun = counts is [1] ? "operand" : "operands";
        return new AssemblyException(
            $"{name}: expected {(expected == "0" ? "no" : expected)} {noun}, found {statement.Operands.Count.ToString(CultureInfo.InvariantCulture)}",
            text,
            statement.Mnemonic.Offset,
            statement.Offset + statement.Length - statement.Mnemonic.Offset);
    }

    private static int Written(IcedCode code)
    {
        var info = code.ToOpCode();
        var kinds = Enumerable.Range(0, info.OpCount).Select(info.GetOpKind).ToList();
        return kinds.Any(k => k is OpCodeOperandKind.seg_rSI or OpCodeOperandKind.es_rDI) ? 0 : kinds.Count(k => !OperandMatch.IsImplied(k));
    }

    private string NumberProblem(Attempt attempt)
    {
        var kind = attempt.Info.GetOpKind(attempt.Index);
        if (codes.All(c => c.ToOpCode().OpCount <= attempt.Index || c.ToOpCode().GetOpKind(attempt.Index) == OpCodeOperandKind.imm8_const_1))
        {
            return "expected the number 1";
        }

        var kinds = codes.Select(c => Compare(c, alternatives[0])).OfType<Attempt>().Where(a => a.Fault == Failure.Number)
            .Select(a => a.Info.GetOpKind(a.Index)).Append(kind).ToList();
        var bits = kinds.Max(OperandMatch.ImmediateBits);
        var signed = bits == 32 && kinds.Contains(OpCodeOperandKind.imm32sex64);
        return $"the number does not fit: expected at most {bits.ToString(CultureInfo.InvariantCulture)} bits{(signed ? " with a sign (mov takes 64 bits to a register)" : "")}";
    }

    private string SizeProblem(Attempt attempt, IReadOnlyList<AssemblyOperand> written)
    {
        var registers = written.Where(o => o.Kind is AssemblyOperandKind.Register || o.Size != 0).Select(o => o.Shown).Distinct().ToList();
        return registers.Count > 1
            ? $"{name}: the sizes of {string.Join(" and ", registers)} do not go together; expected {Forms()}"
            : $"{name}: expected {Expected(attempt.Index, written)}; found {attempt.Operand.Shown}";
    }

    // What stands at this place in the forms whose earlier operands fit.
    private string Expected(int index, IReadOnlyList<AssemblyOperand> written)
    {
        var options = new List<string>();
        foreach (var code in codes)
        {
            var info = code.ToOpCode();
            var kinds = Enumerable.Range(0, info.OpCount).Select(info.GetOpKind).Where(k => !OperandMatch.IsImplied(k)).ToList();
            if (kinds.Count == written.Count && kinds.Take(index).Select((k, i) => OperandMatch.Compare(info, k, written[i], false)).All(f => f is MatchFault.None or MatchFault.Size))
            {
                options.Add(KindWords.Of(kinds[index]));
            }
        }

        return options.Count == 0 ? Forms() : Words.Or(options.Distinct().Take(8));
    }

    private string Forms()
    {
        var forms = codes.Select(c => c.ToOpCode()).Where(i => i.OpCount == alternatives[0].Count).Select(i => i.ToInstructionString().ToLowerInvariant()).Distinct().ToList();
        return string.Join(" | ", forms.Take(MostForms)) + (forms.Count > MostForms ? " | …" : "");
    }

    private AssemblyException At(AssemblyOperand operand, string message) => new(message, text, operand.Offset, operand.Length);
}

/// <summary>Sorts of operands in words.</summary>
internal static class KindWords
{
    internal static string Of(OpCodeOperandKind kind) => kind switch
    {
        OpCodeOperandKind.r8_or_mem => "an 8-bit register or memory",
        OpCodeOperandKind.r16_or_mem => "a 16-bit register or memory",
        OpCodeOperandKind.r32_or_mem => "a 32-bit register or memory",
        OpCodeOperandKind.r64_or_mem => "a 64-bit register or memory",
        OpCodeOperandKind.mm_or_mem => "an mm register or memory",
        OpCodeOperandKind.xmm_or_mem => "an xmm register or memory",
        OpCodeOperandKind.ymm_or_mem => "a ymm register or memory",
        OpCodeOperandKind.seg_reg => "a segment register",
        OpCodeOperandKind.cr_reg => "a control register",
        OpCodeOperandKind.dr_reg => "a debug register",
        OpCodeOperandKind.sti_opcode => "an st register",
        OpCodeOperandKind.mem_offs => "memory at a number",
        OpCodeOperandKind.imm8_const_1 => "1",
        _ when OperandMatch.ImmediateBits(kind) != 0 => "a number",
        _ when OperandMatch.IsBranch(kind) => "a label",
        _ when OperandMatch.TakesMemory(kind) => "memory",
        _ => Register(kind),
    };

    private static string Register(OpCodeOperandKind kind)
    {
        var name = kind.ToString();
        var at = name.IndexOf('_', StringComparison.Ordinal);
        return at < 0 ? name : name[..at] switch
        {
            "r8" => "an 8-bit register",
            "r16" => "a 16-bit register",
            "r32" => "a 32-bit register",
            "r64" => "a 64-bit register",
            "mm" => "an mm register",
            "xmm" => "an xmm register",
            "ymm" => "a ymm register",
            var other => other,
        };
    }
}
