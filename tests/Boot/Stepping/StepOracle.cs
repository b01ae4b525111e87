using System;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;
using Iced.Intel;

namespace HvKernel.Boot.Tests.Stepping;

/// <summary>Where the processor goes from an instruction, by its decoded form, the registers and the memory: what the SDM says, and nothing of how steps are made.</summary>
internal static class StepOracle
{
    private const ulong TrapFlag = 1 << 8;
    private const ulong ZeroFlag = 1 << 6;

    /// <summary>Whether the trap of the guest's own trap flag comes before the instruction: <see cref="NextAsync"/> says where an instruction goes without it.</summary>
    internal static bool Traps(RegistersReply before) => (before.Rflags & TrapFlag) != 0;

    /// <summary>The address of the next instruction.</summary>
    internal static async Task<ulong> NextAsync(StepsGuest guest, RegistersReply registers)
    {
        var code = await guest.Debugger.ReadMemoryAsync(registers.Rip, 15, MemoryView.Physical);
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code), registers.Rip);
        decoder.Decode(out var instruction);
        var behind = instruction.NextIP;
        switch (instruction.Code)
        {
            case Code.Ud2 or Code.Vmcall:
                return guest["ud"];
            case Code.Int3:
                return guest["bp"];
            case Code.Int_imm8:
                return guest["i80"];
            case Code.Syscall:
                return guest["syscall"];
            case Code.Retnq or Code.Retfq or Code.Iretq:
                return await WordAsync(guest, registers.General.Rsp);
            case Code.Loop_rel8_64_RCX:
                return registers.General.Rcx != 1 ? instruction.NearBranchTarget : behind;
        }

        if (instruction.HasRepPrefix)
        {
            return registers.General.Rcx > 1 ? registers.Rip : behind;
        }

        return instruction.FlowControl switch
        {
            FlowControl.Next => behind,
            FlowControl.Call or FlowControl.UnconditionalBranch => instruction.NearBranchTarget,
            FlowControl.ConditionalBranch => Taken(instruction, registers) ? instruction.NearBranchTarget : behind,
            FlowControl.IndirectCall or FlowControl.IndirectBranch when instruction.Op0Kind == OpKind.Memory =>
                await WordAsync(guest, instruction.IPRelativeMemoryAddress),
            FlowControl.IndirectBranch when instruction.Op0Register == Register.RCX => registers.General.Rcx,
            FlowControl.IndirectCall or FlowControl.IndirectBranch when instruction.Op0Register == Register.RAX => registers.General.Rax,
            _ => throw new NotSupportedException($"{instruction.Code} at {registers.Rip:x}"),
        };
    }

    private static bool Taken(Instruction instruction, RegistersReply registers) => instruction.ConditionCode switch
    {
        ConditionCode.e => (registers.Rflags & ZeroFlag) != 0,
        ConditionCode.ne => (registers.Rflags & ZeroFlag) == 0,
        _ => throw new NotSupportedException($"{instruction.Code} at {registers.Rip:x}"),
    };

    private static async Task<ulong> WordAsync(StepsGuest guest, ulong address) =>
        BitConverter.ToUInt64(await guest.Debugger.ReadMemoryAsync(address, 8, MemoryView.Physical));
}
