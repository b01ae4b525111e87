using HvKernel.Protocol;

namespace HvKernel.Link.Requests;

/// <summary>Checks a request for an event before anything is done with it. Pure.</summary>
public static unsafe class EventRequestCheck
{
    /// <summary>Bytes of the request without the blob bytes behind its actions, or 0 where it is too short to tell.</summary>
    public static int HeadBytes(AddEventRequest* request, int length)
    {
        if (length < sizeof(AddEventRequest) || request->Actions > LinkProtocol.MaximumActions)
        {
            return 0;
        }

        var head = sizeof(AddEventRequest) + ((int)request->Actions * sizeof(ActionDescriptor));
        return length < head ? 0 : head;
    }

    /// <summary>Whether the values of a request are in their ranges; the detail is the offset of the field that is not.</summary>
    /// <param name="request">A request whose head is whole.</param>
    /// <param name="blobBytes">Blob bytes there are: staged, and in the request.</param>
    /// <param name="processors">Processors of the machine.</param>
    /// <param name="observeOnly">Whether nothing may stop the guest.</param>
    /// <param name="detail">What the status says about it.</param>
    public static ReplyStatus Values(AddEventRequest* request, uint blobBytes, uint processors, bool observeOnly, out uint detail)
    {
        detail = 0;
        if (request->Type != EventType.TrapExecutionModeChanged)
        {
            return ReplyStatus.BadField;
        }

        if (request->Direction is not (ModeTrapDirection.User or ModeTrapDirection.Kernel or ModeTrapDirection.UserAndKernel))
        {
            return Bad(4, out detail);
        }

        if ((request->Flags & ~(EventFlags.ShortCircuit | EventFlags.Collect)) != 0)
        {
            return Bad(8, out detail);
        }

        if (request->Processor != LinkProtocol.All && request->Processor >= processors)
        {
            return ReplyStatus.NoSuchProcessor;
        }

        if (request->KeyKind > ProcessKeyKind.Cr3)
        {
            return Bad(16, out detail);
        }

        if (request->TextBytes > LinkProtocol.MaximumText || !Fits(request->TextOffset, request->TextBytes, blobBytes))
        {
            return Bad((uint)((byte*)&request->TextOffset - (byte*)request), out detail);
        }

        if (!IsBlob(request->Condition, blobBytes))
        {
            return Bad((uint)((byte*)&request->Condition - (byte*)request), out detail);
        }

        var actions = (ActionDescriptor*)(request + 1);
        for (uint i = 0; i < request->Actions; i++)
        {
            var status = Action(actions[i], blobBytes, observeOnly, out detail);
            if (status != ReplyStatus.Ok)
            {
                detail = status == ReplyStatus.BadField ? (uint)((byte*)&actions[i] - (byte*)request) : detail;
                return status;
            }
        }

        detail = 0;
        return ReplyStatus.Ok;
    }

    private static ReplyStatus Action(in ActionDescriptor action, uint blobBytes, bool observeOnly, out uint detail)
    {
        detail = (uint)action.Kind;
        switch (action.Kind)
        {
            case EventAction.Script when action.Code.Bytes == 0 || (action.Code.Flags & BlobFlags.Script) == 0:
            case EventAction.CustomCode when (action.Code.Flags & BlobFlags.Script) != 0:
                return ReplyStatus.BadField;
            case EventAction.Break when observeOnly:
                return ReplyStatus.ObserveOnly;
            case EventAction.CustomCode when action.Code.Bytes == 0:
            case > EventAction.Count:
                return ReplyStatus.BadField;
        }

        return IsBlob(action.Code, blobBytes) && action.BufferBytes <= LinkProtocol.MaximumBuffer ? ReplyStatus.Ok : ReplyStatus.BadField;
    }

    private static bool IsBlob(in BlobDescriptor blob, uint blobBytes) =>
        blob.Bytes <= LinkProtocol.MaximumCode && IsManner(blob.Manner, blob.Flags) && Fits(blob.Offset, blob.Bytes, blobBytes);

    /// <summary>Whether code may be run like this: scripts bring their own limits, and run directly.</summary>
    public static bool IsManner(RunManner manner, BlobFlags flags) =>
        manner <= RunManner.Root && ((flags & BlobFlags.Script) == 0 || manner == RunManner.Direct)
        && (flags & ~(BlobFlags.UsesVectorState | BlobFlags.UsesGs | BlobFlags.Script)) == 0;

    private static bool Fits(uint offset, uint bytes, uint all) => offset <= all && bytes <= all - offset;

    private static ReplyStatus Bad(uint offset, out uint detail)
    {
        detail = offset;
        return ReplyStatus.BadField;
    }
}
