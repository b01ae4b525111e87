using System;
using System.Collections.Generic;
using Iced.Intel;

namespace HvDbg.Client.Assembly;

internal enum MatchFault
{
    None,

    /// <summary>Another sort of operand.</summary>
    Kind,

    /// <summary>The right sort of register or memory, of another size.</summary>
    Size,

    /// <summary>A number that does not fit.</summary>
    Range,
}

/// <summary>Whether an operand as written is one that an instruction's form takes, by Iced's kinds of operands.</summary>
internal static class OperandMatch
{
    private static readonly Dictionary<OpCodeOperandKind, RegisterClass> s_registers = new()
    {
        [OpCodeOperandKind.r8_or_mem] = RegisterClass.General8,
        [OpCodeOperandKind.r8_reg] = RegisterClass.General8,
        [OpCodeOperandKind.r8_opcode] = RegisterClass.General8,
        [OpCodeOperandKind.r16_or_mem] = RegisterClass.General16,
        [OpCodeOperandKind.r16_reg] = RegisterClass.General16,
        [OpCodeOperandKind.r16_reg_mem] = RegisterClass.General16,
        [OpCodeOperandKind.r16_rm] = RegisterClass.General16,
        [OpCodeOperandKind.r16_opcode] = RegisterClass.General16,
        [OpCodeOperandKind.r32_or_mem] = RegisterClass.General32,
        [OpCodeOperandKind.r32_reg] = RegisterClass.General32,
        [OpCodeOperandKind.r32_reg_mem] = RegisterClass.General32,
        [OpCodeOperandKind.r32_rm] = RegisterClass.General32,
        [OpCodeOperandKind.r32_opcode] = RegisterClass.General32,
        [OpCodeOperandKind.r32_vvvv] = RegisterClass.General32,
        [OpCodeOperandKind.r64_or_mem] = RegisterClass.General64,
        [OpCodeOperandKind.r64_reg] = RegisterClass.General64,
        [OpCodeOperandKind.r64_reg_mem] = RegisterClass.General64,
        [OpCodeOperandKind.r64_rm] = RegisterClass.General64,
        [OpCodeOperandKind.r64_opcode] = RegisterClass.General64,
        [OpCodeOperandKind.r64_vvvv] = RegisterClass.General64,
        [OpCodeOperandKind.mm_or_mem] = RegisterClass.Mmx,
        [OpCodeOperandKind.mm_reg] = RegisterClass.Mmx,
        [OpCodeOperandKind.mm_rm] = RegisterClass.Mmx,
        [OpCodeOperandKind.xmm_or_mem] = RegisterClass.Xmm,
        [OpCodeOperandKind.xmm_reg] = RegisterClass.Xmm,
        [OpCodeOperandKind.xmm_rm] = RegisterClass.Xmm,
        [OpCodeOperandKind.xmm_vvvv] = RegisterClass.Xmm,
        [OpCodeOperandKind.xmm_is4] = RegisterClass.Xmm,
        [OpCodeOperandKind.ymm_or_mem] = RegisterClass.Ymm,
        [OpCodeOperandKind.ymm_reg] = RegisterClass.Ymm,
        [OpCodeOperandKind.ymm_rm] = RegisterClass.Ymm,
        [OpCodeOperandKind.ymm_vvvv] = RegisterClass.Ymm,
        [OpCodeOperandKind.ymm_is4] = RegisterClass.Ymm,
        [OpCodeOperandKind.seg_reg] = RegisterClass.Segment,
        [OpCodeOperandKind.cr_reg] = RegisterClass.Control,
        [OpCodeOperandKind.dr_reg] = RegisterClass.Debug,
        [OpCodeOperandKind.sti_opcode] = RegisterClass.Float,
    };

    private static readonly Dictionary<OpCodeOperandKind, Register> s_fixed = new()
    {
        [OpCodeOperandKind.al] = Register.AL,
        [OpCodeOperandKind.cl] = Register.CL,
        [OpCodeOperandKind.ax] = Register.AX,
        [OpCodeOperandKind.dx] = Register.DX,
        [OpCodeOperandKind.eax] = Register.EAX,
        [OpCodeOperandKind.rax] = Register.RAX,
        [OpCodeOperandKind.st0] = Register.ST0,
        [OpCodeOperandKind.es] = Register.ES,
        [OpCodeOperandKind.cs] = Register.CS,
        [OpCodeOperandKind.ss] = Register.SS,
        [OpCodeOperandKind.ds] = Register.DS,
        [OpCodeOperandKind.fs] = Register.FS,
        [OpCodeOperandKind.gs] = Register.GS,
    };

