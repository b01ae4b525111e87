using HvKernel.Events.Code;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events;

/// <summary>Places the code, buffers and text of an event when it is added, and gives them back when it is cleared.</summary>
public static unsafe class EventCode
{
    /// <summary>
    /// Fills an event that was just added from its request; false, with everything given back, where there is no room for its code or buffers.
    /// </summary>
    /// <param name="vcpu">This processor.</param>
    /// <param name="added">The event.</param>
    /// <param name="request">The request, checked; its actions follow it.</param>
    /// <param name="bytes">Blob bytes.</param>
    public static bool Place(VCpu* vcpu, ModeEvent* added, AddEventRequest* request, byte* bytes)
    {
        var detail = added->Detail;
        var descriptors = (ActionDescriptor*)(request + 1);
        var placed = TryPlace(vcpu, request->Condition, bytes, &detail->Condition);
        for (var i = 0; i < (int)request->Actions && placed; i++)
        {
            var action = added->Action(i);
            added->Actions = i + 1;
            action->Kind = descriptors[i].Kind;
            action->BufferBytes = descriptors[i].BufferBytes;
            placed = TryPlace(vcpu, descriptors[i].Code, bytes, &action->Code);
            if (placed && action->BufferBytes != 0)
            {
                action->Buffer = vcpu->Machine->Code.TakeBuffer(action->BufferBytes);
                placed = action->Buffer != 0;
            }
        }

        if (!placed)
        {
            Release(vcpu->Machine, added);
            return false;
        }

        added->Settle();
        detail->TextBytes = request->TextBytes;
        for (uint i = 0; i < request->TextBytes; i++)
        {
            detail->Text[i] = bytes[request->TextOffset + i];
        }

        return true;
    }

    /// <summary>Gives back what an event has.</summary>
    public static void Release(Machine* machine, ModeEvent* released)
    {
        ref var memory = ref machine->Code;
        memory.ReleaseCode(released->Detail->Condition.Address, PlaceBytes(released->Detail->Condition.Bytes));
        released->Detail->Condition = default;
        for (var i = 0; i < released->Actions; i++)
        {
            var action = released->Action(i);
            memory.ReleaseCode(action->Code.Address, PlaceBytes(action->Code.Bytes));
            memory.ReleaseBuffer(action->Buffer, action->BufferBytes);
            *action = default;
        }

        released->Actions = 0;
    }

    private static bool TryPlace(VCpu* vcpu, in BlobDescriptor descriptor, byte* bytes, Blob* blob)
    {
        if (descriptor.Bytes == 0)
        {
            return true;
        }

        ref var memory = ref vcpu->Machine->Code;
        var address = memory.TakeCode(PlaceBytes(descriptor.Bytes));
        if (address == 0)
        {
            return false;
        }

        blob->Address = address;
        blob->Bytes = descriptor.Bytes;
        blob->Manner = descriptor.Manner;
        blob->Flags = descriptor.Flags;
        blob->RetReplaced = BlobCode.ReplacesRet(bytes + descriptor.Offset, descriptor.Bytes, descriptor.Manner);
        BlobCode.Write(memory.Own(address), address, bytes + descriptor.Offset, descriptor.Bytes, descriptor.Manner, vcpu->Runner.WayBack);
        return true;
    }

    private static ulong PlaceBytes(uint bytes) => bytes + BlobCode.TailBytes;
}
