using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;
using IcedCode = Iced.Intel.Code;

namespace HvDbg.Tests.Assembly;

/// <summary>Lines for every form of an instruction: operands of the kinds that Iced lists, written in the syntax that both assemblers share.</summary>
internal static class SampleLines
{
    /// <summary>All forms of the instruction, by registers and by memory.</summary>
    internal static IEnumerable<string> Of(string mnemonic, IEnumerable<IcedCode> codes) => codes.SelectMany(c => Of(mnemonic, c)).Distinct();

    private static IEnumerable<string> Of(string mnemonic, IcedCode code)
    {
        var info = code.ToOpCode();
        var kinds = Enumerable.Range(0, info.OpCount).Select(info.GetOpKind).ToList();
        if (kinds.Any(k => k is OpCodeOperandKind.seg_rSI or OpCodeOperandKind.es_rDI or OpCodeOperandKind.seg_rBX_al))
        {
            yield return mnemonic;
            yield break;
        }

        // The forms with 16-bit targets are AMD's.
        if (kinds.Any(k => k is OpCodeOperandKind.xbegin_2 or OpCodeOperandKind.br16_1 or OpCodeOperandKind.br16_2))
        {
            yield break;
        }

        kinds.RemoveAll(k => k == OpCodeOperandKind.seg_rDI);
        foreach (var memory in kinds.Any(IsEither) ? new[] { false, true } : [true])
        {
            for (var variant = 0; variant < 2; variant++)
            {
                yield return $"{mnemonic} {string.Join(", ", kinds.Select((k, i) => Operand(info, k, i, memory, variant)))}".TrimEnd();
            }
        }
    }

    private static bool IsEither(OpCodeOperandKind kind) => kind.ToString().EndsWith("_or_mem", StringComparison.Ordinal);

    private static string Operand(OpCodeInfo info, OpCodeOperandKind kind, int place, bool memory, int variant)
    {
        if (memory && IsEither(kind))
        {
            return Size(info) + Address(variant);
        }

        var number = (2 * place) + 1 + (variant * 8);
        return kind switch
        {
            OpCodeOperandKind.mem => (info.Mnemonic is Mnemonic.Call or Mnemonic.Jmp ? "far " : "") + Size(info) + Address(variant),
            OpCodeOperandKind.mem_offs => variant == 0 ? "[0x1122334455667788]" : "[0xfedcba9876543210]",
            OpCodeOperandKind.mem_vsib32x or OpCodeOperandKind.mem_vsib64x => $"{Size(info)}[rdx+xmm{number}*4+0x10]",
            OpCodeOperandKind.mem_vsib32y or OpCodeOperandKind.mem_vsib64y => $"{Size(info)}[rdx+ymm{number}*4+0x10]",
            OpCodeOperandKind.seg_reg => variant == 0 ? "ds" : "gs",
            OpCodeOperandKind.cr_reg => variant == 0 ? "cr3" : "cr8",
            OpCodeOperandKind.dr_reg => variant == 0 ? "dr7" : "dr0",
            OpCodeOperandKind.sti_opcode => variant == 0 ? "st3" : "st7",
            OpCodeOperandKind.st0 => "st0",
            OpCodeOperandKind.imm8_const_1 => "1",
            OpCodeOperandKind.imm8 => variant == 0 ? "5" : "0x7f",
            OpCodeOperandKind.imm8sex16 or OpCodeOperandKind.imm8sex32 or OpCodeOperandKind.imm8sex64 => variant == 0 ? "5" : "-3",
            OpCodeOperandKind.imm16 => "0x1234",
            OpCodeOperandKind.imm32 => variant == 0 ? "0x12345678" : "0x87654321",
            OpCodeOperandKind.imm32sex64 => variant == 0 ? "0x12345678" : "-0x12345678",
            OpCodeOperandKind.imm64 => variant == 0 ? "0x1122334455667788" : "-1",
            OpCodeOperandKind.br64_1 => variant == 0 ? "$+0x20" : "$-0x20",
            OpCodeOperandKind.br64_4 or OpCodeOperandKind.xbegin_4 => variant == 0 ? "$+0x12345" : "$-0x12345",
            _ => RegisterName(kind, number),
        };
    }

    private static string RegisterName(OpCodeOperandKind kind, int number)
    {
        var name = kind.ToString();
        var at = name.IndexOf('_', StringComparison.Ordinal);
        return at < 0 ? name : name[..at] switch
        {
            "r8" => Registers(Register.AL, number),
            "r16" => Registers(Register.AX, number),
            "r32" => Registers(Register.EAX, number),
            "r64" => Registers(Register.RAX, number),
            "mm" => $"mm{number % 8}",
            "xmm" => $"xmm{number}",
            "ymm" => $"ymm{number}",
            _ => throw new NotSupportedException(name),
        };
    }

    private static string Registers(Register first, int number)
    {
        // Of 8-bit registers the list has ah, ch, dh, bh and then spl to r15b: r8b is the 16th after al.
        var register = first + (first == Register.AL && number >= 4 ? number + 4 : number);
        var name = register.ToString().ToLowerInvariant();
        return name.EndsWith('l') && name[0] == 'r' ? name[..^1] + "b" : name;
    }

    private static string Address(int variant) => variant == 0 ? "[rbx+rsi*4+0x10]" : "[r13+0x12345]";

    private static string Size(OpCodeInfo info) => info.MemorySize.GetSize() switch
    {
        1 => "byte ",
        2 => "word ",
        4 => "dword ",
        8 => "qword ",
        6 => "fword ",
        10 when info.MemorySize != MemorySize.Fword10 => "tword ",
        16 => "oword ",
        32 => "yword ",
        _ => "",
    };
}