    private enum RegisterClass
    {
        None,
        General8,
        General16,
        General32,
        General64,
        Mmx,
        Xmm,
        Ymm,
        Segment,
        Control,
        Debug,
        Float,
    }

    /// <summary>Whether text can name operands of this kind.</summary>
    internal static bool IsSupported(OpCodeOperandKind kind) =>
        s_registers.ContainsKey(kind) || s_fixed.ContainsKey(kind) || IsMemoryOnly(kind) || IsImplied(kind) || ImmediateBits(kind) != 0 || IsBranch(kind);

    /// <summary>Memory that the instruction addresses by itself: nothing, or the plain register in brackets, is written for it.</summary>
    internal static bool IsImplied(OpCodeOperandKind kind) =>
        kind is OpCodeOperandKind.seg_rSI or OpCodeOperandKind.es_rDI or OpCodeOperandKind.seg_rDI or OpCodeOperandKind.seg_rBX_al;

    internal static bool IsBranch(OpCodeOperandKind kind) =>
        kind is OpCodeOperandKind.br64_1 or OpCodeOperandKind.br64_4 or OpCodeOperandKind.xbegin_4;

    /// <summary>Bits of an immediate operand's value before its extension; 0: it is no immediate.</summary>
    internal static int ImmediateBits(OpCodeOperandKind kind) => kind switch
    {
        OpCodeOperandKind.imm8 or OpCodeOperandKind.imm8_const_1 or OpCodeOperandKind.imm8sex16 or OpCodeOperandKind.imm8sex32
            or OpCodeOperandKind.imm8sex64 => 8,
        OpCodeOperandKind.imm16 => 16,
        OpCodeOperandKind.imm32 or OpCodeOperandKind.imm32sex64 => 32,
        OpCodeOperandKind.imm64 => 64,
        _ => 0,
    };

    internal static bool TakesMemory(OpCodeOperandKind kind) => IsMemoryOnly(kind) || kind
        is OpCodeOperandKind.r8_or_mem or OpCodeOperandKind.r16_or_mem or OpCodeOperandKind.r32_or_mem or OpCodeOperandKind.r64_or_mem
        or OpCodeOperandKind.mm_or_mem or OpCodeOperandKind.xmm_or_mem or OpCodeOperandKind.ymm_or_mem;

    /// <summary>Compares one operand. <paramref name="reducesToWord"/>: a 16-bit register may stand for a 32-bit one (mov ds, ax).</summary>
    internal static MatchFault Compare(OpCodeInfo form, OpCodeOperandKind kind, AssemblyOperand operand, bool reducesToWord) => operand.Kind switch
    {
        AssemblyOperandKind.Register => CompareRegister(kind, operand.Register, reducesToWord),
        AssemblyOperandKind.Memory => CompareMemory(form, kind, operand),
        _ => CompareValue(kind, operand),
    };

    private static bool IsMemoryOnly(OpCodeOperandKind kind) => kind
        is OpCodeOperandKind.mem or OpCodeOperandKind.mem_offs or OpCodeOperandKind.mem_vsib32x or OpCodeOperandKind.mem_vsib64x
        or OpCodeOperandKind.mem_vsib32y or OpCodeOperandKind.mem_vsib64y;

    private static MatchFault CompareRegister(OpCodeOperandKind kind, Register register, bool reducesToWord)
    {
        if (s_fixed.TryGetValue(kind, out var only))
        {
            return register == only ? MatchFault.None
                : IsGeneral(ClassOf(register)) && IsGeneral(ClassOf(only)) && register.GetFullRegister() == only.GetFullRegister() ? MatchFault.Size
                : MatchFault.Kind;
        }

        if (!s_registers.TryGetValue(kind, out var wanted))
        {
            return MatchFault.Kind;
        }

        var found = ClassOf(register);
        if (found == wanted || (reducesToWord && kind == OpCodeOperandKind.r32_or_mem && found == RegisterClass.General16))
        {
            return MatchFault.None;
        }

        return (IsGeneral(found) && IsGeneral(wanted)) || (IsVector(found) && IsVector(wanted)) ? MatchFault.Size : MatchFault.Kind;
    }

