using System;
using HvKernel.Cpu;
using HvKernel.Guest;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events.Scripts;

/// <summary>Pseudo-registers. What names something of the guest's OS is 0 where that is not known, as is what only Windows has.</summary>
public static unsafe class ScriptPseudoRegisters
{
    // HyperDbg's numbers of events begin here.
    private const ulong FirstTag = 0x100_0000;

    public static void Read(VCpu* vcpu, ref ScriptCall call)
    {
        ref var scripts = ref vcpu->Machine->Scripts;
        var hasEvent = scripts.Subject.EventId != LinkProtocol.All;
        switch ((ScriptPseudoRegister)call.Argument0)
        {
            case ScriptPseudoRegister.Pid:
            case ScriptPseudoRegister.Tid:
            case ScriptPseudoRegister.Proc:
            case ScriptPseudoRegister.Thread:
            case ScriptPseudoRegister.Pname:
                call.Answer = OfTask(vcpu, (ScriptPseudoRegister)call.Argument0);
                break;
            case ScriptPseudoRegister.Peb:
            case ScriptPseudoRegister.Teb:
            case ScriptPseudoRegister.EventStage:
                // Windows has the first two; events here have the stage before alone, number 0.
                break;
            case ScriptPseudoRegister.Core:
                call.Answer = vcpu->Number;
                break;
            case ScriptPseudoRegister.Ip:
                call.Answer = VmxInstruction.Read(Vmcs.GuestRip);
                break;
            case ScriptPseudoRegister.Buffer:
                call.Answer = scripts.Subject.Buffer;
                break;
            case ScriptPseudoRegister.Context:
                call.Answer = scripts.Subject.Context;
                break;
            case ScriptPseudoRegister.EventTag:
                call.Answer = hasEvent ? FirstTag + scripts.Subject.EventId : 0;
                break;
            case ScriptPseudoRegister.EventId:
                call.Answer = hasEvent ? scripts.Subject.EventId : 0;
                break;
            case ScriptPseudoRegister.Date:
                WallClock.WriteDate(Now(vcpu), scripts.Memory.Text(ScriptMemory.DateText, out call.Answer));
                break;
            case ScriptPseudoRegister.Time:
                WallClock.WriteTime(Now(vcpu), scripts.Memory.Text(ScriptMemory.TimeText, out call.Answer));
                break;
            default:
                call.Fail(ScriptFailure.Argument, call.Argument0);
                break;
        }
    }

    private static ulong OfTask(VCpu* vcpu, ScriptPseudoRegister register)
    {
        var text = vcpu->Machine->Scripts.Memory.Text(ScriptMemory.NameText, out var address);
        if (!GuestProcess.TryCurrent(vcpu, out var task, out var leader))
        {
            text[0] = 0;
            return register == ScriptPseudoRegister.Pname ? address : 0;
        }

        switch (register)
        {
            case ScriptPseudoRegister.Pid:
                return task.Tgid;
            case ScriptPseudoRegister.Tid:
                return task.Pid;
            case ScriptPseudoRegister.Proc:
                return leader;
            case ScriptPseudoRegister.Thread:
                return task.Address;
            default:
                text[task.CopyName(new Span<byte>(text, LinkProtocol.NameBytes))] = 0;
                return address;
        }
    }

    private static ulong Now(VCpu* vcpu) => vcpu->Machine->Scripts.Clock.Now(Processor.Tsc(), vcpu->Machine->TickFrequency);
}
