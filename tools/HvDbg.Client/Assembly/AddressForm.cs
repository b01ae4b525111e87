using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace HvDbg.Client.Assembly;

/// <summary>
/// Makes base, index and scale of the sum in brackets, with the shorter form where two mean the same: [rax*2] becomes [rax+rax], which
/// needs no four bytes of displacement (SDM vol. 2A, "ModR/M and SIB Bytes": an index without a base has one).
/// </summary>
internal static class AddressForm
{
    internal static AssemblyOperand Apply(AssemblyOperand operand, LinearValue sum, bool relative, Func<string, AssemblyException> error)
    {
        var registers = sum.Registers;
        if (registers.Any(r => r.Register is Register.RIP or Register.EIP))
        {
            return RipRelative(operand, sum, error);
        }

        if (registers.Count == 0)
        {
            return WithoutRegisters(operand, sum, relative, error);
        }

        if (relative)
        {
            throw error("rel is for an address without registers");
        }

        if (sum.Label is not null)
        {
            throw error("a label and registers cannot stand in one address: lea a register with the label first");
        }

        CheckRegisters(registers, error);
        if (OperandMatch.Low64(sum.Constant) is < int.MinValue or > int.MaxValue && !FitsAddressSize(registers, sum.Constant))
        {
            throw error("the displacement does not fit: expected at most 32 bits with a sign");
        }

        var (first, index, scale) = Split(registers, error);
        return operand with { Base = first, Index = index, Scale = scale };
    }

    private static AssemblyOperand RipRelative(AssemblyOperand operand, LinearValue sum, Func<string, AssemblyException> error)
    {
        if (sum.Registers.Count != 1 || sum.Registers[0].Factor != 1)
        {
            throw error("rip cannot be combined with other registers");
        }

        if (sum.Registers[0].Register == Register.EIP)
        {
            throw error("expected rip: eip-relative addresses are not supported");
        }

        return operand with { Base = Register.RIP, Rip = sum.Label is null ? RipForm.Displacement : RipForm.Target };
    }

    private static AssemblyOperand WithoutRegisters(AssemblyOperand operand, LinearValue sum, bool relative, Func<string, AssemblyException> error)
    {
        // Code is placed anywhere, so a label is reached from where the instruction stands.
        if (relative || sum.Label is not null)
        {
            return operand with { Base = Register.RIP, Rip = RipForm.Target };
        }

        return sum.Constant >= -(Int128.One << 63) && sum.Constant < Int128.One << 64 ? operand : throw error("the address has more than 64 bits");
    }

    private static void CheckRegisters(IReadOnlyList<LinearTerm> registers, Func<string, AssemblyException> error)
    {
        foreach (var (register, factor) in registers)
        {
            if (!register.IsGPR64() && !register.IsGPR32() && !register.IsVectorRegister())
            {
                throw error($"{RegisterTable.Name(register)} cannot be in an address: expected 64-bit or 32-bit registers");
            }

            if (register.IsVectorRegister() && factor is not (1 or 2 or 4 or 8))
            {
                throw error("expected a scale of 1, 2, 4 or 8");
            }
        }

        var general = registers.Where(r => !r.Register.IsVectorRegister()).Select(r => r.Register.IsGPR32()).Distinct().Count();
        if (general > 1)
        {
            throw error("32-bit and 64-bit registers cannot stand in one address");
        }
    }

    private static bool FitsAddressSize(IReadOnlyList<LinearTerm> registers, Int128 constant) =>
        registers.Any(r => r.Register.IsGPR32()) && constant >= int.MinValue && constant <= uint.MaxValue;

    private static (Register Base, Register Index, int Scale) Split(IReadOnlyList<LinearTerm> registers, Func<string, AssemblyException> error)
    {
        if (registers.Count > 2)
        {
            throw error("expected at most a base and an index register");
        }

        if (registers.Count == 1)
        {
            var (only, factor) = registers[0];
            return only.IsVectorRegister() ? (Register.None, only, factor) : factor switch
            {
                1 => (only, Register.None, 1),
                2 or 3 or 5 or 9 when !IsStack(only) => (only, only, factor - 1),
                4 or 8 when !IsStack(only) => (Register.None, only, factor),
                _ when IsStack(only) => throw error($"{RegisterTable.Name(only)} cannot be an index register"),
                _ => throw error("expected a scale of 1, 2, 4 or 8"),
            };
        }

        var index = registers[1].Register.IsVectorRegister() || registers[0].Factor == 1 ? 1 : 0;
        if (registers[0].Register.IsVectorRegister() || (IsStack(registers[index].Register) && registers[index].Factor == 1 && registers[1 - index].Factor == 1))
        {
            index = 1 - index;
        }

        var (first, other) = (registers[1 - index], registers[index]);
        if (IsStack(other.Register))
        {
            throw error($"{RegisterTable.Name(other.Register)} cannot be an index register");
        }

        return first.Factor == 1 && other.Factor is 1 or 2 or 4 or 8
            ? (first.Register, other.Register, other.Factor)
            : throw error("expected a scale of 1, 2, 4 or 8, on one register");
    }

    private static bool IsStack(Register register) => register is Register.RSP or Register.ESP;
}
