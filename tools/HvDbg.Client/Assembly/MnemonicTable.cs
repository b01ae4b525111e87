using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Iced.Intel;
using IcedCode = Iced.Intel.Code;

namespace HvDbg.Client.Assembly;

/// <summary>
/// The instructions that the assembler knows: those of Iced's list that an Intel processor has in 64-bit mode, in legacy or VEX encoding, of
/// the extensions named here. There is no table of our own to go stale: names, operands and encodings are Iced's.
/// </summary>
internal static class MnemonicTable
{
    private static readonly HashSet<CpuidFeature> s_features =
    [
        CpuidFeature.INTEL8086, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL386, CpuidFeature.INTEL486, CpuidFeature.X64,
        CpuidFeature.ADX, CpuidFeature.AES, CpuidFeature.AVX, CpuidFeature.AVX2, CpuidFeature.BMI1, CpuidFeature.BMI2, CpuidFeature.CET_IBT,
        CpuidFeature.CLFLUSHOPT, CpuidFeature.CLFSH, CpuidFeature.CLWB, CpuidFeature.CMOV, CpuidFeature.CMPXCHG16B, CpuidFeature.CPUID,
        CpuidFeature.CX8, CpuidFeature.F16C, CpuidFeature.FMA, CpuidFeature.FPU, CpuidFeature.FPU287, CpuidFeature.FPU387,
        CpuidFeature.FSGSBASE, CpuidFeature.FXSR, CpuidFeature.GFNI, CpuidFeature.INVEPT, CpuidFeature.INVPCID, CpuidFeature.INVVPID,
        CpuidFeature.LZCNT, CpuidFeature.MMX, CpuidFeature.MONITOR, CpuidFeature.MOVBE, CpuidFeature.MOVDIR64B, CpuidFeature.MOVDIRI,
        CpuidFeature.MSR, CpuidFeature.MULTIBYTENOP, CpuidFeature.PAUSE, CpuidFeature.PCLMULQDQ, CpuidFeature.PKU, CpuidFeature.POPCNT,
        CpuidFeature.PREFETCHW, CpuidFeature.RDPID, CpuidFeature.RDPMC, CpuidFeature.RDRAND, CpuidFeature.RDSEED, CpuidFeature.RDTSCP,
        CpuidFeature.RTM, CpuidFeature.HLE_or_RTM, CpuidFeature.SEP, CpuidFeature.SERIALIZE, CpuidFeature.SHA, CpuidFeature.SMAP,
        CpuidFeature.SMM, CpuidFeature.SMX, CpuidFeature.SSE, CpuidFeature.SSE2, CpuidFeature.SSE3, CpuidFeature.SSE4_1, CpuidFeature.SSE4_2,
        CpuidFeature.SSSE3, CpuidFeature.SYSCALL, CpuidFeature.TSC, CpuidFeature.VAES, CpuidFeature.VMX, CpuidFeature.VPCLMULQDQ,
        CpuidFeature.WAITPKG, CpuidFeature.WBNOINVD, CpuidFeature.XSAVE, CpuidFeature.XSAVEC, CpuidFeature.XSAVEOPT, CpuidFeature.XSAVES,
    ];

    /// <summary>Other names of the same instructions (SDM vol. 2, "Jcc", "SETcc", "CMOVcc", "SAL/SAR/SHL/SHR", "WAIT/FWAIT", "RET").</summary>
    private static readonly (string Name, string Of)[] s_synonyms =
    [
        ("sal", "shl"), ("fwait", "wait"), ("retn", "ret"), ("xlat", "xlatb"), ("movabs", "mov"), ("icebp", "int1"),
        ("loopz", "loope"), ("loopnz", "loopne"),
    ];

    private static readonly (string Name, string Of)[] s_conditions =
    [
        ("z", "e"), ("nz", "ne"), ("c", "b"), ("nae", "b"), ("nc", "ae"), ("nb", "ae"), ("na", "be"), ("nbe", "a"), ("pe", "p"), ("po", "np"),
        ("nge", "l"), ("nl", "ge"), ("ng", "le"), ("nle", "g"),
    ];

    /// <summary>Names that mean the 64-bit form here although Iced gives them to the 16-bit form, and names for one operand size alone.</summary>
    private static readonly (string Name, IcedCode Code)[] s_single =
    [
        ("pushf", IcedCode.Pushfq), ("pushfw", IcedCode.Pushfw), ("popf", IcedCode.Popfq), ("popfw", IcedCode.Popfw),
        ("iret", IcedCode.Iretd), ("iretw", IcedCode.Iretw), ("retfq", IcedCode.Retfq), ("retfw", IcedCode.Retfw),
    ];

    private static readonly string[] s_comparisons =
    [
        "eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord", "eq_uq", "nge", "ngt", "false", "neq_oq", "ge", "gt", "true", "eq_os", "lt_oq",
        "le_oq", "unord_s", "neq_us", "nlt_uq", "nle_uq", "ord_s", "eq_us", "nge_uq", "ngt_uq", "false_os", "neq_os", "ge_oq", "gt_oq", "true_us",
    ];

