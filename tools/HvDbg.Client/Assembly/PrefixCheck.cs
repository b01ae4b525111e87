using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace HvDbg.Client.Assembly;

/// <summary>Refuses prefixes before instructions that do not take them.</summary>
internal static class PrefixCheck
{
    /// <exception cref="AssemblyException">A prefix that no form of the instruction takes.</exception>
    internal static void Require(string text, InstructionStatement statement, List<InstructionForm> forms)
    {
        var prefixes = statement.Prefixes;
        var name = statement.Mnemonic.Text;
        Check(prefixes.Lock, f => f.Info.CanUseLockPrefix && f.Operands[0].Kind == AssemblyOperandKind.Memory,
            "lock: expected an instruction that changes memory, such as lock add [rax], ecx;");
        Check(prefixes.Repeat, f => f.Info.CanUseRepPrefix, "rep: expected a string instruction, such as rep movsb;");
        Check(prefixes.RepeatNotEqual, f => f.Info.CanUseRepnePrefix && IsComparison(f), "repne: expected cmps or scas;");
        Check(prefixes.Acquire, f => f.Info.CanUseXacquirePrefix, "xacquire: expected a locked instruction;");
        Check(prefixes.Release, f => f.Info.CanUseXreleasePrefix, "xrelease: expected a locked instruction or a store;");
        Check(prefixes.SegmentToken, HasMemory, $"{prefixes.SegmentToken?.Text}: expected an instruction with memory;");

        void Check(AssemblyToken? token, System.Func<InstructionForm, bool> takes, string problem)
        {
            if (token is { } written && !forms.Any(takes))
            {
                throw new AssemblyException($"{problem} found {name}", text, written.Offset, written.Length);
            }
        }
    }

    private static bool IsComparison(InstructionForm form) =>
        form.Info.Mnemonic is Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd or Mnemonic.Cmpsq
        or Mnemonic.Scasb or Mnemonic.Scasw or Mnemonic.Scasd or Mnemonic.Scasq;

    private static bool HasMemory(InstructionForm form) =>
        form.Operands.Any(o => o.Kind == AssemblyOperandKind.Memory && o.Segment == Register.None)
        || Enumerable.Range(0, form.Info.OpCount).Select(form.Info.GetOpKind).Any(k => OperandMatch.IsImplied(k) && k != OpCodeOperandKind.es_rDI);
}
