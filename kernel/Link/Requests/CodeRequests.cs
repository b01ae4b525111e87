using HvKernel.Breakpoints;
using HvKernel.Cpu;
using HvKernel.Events;
using HvKernel.Events.Code;
using HvKernel.Events.Scripts;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>Machine code: reading that of events back, and running some once.</summary>
public static unsafe class CodeRequests
{
    private const byte Ret = 0xC3;
    private const ulong KernelHalf = 1UL << 63;

    public static int ReadPart(VCpu* vcpu, EventPartRequest* request, int length, EventPartReply* reply)
    {
        if (length != sizeof(EventPartRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        var read = vcpu->Machine->Events.Find(request->EventId);
        if (read == null)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.NoSuchEvent, request->EventId);
        }

        var part = request->Part;
        var offset = request->Offset;
        *reply = default;
        var restoreRet = false;
        byte* bytes;
        switch (part)
        {
            case EventPart.Text:
                reply->Bytes = read->Detail->TextBytes;
                bytes = read->Detail->Text;
                break;
            case EventPart.Condition:
                bytes = Describe(vcpu->Machine, read->Detail->Condition, reply);
                restoreRet = read->Detail->Condition.RetReplaced;
                break;
            default:
                if (part >= (uint)read->Actions)
                {
                    return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadField, 4);
                }

                var action = read->Action((int)part);
                bytes = Describe(vcpu->Machine, action->Code, reply);
                restoreRet = action->Code.RetReplaced;
                reply->Kind = action->Kind;
                reply->BufferBytes = action->BufferBytes;
                reply->Buffer = action->Buffer;
                reply->InvalidPointers = action->InvalidPointers;
                break;
        }

        uint count = 0;
        for (; count < Frame.MaximumPayload - sizeof(EventPartReply) && offset + count < reply->Bytes; count++)
        {
            ((byte*)(reply + 1))[count] = bytes[offset + count];
        }

        if (restoreRet && offset + count == reply->Bytes && count != 0)
        {
            ((byte*)(reply + 1))[count - 1] = Ret;
        }

        return sizeof(EventPartReply) + (int)count;
    }

    public static int RunOnce(VCpu* vcpu, RunCodeRequest* request, int length, RunCodeReply* reply)
    {
        var machine = vcpu->Machine;
        var carried = (uint)(length - sizeof(RunCodeRequest));
        if (length < sizeof(RunCodeRequest) || request->StagedBytes > LinkProtocol.MaximumCode - carried || request->StagedBytes + carried == 0)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        if (!EventRequestCheck.IsManner(request->Manner, request->Flags))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadField);
        }

        if (RequestDispatch.Processor(vcpu, request->Processor) == null)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.NoSuchProcessor);
        }

        if (request->BufferBytes > LinkProtocol.MaximumBuffer)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadField, 4);
        }

        if (machine->State != TargetState.Stopped)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.NotStopped);
        }

        for (uint i = 0; i < carried; i++)
        {
            machine->Staging[request->StagedBytes + i] = ((byte*)(request + 1))[i];
        }

        Blob blob = default;
        blob.Address = RunnerWindow.Code;
        blob.Bytes = request->StagedBytes + carried;
        blob.Manner = request->Manner;
        blob.Flags = request->Flags;
        BlobCode.Write(machine->Code.Own(blob.Address), blob.Address, machine->Staging, blob.Bytes, blob.Manner, vcpu->Runner.WayBack);

        RunSubject subject = default;
        subject.EventId = LinkProtocol.All;
        subject.Context = request->Context;
        subject.Buffer = request->BufferBytes == 0 ? 0 : RunnerWindow.Buffers;
        subject.GsBase = KernelGsBase();
        if (subject.Buffer != 0)
        {
            machine->Code.Clear(subject.Buffer, request->BufferBytes);
        }

        var options = request->Options;
        var bufferBytes = request->BufferBytes;
        *reply = default;
        CodeRunner.Open(vcpu);
        var succeeded = CodeRunner.Run(vcpu, &blob, subject, out reply->Result, &reply->Fault);
        BreakpointTrap.MemoryChanged(machine);
        ScriptEvents.Apply(vcpu);
        if (machine->Events.Stale)
        {
            machine->Events.Stale = false;
            ModeTrap.RefreshAll(vcpu);
        }

        if (!succeeded)
        {
            reply->Header.Status = ReplyStatus.CodeFaulted;
            CodeRunner.Discard(vcpu);
            return sizeof(RunCodeReply);
        }

        reply->Ticks = blob.Ticks;
        var capacity = (uint)(Frame.MaximumPayload - sizeof(RunCodeReply));
        var wanted = bufferBytes < capacity ? bufferBytes : capacity;
        if (wanted != 0 && reply->Result != 0 && BufferDelivery.TryCopy(vcpu, subject.Buffer, reply->Result, (byte*)(reply + 1), wanted))
        {
            reply->BufferBytes = wanted;
        }

        if ((options & RunCodeFlags.KeepRegisters) == 0)
        {
            CodeRunner.Commit(vcpu);
        }

        return sizeof(RunCodeReply) + (int)reply->BufferBytes;
    }

    // Outside a transition the guest's kernel may have its base in GS already.
    private static ulong KernelGsBase()
    {
        var current = VmxInstruction.Read(Vmcs.GuestGsBase);
        return GuestState.Cpl() == 0 && (current & KernelHalf) != 0 ? current : MsrAccess.Read(Msr.Ia32KernelGsBase);
    }

    private static byte* Describe(Machine* machine, in Blob blob, EventPartReply* reply)
    {
        reply->Kind = EventAction.CustomCode;
        reply->Bytes = blob.Bytes;
        reply->Manner = blob.Manner;
        reply->Flags = blob.Flags;
        reply->Address = blob.Address;
        reply->Runs = blob.Runs;
        reply->Faults = blob.Faults;
        reply->Ticks = blob.Ticks;
        return blob.Address == 0 ? null : machine->Code.Own(blob.Address);
    }
}
