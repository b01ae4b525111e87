using System;
using System.Collections.Generic;
using Iced.Intel;
using IcedCode = Iced.Intel.Code;

namespace HvDbg.Client.Assembly;

/// <summary>One form of an instruction with the operands that were written for it, ready to be encoded anywhere.</summary>
internal sealed class InstructionForm(IcedCode code, IReadOnlyList<AssemblyOperand> operands, AssemblyPrefixes prefixes)
{
    internal IcedCode Code { get; } = code;

    internal OpCodeInfo Info { get; } = code.ToOpCode();

    /// <summary>Operands of the text, one for each of the form's that are not implied.</summary>
    internal IReadOnlyList<AssemblyOperand> Operands { get; } = operands;

    internal AssemblyPrefixes Prefixes { get; } = prefixes;

    /// <summary>The operand that is a branch target; null: it is no branch.</summary>
    internal AssemblyOperand? Target => Info.OpCount == 1 && OperandMatch.IsBranch(Info.Op0Kind) ? Operands[0] : null;

    internal bool IsShort => Info.OpCount == 1 && Info.Op0Kind == OpCodeOperandKind.br64_1;

    /// <summary>Makes the instruction as it stands at an address.</summary>
    /// <param name="address">Where it stands.</param>
    /// <param name="length">Its bytes, or 0 where they are not known yet.</param>
    /// <param name="resolve">The address or number that a value is.</param>
    internal Instruction Build(ulong address, int length, Func<AssemblyValue, ulong> resolve)
    {
        var instruction = new Instruction { Code = Code, CodeSize = CodeSize.Code64, IP = address };
        var written = 0;
        var immediates = 0;
        for (var i = 0; i < Info.OpCount; i++)
        {
            var kind = Info.GetOpKind(i);
            if (OperandMatch.IsImplied(kind))
            {
                SetImplied(ref instruction, i, kind);
                continue;
            }

            var operand = Operands[written++];
            if (OperandMatch.IsBranch(kind))
            {
                instruction.SetOpKind(i, OpKind.NearBranch64);
                instruction.NearBranch64 = resolve(operand.Value);
            }
            else if (operand.Kind == AssemblyOperandKind.Register)
            {
                instruction.SetOpKind(i, OpKind.Register);
                instruction.SetOpRegister(i, Widened(kind, operand.Register));
            }
            else if (operand.Kind == AssemblyOperandKind.Memory)
            {
                SetMemory(ref instruction, i, operand, address + (uint)length, resolve);
            }
            else
            {
                instruction.SetOpKind(i, ImmediateKind(kind, immediates++));
                instruction.SetImmediate(i, (ulong)OperandMatch.Low64(operand.Value.Constant));
            }
        }

        SetPrefixes(ref instruction);
        return instruction;
    }

    private void SetPrefixes(ref Instruction instruction)
    {
        // Only what is there is set: xrelease and rep, xacquire and repne are one bit each, which writing "no" clears.
        instruction.HasLockPrefix = Prefixes.Lock is not null;
        if (Prefixes.Repeat is not null || Prefixes.Release is not null)
        {
            instruction.HasRepPrefix = true;
        }

        if (Prefixes.RepeatNotEqual is not null || Prefixes.Acquire is not null)
        {
            instruction.HasRepnePrefix = true;
        }

        if (Prefixes.Segment != Register.None)
        {
            instruction.SegmentPrefix = Prefixes.Segment;
        }
    }

    // "mov ds, ax" is "mov ds, eax" without a prefix byte: the upper half of the register is not looked at.
    private static Register Widened(OpCodeOperandKind kind, Register register) =>
        kind == OpCodeOperandKind.r32_or_mem && register.IsGPR16() ? Register.EAX + (register - Register.AX) : register;

    private static void SetImplied(ref Instruction instruction, int index, OpCodeOperandKind kind)
    {
        switch (kind)
        {
            case OpCodeOperandKind.seg_rSI:
                instruction.SetOpKind(index, OpKind.MemorySegRSI);
                break;
            case OpCodeOperandKind.es_rDI:
                instruction.SetOpKind(index, OpKind.MemoryESRDI);
                break;
            case OpCodeOperandKind.seg_rDI:
                instruction.SetOpKind(index, OpKind.MemorySegRDI);
                break;
            default:
                instruction.SetOpKind(index, OpKind.Memory);
                instruction.MemoryBase = Register.RBX;
                instruction.MemoryIndex = Register.AL;
                break;
        }
    }

    private static void SetMemory(ref Instruction instruction, int index, AssemblyOperand operand, ulong next, Func<AssemblyValue, ulong> resolve)
    {
        instruction.SetOpKind(index, OpKind.Memory);
        instruction.MemoryBase = operand.Base;
        instruction.MemoryIndex = operand.Index;
        instruction.MemoryIndexScale = operand.Scale;
        instruction.SegmentPrefix = operand.Segment;
        if (operand.Rip != RipForm.None)
        {
            var value = resolve(operand.Value);
            instruction.MemoryDisplacement64 = operand.Rip == RipForm.Target ? value : next + value;
            instruction.MemoryDisplSize = 8;
            return;
        }

        // Iced: 1 lets the encoder choose between one byte and four, 8 is a sign-extended or whole 64-bit address, 0 is none.
        var displacement = OperandMatch.Low64(operand.Value.Constant);
        var hasRegister = operand.Base != Register.None || operand.Index != Register.None;
        var narrow = operand.Base.IsGPR32() || operand.Index.IsGPR32();
        instruction.MemoryDisplacement64 = narrow ? (uint)displacement : (ulong)displacement;
        instruction.MemoryDisplSize = hasRegister ? displacement == 0 ? 0 : 1 : 8;
    }

    private static OpKind ImmediateKind(OpCodeOperandKind kind, int number) => kind switch
    {
        OpCodeOperandKind.imm8 or OpCodeOperandKind.imm8_const_1 => number == 0 ? OpKind.Immediate8 : OpKind.Immediate8_2nd,
        OpCodeOperandKind.imm8sex16 => OpKind.Immediate8to16,
        OpCodeOperandKind.imm8sex32 => OpKind.Immediate8to32,
        OpCodeOperandKind.imm8sex64 => OpKind.Immediate8to64,
        OpCodeOperandKind.imm16 => OpKind.Immediate16,
        OpCodeOperandKind.imm32 => OpKind.Immediate32,
        OpCodeOperandKind.imm32sex64 => OpKind.Immediate32to64,
        _ => OpKind.Immediate64,
    };
}
