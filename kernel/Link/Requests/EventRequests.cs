using HvKernel.Events;
using HvKernel.Events.Code;
using HvKernel.Events.Scripts;
using HvKernel.Guest;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>Setting, listing and changing events. A request that is refused has changed nothing.</summary>
public static unsafe class EventRequests
{
    public static int Add(VCpu* vcpu, AddEventRequest* request, int length, AddEventReply* reply)
    {
        var machine = vcpu->Machine;
        var head = EventRequestCheck.HeadBytes(request, length);
        if (head == 0 || request->StagedBytes > LinkProtocol.StagingBytes - (uint)(length - head))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        var blobBytes = request->StagedBytes + (uint)(length - head);
        var status = EventRequestCheck.Values(request, blobBytes, machine->ProcessorCount, machine->ObserveOnly, out var detail);
        if (status == ReplyStatus.Ok)
        {
            status = TransitionMechanism.Obstacle(vcpu, out detail);
        }

        ProcessWatch found = default;
        if (status == ReplyStatus.Ok)
        {
            status = GuestProcess.Find(vcpu, request->KeyKind, request->Key, &found, out detail);
        }

        if (status != ReplyStatus.Ok)
        {
            return RequestDispatch.Refuse(&reply->Header, status, detail);
        }

        var events = &machine->Events;
        var watch = SameWatch(events, found);
        if (watch >= 0)
        {
            var duplicate = Duplicate(events, request, watch);
            if (duplicate != null)
            {
                return RequestDispatch.Refuse(&reply->Header, ReplyStatus.DuplicateEvent, duplicate->Id);
            }

            found.Parked = events->Watches[watch].Parked;
        }
        else
        {
            watch = events->FreeWatch();
        }

        if (watch < 0 || events->Count == EventTable.Capacity)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.EventTableFull);
        }

        Gather(machine, (byte*)request + head, request->StagedBytes, (uint)(length - head));
        var before = events->Watches[watch];
        events->Watches[watch] = found;
        var added = events->Add(*request, watch);
        if (!EventCode.Place(vcpu, added, request, machine->Staging))
        {
            events->Remove(added);
            events->Watches[watch] = before;
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.NoCodeMemory, blobBytes);
        }

        *reply = default;
        reply->EventId = added->Id;
        reply->Activated = events->Activated ? 0U : 1U;
        events->Activated = true;
        for (var i = 0; i < LinkProtocol.NameBytes; i++)
        {
            reply->Name[i] = found.Name[i];
        }

        ModeTrap.RefreshAll(vcpu);
        return sizeof(AddEventReply);
    }

    public static int Stage(VCpu* vcpu, StageRequest* request, int length, ReplyHeader* reply)
    {
        var bytes = (uint)(length - sizeof(StageRequest));
        if (length < sizeof(StageRequest))
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.BadLength);
        }

        if (request->Offset > LinkProtocol.StagingBytes - bytes)
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.BadField);
        }

        var place = vcpu->Machine->Staging + request->Offset;
        for (uint i = 0; i < bytes; i++)
        {
            place[i] = ((byte*)(request + 1))[i];
        }

        return sizeof(ReplyHeader);
    }

    /// <summary>Throws away what waits to be sent.</summary>
    public static int Flush(VCpu* vcpu, FlushReply* reply)
    {
        var machine = vcpu->Machine;
        LinkService.FlushAll(machine);
        *reply = default;
        while (machine->Link.TryTakeBack(out var type, out var payload, out var length))
        {
            if (type == MessageType.Transitions)
            {
                var records = (TransitionRecord*)payload;
                for (var i = 0; i < length / sizeof(TransitionRecord); i++)
                {
                    machine->Events.CountLost(records[i].EventId);
                    reply->Messages++;
                }
            }
            else if (type == MessageType.Print)
            {
                reply->Messages += ScriptPrinting.CountLost(machine, payload, length);
            }
            else if (type == MessageType.BufferPart)
            {
                reply->Messages += BufferDelivery.CountLost(machine, payload, length);
            }
        }

        return sizeof(FlushReply);
    }

    public static int Modify(VCpu* vcpu, ModifyEventRequest* request, int length, ReplyHeader* reply)
    {
        if (length != sizeof(ModifyEventRequest))
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.BadLength);
        }

        if (request->Operation > EventOperation.ShortCircuitOff)
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.BadField, 4);
        }

        var events = &vcpu->Machine->Events;
        if (request->EventId != LinkProtocol.All && events->Find(request->EventId) == null)
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.NoSuchEvent, request->EventId);
        }

        Modify(vcpu, request->EventId, request->Operation);
        ModeTrap.RefreshAll(vcpu);
        return sizeof(ReplyHeader);
    }

    /// <summary>Changes one event, or all; one that is not there any more is passed over. The caller brings the processors in line.</summary>
    public static void Modify(VCpu* vcpu, uint eventId, EventOperation operation)
    {
        var events = &vcpu->Machine->Events;
        for (var i = events->Count - 1; i >= 0; i--)
        {
            var changed = &events->Events[i];
            if (eventId == LinkProtocol.All || changed->Id == eventId)
            {
                Modify(vcpu, changed, operation);
            }
        }
    }

    private static void Modify(VCpu* vcpu, ModeEvent* changed, EventOperation operation)
    {
        var watch = changed->Watch;
        switch (operation)
        {
            case EventOperation.Enable:
                if (!changed->Enabled)
                {
                    GuestProcess.Recheck(vcpu, watch);
                }

                changed->Enabled = true;
                changed->Condition &= ~(EventCondition.Faulted | EventCondition.HoldSpent);
                return;
            case EventOperation.ShortCircuitOn:
                changed->Flags |= EventFlags.ShortCircuit;
                changed->Settle();
                changed->Condition &= ~EventCondition.HoldSpent;
                return;
        }

        if ((changed->Condition & EventCondition.Parked) != 0)
        {
            LinkService.Notify(vcpu, changed, EventNoticeKind.Released);
        }

        changed->Condition &= ~(EventCondition.Parked | EventCondition.Holding | EventCondition.Asked);
        changed->Flags &= operation == EventOperation.ShortCircuitOff ? ~EventFlags.ShortCircuit : (EventFlags)uint.MaxValue;
        changed->Settle();
        changed->Enabled &= operation != EventOperation.Disable;
        ShortCircuit.Reconsider(vcpu, watch);
        if (operation == EventOperation.Clear)
        {
            EventCode.Release(vcpu->Machine, changed);
            vcpu->Machine->Events.Remove(changed);
        }
    }

    public static int List(VCpu* vcpu, ListRequest* request, int length, ListReply* reply)
    {
        if (length != sizeof(ListRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        var events = &vcpu->Machine->Events;
        var capacity = (uint)(Frame.MaximumPayload - sizeof(ListReply)) / (uint)sizeof(EventRow);
        var next = request->Cursor;
        *reply = default;
        reply->RowBytes = (uint)sizeof(EventRow);
        var row = (EventRow*)(reply + 1);
        for (; next < (ulong)events->Count && reply->Count < capacity; next++, row++)
        {
            GuestProcess.RefreshName(vcpu, events->Events[next].Watch);
            Describe(events, &events->Events[next], row);
            reply->Count++;
        }

        reply->Next = next < (ulong)events->Count ? next : 0;
        return (int)((byte*)row - (byte*)reply);
    }

    public static int Preactivate(VCpu* vcpu, ReplyHeader* reply)
    {
        // How the guest uses paging matters to events: it may be a boot loader's still.
        var status = TransitionMechanism.Obstacle(vcpu, out var detail);
        if (status == ReplyStatus.FeatureMissing)
        {
            return RequestDispatch.Refuse(reply, status, detail);
        }

        vcpu->Machine->Events.Activated = true;
        return sizeof(ReplyHeader);
    }

    // What came in the request goes behind what was staged.
    private static void Gather(Machine* machine, byte* bytes, uint staged, uint count)
    {
        for (uint i = 0; i < count; i++)
        {
            machine->Staging[staged + i] = bytes[i];
        }
    }

    private static ModeEvent* Duplicate(EventTable* events, AddEventRequest* request, int watch)
    {
        var first = (ActionDescriptor*)(request + 1);
        return request->Actions == 1 && !ModeEvent.RunsCode(first->Kind) && request->Condition.Bytes == 0
            ? events->FindDuplicate(*request, first->Kind, watch)
            : null;
    }

    // Two events on one process share its watch, so that each transition is looked at once.
    private static int SameWatch(EventTable* events, in ProcessWatch found)
    {
        for (var i = 0; i < EventTable.Capacity; i++)
        {
            var watch = &events->Watches[i];
            if (watch->InUse && watch->State == WatchState.Armed && watch->Kind == found.Kind && watch->Root == found.Root
                && watch->Pid == found.Pid && watch->StartTime == found.StartTime)
            {
                return i;
            }
        }

        return -1;
    }

    private static void Describe(EventTable* events, ModeEvent* described, EventRow* row)
    {
        var watch = &events->Watches[described->Watch];
        *row = default;
        row->Id = described->Id;
        row->Type = EventType.TrapExecutionModeChanged;
        row->Direction = described->Direction;
        row->Flags = described->Flags;
        row->Condition = described->Condition;
        row->Actions = (ushort)described->Actions;
        row->FirstAction = described->Actions == 0 ? (ushort)EventAction.Count : (ushort)described->Action(0)->Kind;
        row->ConditionBytes = described->Detail->Condition.Bytes;
        row->TextBytes = described->Detail->TextBytes;
        row->Processor = described->Processor;
        row->KeyKind = described->KeyKind;
        row->Key = described->Key;
        row->Enabled = (byte)(described->Enabled ? 1 : 0);
        row->State = watch->State;
        for (var i = 0; i < LinkProtocol.NameBytes; i++)
        {
            row->Name[i] = watch->Name[i];
        }

        row->UserReached = described->UserReached;
        row->KernelReached = described->KernelReached;
        row->ConditionFalse = described->ConditionFalse;
        row->ShortCircuited = described->ShortCircuited;
        row->ActionTicks = described->ActionTicks;
        row->Sent = described->Sent;
        row->BreaksSuppressed = described->BreaksSuppressed;
        row->Dropped = described->Dropped;
    }
}
