using System;
using System.Collections.Generic;
using HvDbg.Client.Code;
using Iced.Intel;

namespace HvDbg.Fuzzing;

/// <summary>
/// Looks at code that is said to be fit for VMX root: every instruction that can be reached, by what the decoder's tables say that it does. Apart
/// from the analysis that it judges: a list of what must not happen, where that one has a list of what may.
/// </summary>
internal static class DirectCheck
{
    private const RflagsBits Untouchable = RflagsBits.IF | RflagsBits.AC;

    // Not privileged, and yet not to be run in root: they enter other code, wait, answer for HvKernel, or change state that is not carried.
    private static readonly HashSet<string> Forbidden =
    [
        "Cpuid", "Rdpmc", "Rdpru", "Xgetbv", "Sgdt", "Sidt", "Sldt", "Str", "Smsw", "Lar", "Lsl", "Verr", "Verw", "Popf", "Popfd", "Popfq", "Std", "Int", "Int1", "Int3", "Into",
        "Syscall", "Sysenter", "Sysret", "Sysexit", "Iret", "Iretd", "Iretq", "Monitor", "Mwait", "Monitorx", "Mwaitx", "Umonitor", "Umwait", "Tpause", "Xbegin", "Xend", "Xabort", "Xtest",
        "Clflush", "Clflushopt", "Clwb", "Cldemote", "Serialize", "Movdir64b", "Movdiri", "Enqcmd", "Enqcmds", "Rdfsbase", "Rdgsbase", "Wrfsbase", "Wrgsbase", "Fxsave", "Fxsave64", "Fxrstor",
        "Fxrstor64", "Xsave", "Xsave64", "Xsavec", "Xsaveopt", "Xrstor", "Xrstor64", "Fsave", "Fnsave", "Frstor", "Fldenv", "Fldcw", "Rdpkru", "Wrpkru", "Rdsspd", "Rdsspq", "Incsspd", "Incsspq",
        "Saveprevssp", "Rstorssp", "Wrssd", "Wrssq", "Vmcall", "Vmfunc", "Vmmcall", "Encls", "Enclu", "Enclv", "Getsec", "Stui", "Clui", "Testui", "Uiret", "Senduipi", "Call", "Jmpe", "Rsm",
        "Lds", "Les", "Lfs", "Lgs", "Lss", "Insb", "Insw", "Insd", "Outsb", "Outsw", "Outsd", "In", "Out", "Cli", "Sti", "Hlt", "Ptwrite", "Ldtilecfg", "Hreset", "Pconfig", "Loadiwkey",
    ];

    /// <summary>What is wrong with it; null: nothing.</summary>
    internal static string? Objection(byte[] code, BlobAnalysis analysis)
    {
        var owner = new int[code.Length];
        Array.Fill(owner, -1);
        var waiting = new SortedSet<int> { 0 };
        var facts = new InstructionInfoFactory();
        var longest = new Dictionary<int, int> { [0] = 1 };
        var (returns, reachesEnd, vector, gs, most) = (false, false, false, false, 0);
        while (waiting.Count > 0)
        {
            var offset = waiting.Min;
            waiting.Remove(offset);
            if (offset == code.Length)
            {
                reachesEnd = true;
                continue;
            }

            most = Math.Max(most, longest[offset]);
            var decoder = Iced.Intel.Decoder.Create(64, new ByteArrayCodeReader(code, offset, code.Length - offset));
            decoder.IP = (ulong)offset;
            decoder.Decode(out var instruction);
            for (var i = offset; i < offset + instruction.Length; i++)
            {
                if (owner[i] >= 0 && owner[i] != offset)
                    return $"the instructions at {owner[i]:x} and {offset:x} overlap";
                owner[i] = offset;
            }

            if (Objection(instruction, facts.GetInfo(instruction), ref vector, ref gs) is { } objection)
                return $"{instruction} at {offset:x}: {objection}";
            switch (instruction.FlowControl)
            {
                case FlowControl.Return:
                    if (offset != code.Length - 1 || code[offset] != 0xC3)
                        return $"a return at {offset:x}";
                    returns = true;
                    continue;
                case FlowControl.Exception:
                    continue;
                case FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch:
                    var target = instruction.NearBranch64;
                    if (target <= (ulong)offset || target > (ulong)code.Length)
                        return $"the branch at {offset:x} goes to {target:x}";
                    Add((int)target);
                    break;
            }

            if (instruction.FlowControl != FlowControl.UnconditionalBranch)
                Add(offset + instruction.Length);

            void Add(int next)
            {
                waiting.Add(next);
                longest[next] = Math.Max(longest.GetValueOrDefault(next), longest[offset] + 1);
            }
        }

        return returns != analysis.EndsWithRet ? "whether it returns is told wrongly"
            : returns && reachesEnd ? "it goes behind its ret"
            : !returns && code[^1] == 0xC3 ? "its last byte would be taken for a ret"
            : vector && !analysis.UsesVectorState ? "it uses vector state"
            : gs && !analysis.UsesGs ? "it uses GS"
            : most > BlobAnalysis.MostInstructions || most != analysis.MaximumInstructions ? $"{most} instructions on its longest way"
            : null;
    }

    private static string? Objection(in Instruction instruction, InstructionInfo info, ref bool vector, ref bool gs)
    {
        if (instruction.IsInvalid)
            return "no instruction";
        if (instruction.IsPrivileged || Forbidden.Contains(instruction.Mnemonic.ToString()))
            return "forbidden";
        if (instruction.FlowControl is not (FlowControl.Next or FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch or FlowControl.Return)
            && instruction.Mnemonic != Mnemonic.Ud2)
            return $"flow {instruction.FlowControl}";
        if (instruction.HasRepPrefix || instruction.HasRepnePrefix)
            return "repeated";
        if ((instruction.RflagsModified & Untouchable) != 0 || (instruction.RflagsSet & RflagsBits.DF) != 0 || (instruction.RflagsWritten & RflagsBits.DF) != 0)
            return "flags of the machine's";
        foreach (var used in info.GetUsedRegisters())
        {
            var register = used.Register;
            var writes = used.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite;
            if (register.IsCR() || register.IsDR() || register.IsTR() || register.IsBND() || register.IsTMM() || register.IsK() || (register.IsSegmentRegister() && writes))
                return $"uses {register}";

            // Extensions that the runner does not carry; an AVX instruction clears the upper half of a register of AVX-512.
            if ((register.IsZMM() && instruction.Encoding != EncodingKind.VEX) || (register.IsVectorRegister() && register.GetNumber() > 15))
                return $"uses {register}";
            vector |= register.IsVectorRegister() || register.IsMM() || register.IsST();
        }

        foreach (var memory in info.GetUsedMemory())
        {
            if (memory.Segment == Register.FS)
                return "uses FS";
            gs |= memory.Segment == Register.GS;
        }

        for (var i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Register && instruction.GetOpRegister(i).IsSegmentRegister())
                return "a segment register";
        }

        return null;
    }
}
