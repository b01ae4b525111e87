using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>Reading the log of this boot, and what the one before has left.</summary>
public static unsafe class LogRequests
{
    public static int Read(VCpu* vcpu, ReadLogRequest* request, int length, ReadLogReply* reply)
    {
        if (length != sizeof(ReadLogRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        if (request->Boot > LogBoot.Previous)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadField, 0);
        }

        const int Capacity = Frame.MaximumPayload - 16;
        var machine = vcpu->Machine;
        var offset = request->Offset;
        var target = (byte*)(reply + 1);
        if (request->Boot == LogBoot.Current)
        {
            reply->Total = LogRing.Length(machine->Log);
            reply->Bytes = (uint)LogRing.Read(machine->Log, offset, target, Capacity);
            return sizeof(ReadLogReply) + (int)reply->Bytes;
        }

        reply->Total = machine->PreviousLogBytes;
        reply->Bytes = 0;
        for (; reply->Bytes < Capacity && offset < reply->Total; offset++)
        {
            target[reply->Bytes++] = machine->PreviousLog[offset];
        }

        return sizeof(ReadLogReply) + (int)reply->Bytes;
    }
}
