using HvKernel.Breakpoints;
using HvKernel.Guest;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>Breakpoints. They change while the guest stands still.</summary>
public static unsafe class BreakpointRequests
{
    private const int CoreOffset = 28;
    private const int OperationOffset = 4;

    public static int Add(VCpu* vcpu, AddBreakpointRequest* request, int length, AddBreakpointReply* reply)
    {
        if (length != sizeof(AddBreakpointRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        var machine = vcpu->Machine;
        var refusal = StepRequests.Refusal(machine, out var detail);
        if (refusal != ReplyStatus.Ok)
        {
            return RequestDispatch.Refuse(&reply->Header, refusal, detail);
        }

        if (request->Core != LinkProtocol.All && request->Core >= machine->ProcessorCount)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadField, CoreOffset);
        }

        if (request->Pid != LinkProtocol.All && !GuestOsDiscovery.Ensure(vcpu))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.GuestOsUnknown, (uint)machine->GuestOs.Result);
        }

        if (!TryTranslate(vcpu, request, &reply->Header, out var physical))
        {
            return sizeof(ReplyHeader);
        }

        if (Machine.Memory(machine).Map(physical, 1) == null)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.NotRam);
        }

        var address = request->Space == AddressSpace.Physical ? 0 : request->Address;
        var added = machine->Breakpoints.Add(address, physical, request->Pid, request->Core, out var same);
        if (added == null)
        {
            return same == LinkProtocol.All
                ? RequestDispatch.Refuse(&reply->Header, ReplyStatus.BreakpointTableFull)
                : RequestDispatch.Refuse(&reply->Header, ReplyStatus.DuplicateBreakpoint, same);
        }

        if (!BreakpointTrap.Apply(vcpu))
        {
            machine->Breakpoints.Withdraw(added);
            BreakpointTrap.Apply(vcpu);
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BreakpointTableFull);
        }

        *reply = default;
        reply->Id = added->Id;
        reply->Flags = FlagsOf(machine, added);
        reply->PhysicalAddress = physical;
        return sizeof(AddBreakpointReply);
    }

    public static int Modify(VCpu* vcpu, ModifyBreakpointRequest* request, int length, ReplyHeader* reply)
    {
        if (length != sizeof(ModifyBreakpointRequest))
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.BadLength);
        }

        if (request->Operation > BreakpointOperation.Clear)
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.BadField, OperationOffset);
        }

        var machine = vcpu->Machine;
        var refusal = StepRequests.Refusal(machine, out var detail);
        if (refusal != ReplyStatus.Ok)
        {
            return RequestDispatch.Refuse(reply, refusal, detail);
        }

        if (request->Id != LinkProtocol.All && machine->Breakpoints.Find(request->Id) == null)
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.NoSuchBreakpoint, request->Id);
        }

        for (var i = 0; i < BreakpointTable.Capacity; i++)
        {
            var entry = &machine->Breakpoints.Entries[i];
            if (entry->InUse && (request->Id == LinkProtocol.All || request->Id == entry->Id))
            {
                entry->Enabled = request->Operation == BreakpointOperation.Enable;
                entry->Retries = false;
                entry->InUse = request->Operation != BreakpointOperation.Clear;
            }
        }

        if (BreakpointTrap.Apply(vcpu))
        {
            BreakpointTrap.Settle(vcpu);
            return sizeof(ReplyHeader);
        }

        // Only what was enabled now can be too much.
        for (var i = 0; i < BreakpointTable.Capacity; i++)
        {
            var entry = &machine->Breakpoints.Entries[i];
            if (entry->InUse && (request->Id == LinkProtocol.All || request->Id == entry->Id) && !machine->Hidden.Contains(entry->Physical))
            {
                entry->Enabled = false;
            }
        }

        BreakpointTrap.Apply(vcpu);
        return RequestDispatch.Refuse(reply, ReplyStatus.BreakpointTableFull);
    }

    public static int List(VCpu* vcpu, ListRequest* request, int length, ListReply* reply)
    {
        if (length != sizeof(ListRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        var machine = vcpu->Machine;
        var next = (uint)request->Cursor;
        *reply = default;
        reply->RowBytes = (uint)sizeof(BreakpointRow);
        var row = (BreakpointRow*)(reply + 1);
        var end = (byte*)reply + Frame.MaximumPayload;
        for (var entry = machine->Breakpoints.FindFrom(next); entry != null; entry = machine->Breakpoints.FindFrom(next))
        {
            if ((byte*)(row + 1) > end)
            {
                reply->Next = next;
                break;
            }

            row->Id = entry->Id;
            row->Flags = FlagsOf(machine, entry);
            row->Address = entry->Address;
            row->PhysicalAddress = entry->Physical;
            row->Pid = entry->Pid;
            row->Core = entry->Core;
            row->Hits = entry->Hits;
            row++;
            reply->Count++;
            next = entry->Id + 1;
        }

        return (int)((byte*)row - (byte*)reply);
    }

    private static BreakpointFlags FlagsOf(Machine* machine, Breakpoint* entry) =>
        (entry->Enabled ? BreakpointFlags.Enabled : BreakpointFlags.None)
        | (machine->HidesBreakpoints ? BreakpointFlags.None : BreakpointFlags.Visible);

    // The named processor's tables translate, and only there can they be found.
    private static bool TryTranslate(VCpu* vcpu, AddBreakpointRequest* request, ReplyHeader* refusal, out ulong physical)
    {
        physical = request->Address;
        if (request->Space == AddressSpace.Physical)
        {
            return true;
        }

        MemoryRequest walk;
        walk.Processor = request->Processor;
        walk.Space = request->Space;
        walk.PageRoot = request->PageRoot;
        walk.Address = request->Address;
        walk.Length = 0;
        TranslateReply found;
        RequestDispatch.HandleWhereNamed(vcpu, MessageType.Translate, (byte*)&walk, sizeof(MemoryRequest), (byte*)&found);
        if (found.Header.Status == ReplyStatus.NotMapped && request->Space == AddressSpace.Current && TryKernelRoot(vcpu, request->Processor, out walk.PageRoot))
        {
            walk.Space = AddressSpace.PageRoot;
            RequestDispatch.HandleWhereNamed(vcpu, MessageType.Translate, (byte*)&walk, sizeof(MemoryRequest), (byte*)&found);
        }

        if (found.Header.Status != ReplyStatus.Ok)
        {
            *refusal = found.Header;
            return false;
        }

        physical = found.PhysicalAddress;
        return true;
    }

    // In user mode of a kernel that isolates page tables next to nothing of the kernel is mapped; its own root is the other one of the pair.
    private static bool TryKernelRoot(VCpu* vcpu, uint processor, out ulong root)
    {
        ProcessorRequest request;
        request.Processor = processor;
        RegistersReply registers;
        RequestDispatch.HandleWhereNamed(vcpu, MessageType.ReadRegisters, (byte*)&request, sizeof(ProcessorRequest), (byte*)&registers);
        var memory = Machine.Memory(vcpu->Machine);
        root = registers.Cr3 & PageRootPair.AddressBits;
        if (registers.Header.Status != ReplyStatus.Ok || PageRootPair.Classify(ref memory, root) != PageRootKind.Pair)
        {
            return false;
        }

        root &= ~PageRootPair.PairBit;
        return true;
    }
}
