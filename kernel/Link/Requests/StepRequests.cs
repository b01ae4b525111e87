using HvKernel.Protocol;
using HvKernel.Stepping;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>Steps.</summary>
public static unsafe class StepRequests
{
    private const int KindOffset = 4;
    private const int PeersOffset = 5;
    private const int LimitOffset = 8;

    /// <summary>Carried out on the processor that is to step.</summary>
    public static int Step(VCpu* vcpu, StepRequest* request, int length, StatusReply* reply)
    {
        if (length != sizeof(StepRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        if (request->Kind > StepKind.Out)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadField, KindOffset);
        }

        if (request->Peers > StepPeers.Hold)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadField, PeersOffset);
        }

        if (request->Limit == 0)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadField, LimitOffset);
        }

        if (RequestDispatch.Processor(vcpu, request->Processor) == null)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.NoSuchProcessor);
        }

        var refusal = Refusal(vcpu->Machine, out var detail);
        if (refusal != ReplyStatus.Ok)
        {
            return RequestDispatch.Refuse(&reply->Header, refusal, detail);
        }

        StepEngine.Begin(vcpu, request->Kind, request->Peers == StepPeers.Hold, request->Limit);
        return SessionRequests.Status(vcpu, reply);
    }

    /// <summary>Why there can be no step and no breakpoint now; Ok where there can.</summary>
    public static ReplyStatus Refusal(Machine* machine, out uint detail)
    {
        detail = 0;
        if (machine->ObserveOnly)
        {
            return ReplyStatus.ObserveOnly;
        }

        if (machine->State != TargetState.Stopped)
        {
            return ReplyStatus.NotStopped;
        }

        if (SessionRequests.HasMonitorTrap(machine))
        {
            return ReplyStatus.Ok;
        }

        detail = (uint)TargetCapabilities.MonitorTrap;
        return ReplyStatus.FeatureMissing;
    }
}
