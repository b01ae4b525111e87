using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>The guest's registers and parts of them.</summary>
internal sealed partial class FunctionCompiler
{
    private void LoadRegister(GuestRegister register, AssemblerRegister64 target)
    {
        if (Part(register) is { } part)
        {
            LoadMemory(Unsigned(register.Bits / 8), target, part);
            return;
        }

        LoadWhole(register.Id, target);
        if (register.Shift != 0)
        {
            A.shr(target, (byte)register.Shift);
        }

        if (register.Bits + register.Shift < 64)
        {
            Mask(target, register.Bits);
        }
    }

    /// <summary>Stores rax. Changes rax, rcx, rdx and r11.</summary>
    private void StoreRegister(GuestRegister register)
    {
        if (register.Id <= GuestRegisterId.R15 && Part(register) is { } part)
        {
            StoreMemory(register.Bits / 8, part, rax);
            return;
        }

        if (register.Bits == 64)
        {
            A.mov(rdx, rax);
        }
        else
        {
            // The other bits stay.
            var mask = ((1UL << register.Bits) - 1) << register.Shift;
            A.mov(rdx, rax);
            if (register.Shift != 0)
            {
                A.shl(rdx, (byte)register.Shift);
            }

            A.mov(rcx, mask);
            A.and(rdx, rcx);
            LoadWhole(register.Id, rax);
            A.mov(rcx, ~mask);
            A.and(rax, rcx);
            A.or(rdx, rax);
        }

        if (register.Id <= GuestRegisterId.R15)
        {
            A.mov(__qword_ptr[Plan.GuestRegisters!.Value + (8 * (int)register.Id)], rdx);
            return;
        }

        A.mov(ecx, (int)register.Id);
        Helper(ScriptHelper.WriteRegister);
    }

    /// <summary>The bytes of GUEST_REGS and the block behind it that a register is, if it is whole bytes of those.</summary>
    private AssemblerMemoryOperand? Part(GuestRegister register) =>
        ScriptNeeds.ScriptBlockOffset(register.Id) is { } offset && register.Bits is 8 or 16 or 32 or 64 && register.Shift % 8 == 0
            ? __qword_ptr[Plan.GuestRegisters!.Value + (offset + (register.Shift / 8))]
            : null;

    // A helper changes rax, rcx and r11 only.
    private void LoadWhole(GuestRegisterId register, AssemblerRegister64 target)
    {
        if (ScriptNeeds.ScriptBlockOffset(register) is { } offset)
        {
            A.mov(target, __qword_ptr[Plan.GuestRegisters!.Value + offset]);
            return;
        }

        A.mov(ecx, (int)register);
        Helper(ScriptHelper.ReadRegister);
        Move(target, rax);
    }

    private void Mask(AssemblerRegister64 register, int bits)
    {
        if (bits < 32)
        {
            A.and(register.Low32(), (1 << bits) - 1);
        }
        else if (bits == 32)
        {
            A.mov(register.Low32(), register.Low32());
        }
        else
        {
            A.shl(register, (byte)(64 - bits));
            A.shr(register, (byte)(64 - bits));
        }
    }
}