    private static MatchFault CompareMemory(OpCodeInfo form, OpCodeOperandKind kind, AssemblyOperand operand)
    {
        if (!TakesMemory(kind) || IsFar(form) != (operand.Reach == BranchReach.Far))
        {
            return MatchFault.Kind;
        }

        var vector = operand.Index.IsVectorRegister() ? ClassOf(operand.Index) : RegisterClass.None;
        var wanted = kind switch
        {
            OpCodeOperandKind.mem_vsib32x or OpCodeOperandKind.mem_vsib64x => RegisterClass.Xmm,
            OpCodeOperandKind.mem_vsib32y or OpCodeOperandKind.mem_vsib64y => RegisterClass.Ymm,
            _ => RegisterClass.None,
        };
        if (vector != wanted || operand.IsWideAbsolute != (kind == OpCodeOperandKind.mem_offs))
        {
            return MatchFault.Kind;
        }

        var size = form.MemorySize.GetSize();
        return operand.Size == 0 || size == 0 || operand.Size == size || IsTable(form.MemorySize, operand.Size) ? MatchFault.None : MatchFault.Size;
    }

    private static MatchFault CompareValue(OpCodeOperandKind kind, AssemblyOperand operand)
    {
        if (IsBranch(kind))
        {
            return operand.Size == 0 && operand.Reach switch
            {
                BranchReach.Any => true,
                BranchReach.Short => kind == OpCodeOperandKind.br64_1,
                BranchReach.Near => kind is OpCodeOperandKind.br64_4 or OpCodeOperandKind.xbegin_4,
                _ => false,
            }
                ? MatchFault.None
                : MatchFault.Kind;
        }

        if (ImmediateBits(kind) == 0 || !operand.Value.IsNumber || operand.Reach != BranchReach.Any)
        {
            return MatchFault.Kind;
        }

        return Fits(kind, operand.Value.Constant) ? MatchFault.None : MatchFault.Range;
    }

    /// <summary>Whether a number is what the processor makes of the immediate: the same bits at the operand's size.</summary>
    private static bool Fits(OpCodeOperandKind kind, Int128 value) => kind switch
    {
        OpCodeOperandKind.imm8_const_1 => value == 1,
        OpCodeOperandKind.imm8 => Within(value, 8),
        OpCodeOperandKind.imm16 => Within(value, 16),
        OpCodeOperandKind.imm32 => Within(value, 32),
        OpCodeOperandKind.imm64 => Within(value, 64),
        OpCodeOperandKind.imm8sex16 => Within(value, 16) && (short)(ushort)(value & 0xFFFF) is >= sbyte.MinValue and <= sbyte.MaxValue,
        OpCodeOperandKind.imm8sex32 => Within(value, 32) && (int)(uint)(value & 0xFFFF_FFFF) is >= sbyte.MinValue and <= sbyte.MaxValue,
        OpCodeOperandKind.imm8sex64 => Within(value, 64) && Low64(value) is >= sbyte.MinValue and <= sbyte.MaxValue,
        OpCodeOperandKind.imm32sex64 => Within(value, 64) && Low64(value) is >= int.MinValue and <= int.MaxValue,
        _ => false,
    };

    internal static long Low64(Int128 value) => unchecked((long)(ulong)(UInt128)value);

    private static bool Within(Int128 value, int bits) => value >= -(Int128.One << (bits - 1)) && value < (Int128.One << bits);

    /// <summary>A far pointer, or the memory operand of call and jmp that holds one.</summary>
    internal static bool IsFar(OpCodeInfo form) =>
        form.Mnemonic is Mnemonic.Call or Mnemonic.Jmp && form.MemorySize is MemorySize.SegPtr16 or MemorySize.SegPtr32 or MemorySize.SegPtr64;

    // Disassemblers write the ten bytes of a descriptor table register as fword, after their 32-bit form.
    private static bool IsTable(MemorySize size, int written) => size is MemorySize.Fword10 or MemorySize.Fword6 && written is 6 or 10;

    private static bool IsGeneral(RegisterClass register) => register is >= RegisterClass.General8 and <= RegisterClass.General64;

    private static bool IsVector(RegisterClass register) => register is >= RegisterClass.Mmx and <= RegisterClass.Ymm;

    private static RegisterClass ClassOf(Register register) => register switch
    {
        _ when register.IsGPR8() => RegisterClass.General8,
        _ when register.IsGPR16() => RegisterClass.General16,
        _ when register.IsGPR32() => RegisterClass.General32,
        _ when register.IsGPR64() => RegisterClass.General64,
        _ when register.IsMM() => RegisterClass.Mmx,
        >= Register.XMM0 and <= Register.XMM15 => RegisterClass.Xmm,
        >= Register.YMM0 and <= Register.YMM15 => RegisterClass.Ymm,
        _ when register.IsSegmentRegister() => RegisterClass.Segment,
        _ when register.IsCR() => RegisterClass.Control,
        _ when register.IsDR() => RegisterClass.Debug,
        _ when register.IsST() => RegisterClass.Float,
        _ => RegisterClass.None,
    };
}