    private static readonly Dictionary<string, IReadOnlyList<IcedCode>> s_codes = Build();
    private static readonly Dictionary<string, PseudoMnemonic> s_pseudo = BuildPseudo();

    /// <summary>Every name, without the pseudo-instructions such as cmpeqps.</summary>
    internal static IEnumerable<string> Names => s_codes.Keys;

    /// <summary>The forms of an instruction; null: there is none of this name.</summary>
    internal static IReadOnlyList<IcedCode>? Find(string name) => s_codes.GetValueOrDefault(name);

    /// <summary>An instruction with its last operand in its name: cmpeqps is cmpps with 0.</summary>
    internal static PseudoMnemonic? FindPseudo(string name) => s_pseudo.GetValueOrDefault(name);

    internal static bool IsKnown(string name) => s_codes.ContainsKey(name) || s_pseudo.ContainsKey(name);

    /// <summary>Known names that a misspelt one may have meant, the nearest first; at most three.</summary>
    internal static IReadOnlyList<string> Suggestions(string name)
    {
        var wanted = name.ToLowerInvariant();
        var most = wanted.Length <= 3 ? 1 : 2;
        var near = s_codes.Keys
            .Select(k => (Name: k, Distance: EditDistance.Between(wanted, k)))
            .Where(p => p.Distance <= most)
            .ToList();
        return
        [
            .. near
                .Where(p => p.Distance == near.Min(n => n.Distance))
                .OrderBy(p => Math.Abs(p.Name.Length - wanted.Length))
                .ThenBy(p => p.Name, StringComparer.Ordinal)
                .Take(3)
                .Select(p => p.Name),
        ];
    }

    private static Dictionary<string, IReadOnlyList<IcedCode>> Build()
    {
        var table = new Dictionary<string, List<IcedCode>>(StringComparer.OrdinalIgnoreCase);
        foreach (var code in Enum.GetValues<IcedCode>())
        {
            if (IsOffered(code))
            {
                var name = code.Mnemonic().ToString();
                if (!table.TryGetValue(name, out var list))
                {
                    table[name] = list = [];
                }

                list.Add(code);
            }
        }

        foreach (var (name, of) in s_synonyms)
        {
            if (table.TryGetValue(of, out var list))
            {
                table[name] = list;
            }
        }

        foreach (var (name, of) in s_conditions)
        {
            foreach (var stem in new[] { "j", "set", "cmov" })
            {
                table[stem + name] = table[stem + of];
            }
        }

        foreach (var (name, code) in s_single)
        {
            table[name] = [code];
        }

        return table.ToDictionary(p => p.Key.ToLowerInvariant(), p => (IReadOnlyList<IcedCode>)p.Value, StringComparer.OrdinalIgnoreCase);
    }

    private static bool IsOffered(IcedCode code)
    {
        var info = code.ToOpCode();
        return info.IsInstruction && info.Mode64 && info.IntelDecoder64
            && info.DecoderOption == DecoderOptions.None
            && info.Encoding is EncodingKind.Legacy or EncodingKind.VEX
            && code.CpuidFeatures().All(s_features.Contains)
            && info.Mnemonic is not (Mnemonic.Reservednop or Mnemonic.Sal or Mnemonic.Fstpnce or Mnemonic.Fsetpm or Mnemonic.Fnsetpm)
            && code is not (IcedCode.Getsecq or IcedCode.Bswap_r16)
            && !Is16BitState(info.MemorySize)
            && Enumerable.Range(0, info.OpCount).All(i => OperandMatch.IsSupported(info.GetOpKind(i)));
    }

    // Their memory has another layout; nobody means them who does not say so, and there is no way of saying it.
    private static bool Is16BitState(MemorySize size) => size is MemorySize.FpuEnv14 or MemorySize.FpuState94;

    private static Dictionary<string, PseudoMnemonic> BuildPseudo()
    {
        var table = new Dictionary<string, PseudoMnemonic>(StringComparer.OrdinalIgnoreCase);
        foreach (var type in new[] { "ps", "pd", "ss", "sd" })
        {
            for (var i = 0; i < s_comparisons.Length; i++)
            {
                if (i < 8)
                {
                    table[$"cmp{s_comparisons[i]}{type}"] = new PseudoMnemonic($"cmp{type}", (byte)i);
                }

                table[$"vcmp{s_comparisons[i]}{type}"] = new PseudoMnemonic($"vcmp{type}", (byte)i);
            }
        }

        foreach (var (halves, value) in new[] { ("lqlq", 0x00), ("hqlq", 0x01), ("lqhq", 0x10), ("hqhq", 0x11) })
        {
            table[$"pclmul{halves}dq"] = new PseudoMnemonic("pclmulqdq", (byte)value);
            table[$"vpclmul{halves}dq"] = new PseudoMnemonic("vpclmulqdq", (byte)value);
        }

        return table;
    }
}

/// <param name="Name">The instruction.</param>
/// <param name="Immediate">Its last operand.</param>
internal sealed record PseudoMnemonic(string Name, byte Immediate)
{
    public override string ToString() => Name + " " + Immediate.ToString(CultureInfo.InvariantCulture);
}
