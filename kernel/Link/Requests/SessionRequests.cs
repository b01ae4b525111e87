using HvKernel.Cpu;
using HvKernel.Protocol;
using HvKernel.Stepping;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>Attaching, and whether the guest runs.</summary>
public static unsafe class SessionRequests
{
    // Version 1 had the first word only; it is told our version all the same.
    private const int OldestHelloBytes = 4;

    public static int Hello(VCpu* vcpu, HelloRequest* request, int length, HelloReply* reply)
    {
        if (length != sizeof(HelloRequest) && length != OldestHelloBytes)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        var machine = vcpu->Machine;
        machine->ObserveOnly = length == sizeof(HelloRequest) && request->Manner == AttachManner.Observer;
        if (!machine->Link.HasConsole)
        {
            LogRing.Line(machine->Log, "HvKernel: a console has said hello"u8);
        }

        machine->Link.HasConsole = true;
        BootProof.Give(machine);
        machine->Link.ForgetReply();
        *reply = default;
        reply->ProtocolVersion = LinkProtocol.Version;
        reply->Capabilities = machine->HasModeBasedExecute ? TargetCapabilities.ModeBasedExecute
            : machine->HasShadowRoots ? TargetCapabilities.ShadowRoots : TargetCapabilities.None;
        if ((machine->Capabilities.EptVpid & EptVpidCapability.ExecuteOnly) != 0)
        {
            reply->Capabilities |= TargetCapabilities.ExecuteOnly;
        }

        if (HasMonitorTrap(machine))
        {
            reply->Capabilities |= TargetCapabilities.MonitorTrap;
        }

        reply->Processors = (ushort)machine->ProcessorCount;
        reply->MaximumPayload = Frame.MaximumPayload;
        reply->TickFrequency = machine->TickFrequency;
        reply->BootId = machine->BootId;
        for (var i = 0; i < 16; i++)
        {
            reply->BuildId[i] = machine->BuildId[i];
        }

        return sizeof(HelloReply);
    }

    /// <summary>Whether the processors can stop behind one instruction.</summary>
    public static bool HasMonitorTrap(Machine* machine) => (machine->Capabilities.PrimaryBased >> 32 & PrimaryBased.MonitorTrapFlag) != 0;

    public static int Status(VCpu* vcpu, StatusReply* reply)
    {
        var machine = vcpu->Machine;
        *reply = default;
        reply->State = machine->State;
        reply->Events = (uint)machine->Events.Count;
        reply->Tick = Processor.Tsc();
        reply->Dropped = machine->Link.Dropped;
        reply->DamagedFrames = machine->Link.Reader.Damaged;
        reply->NextSequence = machine->Link.NextSequence;
        if (machine->State == TargetState.Stopped)
        {
            reply->Stop = machine->Stop;
        }

        return sizeof(StatusReply);
    }

    public static int Pause(VCpu* vcpu, StatusReply* reply)
    {
        if (vcpu->Machine->ObserveOnly)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.ObserveOnly);
        }

        StopLoop.Begin(vcpu, StopReason.Pause, 0, 0);
        return Status(vcpu, reply);
    }

    public static int Continue(VCpu* vcpu, StatusReply* reply)
    {
        var machine = vcpu->Machine;
        if (machine->State == TargetState.Stopped)
        {
            StepEngine.PassHere(machine->Processors[machine->Stop.Processor]);
        }

        machine->State = TargetState.Running;
        return Status(vcpu, reply);
    }
}
