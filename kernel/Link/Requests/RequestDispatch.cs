using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>Finds the handler of a request. Each gets the payload, checks its length, writes its reply and answers the reply's length.</summary>
public static unsafe class RequestDispatch
{
    /// <summary>As <see cref="Handle"/>, on the processor that the request names: what is asked for stands in its VMCS.</summary>
    public static int HandleWhereNamed(VCpu* vcpu, MessageType type, byte* payload, int length, byte* reply)
    {
        var named = Named(type, payload, length);
        if (named == LinkProtocol.All || named == vcpu->Number || named >= vcpu->Machine->ProcessorCount)
        {
            return Handle(vcpu, type, payload, length, reply);
        }

        var remote = &vcpu->Machine->Remote;
        remote->Type = type;
        remote->Payload = payload;
        remote->Length = length;
        remote->Reply = reply;
        if (Rendezvous.On(vcpu->Machine->Processors[named], RemoteWork.Request))
        {
            return remote->ReplyLength;
        }

        *(ReplyHeader*)reply = default;
        return Refuse((ReplyHeader*)reply, ReplyStatus.ProcessorAway, named);
    }

    // The first word of most of these requests is the processor.
    private static uint Named(MessageType type, byte* payload, int length)
    {
        switch (type)
        {
            case MessageType.ReadRegisters:
            case MessageType.WriteRegister:
            case MessageType.ReadMsr:
            case MessageType.WriteMsr:
            case MessageType.ReadMemory:
            case MessageType.WriteMemory:
            case MessageType.Translate:
            case MessageType.Step:
                return length < sizeof(uint) ? LinkProtocol.All : *(uint*)payload;
            case MessageType.RunCode:
                return length < sizeof(RunCodeRequest) ? LinkProtocol.All : ((RunCodeRequest*)payload)->Processor;
            default:
                return LinkProtocol.All;
        }
    }

    public static int Handle(VCpu* vcpu, MessageType type, byte* payload, int length, byte* reply)
    {
        *(ReplyHeader*)reply = default;
        switch (type)
        {
            case MessageType.Hello:
                return SessionRequests.Hello(vcpu, (HelloRequest*)payload, length, (HelloReply*)reply);
            case MessageType.Status:
                return SessionRequests.Status(vcpu, (StatusReply*)reply);
            case MessageType.Pause:
                return SessionRequests.Pause(vcpu, (StatusReply*)reply);
            case MessageType.Continue:
                return SessionRequests.Continue(vcpu, (StatusReply*)reply);
            case MessageType.ReadRegisters:
                return RegisterRequests.Read(vcpu, (ProcessorRequest*)payload, length, (RegistersReply*)reply);
            case MessageType.WriteRegister:
                return RegisterRequests.Write(vcpu, (WriteRegisterRequest*)payload, length, (ReplyHeader*)reply);
            case MessageType.ReadMsr:
                return RegisterRequests.ReadMsr(vcpu, (MsrRequest*)payload, length, (MsrReply*)reply);
            case MessageType.WriteMsr:
                return RegisterRequests.WriteMsr(vcpu, (MsrRequest*)payload, length, (ReplyHeader*)reply);
            case MessageType.ReadMemory:
                return MemoryRequests.Read(vcpu, (MemoryRequest*)payload, length, (MemoryReply*)reply);
            case MessageType.WriteMemory:
                return MemoryRequests.Write(vcpu, (MemoryRequest*)payload, length, (MemoryReply*)reply);
            case MessageType.Translate:
                return MemoryRequests.Translate(vcpu, (MemoryRequest*)payload, length, (TranslateReply*)reply);
            case MessageType.AddEvent:
                return EventRequests.Add(vcpu, (AddEventRequest*)payload, length, (AddEventReply*)reply);
            case MessageType.ModifyEvent:
                return EventRequests.Modify(vcpu, (ModifyEventRequest*)payload, length, (ReplyHeader*)reply);
            case MessageType.ListEvents:
                return EventRequests.List(vcpu, (ListRequest*)payload, length, (ListReply*)reply);
            case MessageType.Preactivate:
                return EventRequests.Preactivate(vcpu, (ReplyHeader*)reply);
            case MessageType.Stage:
                return EventRequests.Stage(vcpu, (StageRequest*)payload, length, (ReplyHeader*)reply);
            case MessageType.ReadEventPart:
                return CodeRequests.ReadPart(vcpu, (EventPartRequest*)payload, length, (EventPartReply*)reply);
            case MessageType.Flush:
                return EventRequests.Flush(vcpu, (FlushReply*)reply);
            case MessageType.RunCode:
                return CodeRequests.RunOnce(vcpu, (RunCodeRequest*)payload, length, (RunCodeReply*)reply);
            case MessageType.ListProcesses:
                return GuestRequests.ListProcesses(vcpu, (ListRequest*)payload, length, (ListReply*)reply);
            case MessageType.GuestOs:
                return GuestRequests.Describe(vcpu, (GuestOsReply*)reply);
            case MessageType.SymbolAt:
                return GuestRequests.SymbolAt(vcpu, (SymbolAtRequest*)payload, length, (SymbolReply*)reply);
            case MessageType.SymbolNamed:
                return GuestRequests.SymbolNamed(vcpu, payload, length, (SymbolReply*)reply);
            case MessageType.ListProcessors:
                return ProcessorRequests.List(vcpu, (ListRequest*)payload, length, (ListReply*)reply);
            case MessageType.ExitCounters:
                return ProcessorRequests.ExitCounters(vcpu, (ProcessorRequest*)payload, length, (ExitCountersReply*)reply);
            case MessageType.Step:
                return StepRequests.Step(vcpu, (StepRequest*)payload, length, (StatusReply*)reply);
            case MessageType.AddBreakpoint:
                return BreakpointRequests.Add(vcpu, (AddBreakpointRequest*)payload, length, (AddBreakpointReply*)reply);
            case MessageType.ModifyBreakpoint:
                return BreakpointRequests.Modify(vcpu, (ModifyBreakpointRequest*)payload, length, (ReplyHeader*)reply);
            case MessageType.ListBreakpoints:
                return BreakpointRequests.List(vcpu, (ListRequest*)payload, length, (ListReply*)reply);
            case MessageType.ScriptLayout:
                return ScriptRequests.Layout(vcpu, (ScriptLayoutRequest*)payload, length, (ScriptLayoutReply*)reply);
            case MessageType.NameGlobal:
                return ScriptRequests.NameGlobal(vcpu, payload, length, (NameGlobalReply*)reply);
            case MessageType.ListGlobals:
                return ScriptRequests.ListGlobals(vcpu, (ListRequest*)payload, length, (ListReply*)reply);
            case MessageType.ReadLog:
                return LogRequests.Read(vcpu, (ReadLogRequest*)payload, length, (ReadLogReply*)reply);
            default:
                return Refuse((ReplyHeader*)reply, ReplyStatus.UnknownRequest);
        }
    }

    /// <summary>A reply that is nothing but a status.</summary>
    public static int Refuse(ReplyHeader* reply, ReplyStatus status, uint detail = 0)
    {
        reply->Status = status;
        reply->Detail = detail;
        return sizeof(ReplyHeader);
    }

    /// <summary>The processor of a number, or null; <see cref="LinkProtocol.All"/> names the one that serves the link.</summary>
    public static VCpu* Processor(VCpu* vcpu, uint number)
    {
        if (number == LinkProtocol.All)
        {
            return vcpu;
        }

        return number < vcpu->Machine->ProcessorCount ? vcpu->Machine->Processors[number] : null;
    }
}
