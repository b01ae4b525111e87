using HvKernel.Cpu;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>The processors, and what their exits were.</summary>
public static unsafe class ProcessorRequests
{
    private const byte WaitsForSipi = 3;
    private const byte Away = 255;

    public static int List(VCpu* vcpu, ListRequest* request, int length, ListReply* reply)
    {
        if (length != sizeof(ListRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        // The cursor is a processor's number; beyond the last one there is nothing.
        var first = request->Cursor;
        *reply = default;
        reply->RowBytes = (uint)sizeof(ProcessorRow);
        var row = (ProcessorRow*)(reply + 1);
        var end = (byte*)reply + Frame.MaximumPayload;
        var count = vcpu->Machine->ProcessorCount;
        for (var i = first < count ? (uint)first : count; i < count; i++, row++)
        {
            if ((byte*)(row + 1) > end)
            {
                reply->Next = i;
                break;
            }

            var listed = vcpu->Machine->Processors[i];
            vcpu->Machine->Remote.Reply = (byte*)row;
            if (i == vcpu->Number)
            {
                Describe(vcpu, row);
            }
            else if (!Rendezvous.On(listed, RemoteWork.Describe))
            {
                *row = default;
                row->Number = listed->Number;
                row->ApicId = listed->ApicId;
                row->Activity = listed->Launched && listed->WaitsForStartup ? WaitsForSipi : Away;
            }

            reply->Count++;
        }

        return (int)((byte*)row - (byte*)reply);
    }

    /// <summary>What this processor is and does.</summary>
    public static void Describe(VCpu* vcpu, ProcessorRow* row)
    {
        *row = default;
        row->Number = vcpu->Number;
        row->ApicId = vcpu->ApicId;
        row->Activity = (byte)VmxInstruction.Read(Vmcs.GuestActivityState);
        row->Cpl = (byte)GuestState.Cpl();
        row->View = (byte)vcpu->View;
        row->Stopped = (byte)(vcpu->Machine->State == TargetState.Stopped ? 1 : 0);
        row->Rip = VmxInstruction.Read(Vmcs.GuestRip);
        row->Cr3 = GuestState.Cr3(vcpu);
    }

    public static int ExitCounters(VCpu* vcpu, ProcessorRequest* request, int length, ExitCountersReply* reply)
    {
        if (length != sizeof(ProcessorRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        var target = RequestDispatch.Processor(vcpu, request->Processor);
        if (target == null)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.NoSuchProcessor);
        }

        *reply = default;
        reply->RootTicks = target->RootTicks;
        reply->LongestTicks = target->LongestTicks;
        reply->LongestReason = target->LongestReason;
        reply->Ticks = Processor.Tsc() - target->LaunchTick;
        for (var i = 0; i < LinkProtocol.ExitReasonSlots; i++)
        {
            reply->Count[i] = target->Exits[i];
        }

        return sizeof(ExitCountersReply);
    }
}
