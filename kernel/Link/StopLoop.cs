using HvKernel.Cpu;
using HvKernel.Guest;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Stepping;
using HvKernel.Vmx;

namespace HvKernel.Link;

/// <summary>
/// The guest stands still: the processor that holds <see cref="MachineLock"/> stays in root and serves the console until it says go, the others wait
/// (<see cref="Rendezvous.Attend"/>).
/// </summary>
public static unsafe class StopLoop
{
    /// <summary>Stops here and comes back when the console lets the guest go on.</summary>
    public static void Enter(VCpu* vcpu, StopReason reason, uint eventId, byte context)
    {
        Begin(vcpu, reason, eventId, context);
        Run(vcpu);
    }

    /// <summary>Notes why and where the guest stops, and tells the console. Nothing where it stands already.</summary>
    public static void Begin(VCpu* vcpu, StopReason reason, uint eventId, byte context)
    {
        var machine = vcpu->Machine;
        if (machine->State == TargetState.Stopped)
        {
            return;
        }

        machine->State = TargetState.Stopped;
        Rendezvous.StopOthers(vcpu);
        StepEngine.Cancel(vcpu);
        GuestState.SyncRsp(vcpu);
        Describe(vcpu, &machine->Stop);
        machine->Stop.Reason = reason;
        machine->Stop.Context = context;
        machine->Stop.EventId = eventId;
        LinkService.FlushAll(machine);
        *(StopInfo*)machine->Link.Payload = machine->Stop;
        machine->Link.SendUrgent(MessageType.Stopped, sizeof(StopInfo));
    }

    /// <summary>Serves the console as long as the guest is stopped.</summary>
    public static void Run(VCpu* vcpu)
    {
        var start = Processor.Tsc();
        while (vcpu->Machine->State == TargetState.Stopped)
        {
            LinkService.Serve(vcpu);
            vcpu->Machine->Link.Transmit();
            Processor.Pause();
        }

        vcpu->WaitTicks += Processor.Tsc() - start;
    }

    private static void Describe(VCpu* vcpu, StopInfo* stop)
    {
        *stop = default;
        stop->Processor = (ushort)vcpu->Number;
        stop->Rip = VmxInstruction.Read(Vmcs.GuestRip);
        stop->Rsp = vcpu->Registers->Rsp;
        stop->Cr3 = GuestState.Cr3(vcpu);
        stop->Tick = Processor.Tsc();
        stop->Bits = (byte)GuestState.CodeBits();
        GuestProcess.DescribeCurrent(vcpu, stop);

        var memory = Machine.Memory(vcpu->Machine);
        var linear = stop->Rip;
        if (stop->Bits != 64)
        {
            linear += VmxInstruction.Read(Vmcs.GuestCsBase);
        }

        stop->InstructionLength = (byte)GuestMemory.Read(ref memory, GuestState.Paging(vcpu), linear, stop->Instruction, 15, out _);
    }
}
