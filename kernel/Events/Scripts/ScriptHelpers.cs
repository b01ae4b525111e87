using HvKernel.Cpu;
using HvKernel.Link.Requests;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events.Scripts;

/// <summary>The helpers of compiled scripts by their numbers. Whatever a script passes is untrusted: a bad argument ends the script and nothing else.</summary>
public static unsafe class ScriptHelpers
{
    private const ulong Microseconds = 1_000_000;

    /// <summary>Carries out one call.</summary>
    public static void Call(VCpu* vcpu, ScriptHelper helper, ref ScriptCall call)
    {
        switch (helper)
        {
            case ScriptHelper.Fail:
                Fail(ref call);
                break;
            case ScriptHelper.Print:
                ScriptPrinting.Print(vcpu, ref call);
                break;
            case ScriptHelper.ReadRegister:
                ScriptRegisters.Read(vcpu, ref call);
                break;
            case ScriptHelper.WriteRegister:
                ScriptRegisters.Write(vcpu, ref call);
                break;
            case ScriptHelper.PseudoRegister:
                ScriptPseudoRegisters.Read(vcpu, ref call);
                break;
            case ScriptHelper.CheckAddress:
                ScriptGuestMemory.Check(vcpu, ref call);
                break;
            case ScriptHelper.VirtualToPhysical:
                ScriptGuestMemory.ToPhysical(vcpu, ref call);
                break;
            case ScriptHelper.PhysicalToVirtual:
                ScriptGuestMemory.ToVirtual(vcpu, ref call);
                break;
            case ScriptHelper.Write:
                ScriptGuestMemory.Write(vcpu, ref call);
                break;
            case ScriptHelper.ReadPhysical:
                ScriptGuestMemory.ReadPhysical(vcpu, ref call);
                break;
            case ScriptHelper.WritePhysical:
                ScriptGuestMemory.WritePhysical(vcpu, ref call);
                break;
            case ScriptHelper.CopyPhysical:
                ScriptGuestMemory.CopyPhysical(vcpu, ref call);
                break;
            case ScriptHelper.ModifyEvent:
                ScriptEvents.Modify(vcpu, ref call);
                break;
            case ScriptHelper.ShortCircuit:
                vcpu->Runner.Registers->ShortCircuit = call.Argument0 != 0 ? 1UL : 0UL;
                break;
            case ScriptHelper.Inject:
                ScriptEvents.Inject(vcpu, ref call);
                break;
            case ScriptHelper.Pause:
                vcpu->Machine->Scripts.Effects.Pause = true;
                break;
            case ScriptHelper.Flush:
                FlushReply reply;
                EventRequests.Flush(vcpu, &reply);
                break;
            case ScriptHelper.Microsleep:
                Sleep(vcpu, call.Argument0);
                break;
            case ScriptHelper.InstructionLength:
                // The target decodes no instructions of the guest: there is none whose length it could tell.
                break;
            case ScriptHelper.Test:
                break;
            default:
                call.Fail(ScriptFailure.Argument, (ulong)helper);
                break;
        }
    }

    private static void Fail(ref ScriptCall call)
    {
        var kind = (ScriptFailure)(uint)call.Argument0;
        call.Fail(kind is >= ScriptFailure.Budget and <= ScriptFailure.Argument ? kind : ScriptFailure.Argument, call.Argument1);
    }

    // The gate looks at the limit of the run when this comes back.
    private static void Sleep(VCpu* vcpu, ulong microseconds)
    {
        var now = Processor.Tsc();
        var end = vcpu->Runner.Context->Deadline;
        if (microseconds < Microseconds && now + (microseconds * vcpu->Machine->TickFrequency / Microseconds) < end)
        {
            end = now + (microseconds * vcpu->Machine->TickFrequency / Microseconds);
        }

        while (Processor.Tsc() < end)
        {
            Processor.Pause();
        }
    }
}
