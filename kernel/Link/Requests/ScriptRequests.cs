using HvKernel.Cpu;
using HvKernel.Events.Code;
using HvKernel.Events.Scripts;
using HvKernel.Guest;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>What consoles ask for when they compile scripts.</summary>
public static unsafe class ScriptRequests
{
    private const ulong WindowBytes = 1UL << 39;

    public static int Layout(VCpu* vcpu, ScriptLayoutRequest* request, int length, ScriptLayoutReply* reply)
    {
        if (length != sizeof(ScriptLayoutRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        vcpu->Machine->Scripts.Clock.Set(request->UnixMilliseconds, Processor.Tsc());

        // Scripts may ask for the process that runs, and no run has the time to look for the OS.
        GuestOsDiscovery.Ensure(vcpu);
        *reply = default;
        reply->Gate = vcpu->Runner.Gate;
        reply->Globals = RunnerWindow.Globals;
        reply->Data = RunnerWindow.Data;
        reply->WindowStart = RunnerWindow.Base;
        reply->WindowBytes = WindowBytes;
        reply->GlobalCount = ScriptLimits.Globals;
        reply->DataBytes = ScriptLimits.DataBytes;
        reply->Buffers = RunnerWindow.Buffers;
        reply->BufferBytes = (uint)RunnerWindow.BufferBytes;
        return sizeof(ScriptLayoutReply);
    }

    public static int NameGlobal(VCpu* vcpu, byte* name, int length, NameGlobalReply* reply)
    {
        if (length is 0 or >= ScriptLimits.GlobalNameBytes)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        // The end of a stored name is its first zero.
        for (var i = 0; i < length; i++)
        {
            if (name[i] == 0)
            {
                return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadField, (uint)i);
            }
        }

        var number = vcpu->Machine->Scripts.Memory.Find(name, length, out var isNew);
        if (number < 0)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.GlobalsFull);
        }

        *reply = default;
        reply->Number = (uint)number;
        reply->IsNew = isNew ? 1U : 0U;
        return sizeof(NameGlobalReply);
    }

    public static int ListGlobals(VCpu* vcpu, ListRequest* request, int length, ListReply* reply)
    {
        if (length != sizeof(ListRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        ref var memory = ref vcpu->Machine->Scripts.Memory;
        var capacity = (uint)(Frame.MaximumPayload - sizeof(ListReply)) / (uint)sizeof(GlobalRow);
        var next = request->Cursor;
        *reply = default;
        reply->RowBytes = (uint)sizeof(GlobalRow);
        var row = (GlobalRow*)(reply + 1);
        for (; next < (ulong)memory.GlobalCount && reply->Count < capacity; next++, row++)
        {
            *row = default;
            row->Value = *memory.Global((int)next);
            row->Number = (uint)next;
            for (var i = 0; i < ScriptLimits.GlobalNameBytes; i++)
            {
                row->Name[i] = memory.Name((int)next)[i];
            }

            reply->Count++;
        }

        reply->Next = next < (ulong)memory.GlobalCount ? next : 0;
        return (int)((byte*)row - (byte*)reply);
    }
}
