using HvKernel.Breakpoints;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>Guest memory: as much as is mapped RAM, and why not the rest. Never a fault, never a device, never HvKernel's own pages.</summary>
public static unsafe class MemoryRequests
{
    public static int Read(VCpu* vcpu, MemoryRequest* request, int length, MemoryReply* reply)
    {
        if (length != sizeof(MemoryRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        if (request->Length > Frame.MaximumPayload - sizeof(MemoryReply))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadField, 24);
        }

        return Transfer(vcpu, request, (byte*)(reply + 1), write: false, reply);
    }

    public static int Write(VCpu* vcpu, MemoryRequest* request, int length, MemoryReply* reply)
    {
        if (length < sizeof(MemoryRequest) || (uint)(length - sizeof(MemoryRequest)) != request->Length)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        return Transfer(vcpu, request, (byte*)(request + 1), write: true, reply);
    }

    public static int Translate(VCpu* vcpu, MemoryRequest* request, int length, TranslateReply* reply)
    {
        if (length != sizeof(MemoryRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        if (!TryPaging(vcpu, request, &reply->Header, out var paging))
        {
            return sizeof(ReplyHeader);
        }

        var memory = Machine.Memory(vcpu->Machine);
        var result = GuestPageWalk.Translate(ref memory, paging, request->Address, out var walk);
        *reply = default;
        if (result != GuestWalkResult.Mapped)
        {
            reply->Header.Status = ReplyStatus.NotMapped;
            reply->Header.Detail = walk.Level;
        }

        reply->PhysicalAddress = walk.Physical;
        reply->PageBytes = walk.PageSize;
        for (int level = walk.RootLevel; level >= walk.Level && level > 0 && reply->Levels < 5; level--)
        {
            reply->EntryAddress[reply->Levels] = walk.EntryAddress(level);
            reply->Entry[reply->Levels] = walk.Entry(level);
            reply->Levels++;
        }

        return sizeof(TranslateReply);
    }

    private static int Transfer(VCpu* vcpu, MemoryRequest* request, byte* bytes, bool write, MemoryReply* reply)
    {
        if (!TryPaging(vcpu, request, &reply->Header, out var paging))
        {
            return sizeof(ReplyHeader);
        }

        var memory = Machine.Memory(vcpu->Machine);
        var wanted = (ulong)request->Length;
        ulong done;
        ReplyStatus shortfall;
        if (request->Space == AddressSpace.Physical)
        {
            var mapped = memory.Map(request->Address, wanted);
            done = mapped == null ? 0 : wanted;
            shortfall = ReplyStatus.NotRam;
            for (ulong i = 0; i < done; i++)
            {
                if (write)
                {
                    mapped[i] = bytes[i];
                }
                else
                {
                    bytes[i] = mapped[i];
                }
            }
        }
        else
        {
            done = write
                ? GuestMemory.Write(ref memory, paging, request->Address, bytes, wanted, out _)
                : GuestMemory.Read(ref memory, paging, request->Address, bytes, wanted, out _);
            shortfall = ReplyStatus.NotMapped;
        }

        if (write)
        {
            BreakpointTrap.MemoryChanged(vcpu->Machine);
        }

        reply->Header.Status = done == wanted ? ReplyStatus.Ok : shortfall;
        reply->Header.Detail = 0;
        reply->Length = (uint)done;
        return sizeof(MemoryReply) + (write ? 0 : (int)done);
    }

    private static bool TryPaging(VCpu* vcpu, MemoryRequest* request, ReplyHeader* reply, out GuestPaging paging)
    {
        paging = GuestState.Paging(vcpu);
        if (request->Space > AddressSpace.PageRoot)
        {
            RequestDispatch.Refuse(reply, ReplyStatus.BadField, 4);
            return false;
        }

        if (RequestDispatch.Processor(vcpu, request->Processor) == null)
        {
            RequestDispatch.Refuse(reply, ReplyStatus.NoSuchProcessor);
            return false;
        }

        if (request->Space == AddressSpace.PageRoot)
        {
            paging = paging.WithRoot(request->PageRoot);
        }

        return true;
    }
}
