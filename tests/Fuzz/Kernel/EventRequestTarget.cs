using System;
using System.Linq;
using HvKernel.Link.Requests;
using HvKernel.Protocol;

namespace HvKernel.Fuzzing;

/// <summary>A byte of a request that is not 0.</summary>
public readonly record struct PayloadByte(int Offset, byte Value);

/// <summary>
/// <see cref="EventRequestCheck"/>: only a request whose values are all in their ranges passes, judged here by the words of docs/protocol.md.
/// </summary>
public sealed unsafe class EventRequestTarget : FuzzTarget<PayloadByte>
{
    private readonly GuardedArea _memory = new(Frame.MaximumPayload);

    public override string Name => "event-requests";

    protected override PayloadByte[] Generate(FuzzRandom random)
    {
        var request = new byte[sizeof(AddEventRequest) + (LinkProtocol.MaximumActions + 2) * sizeof(ActionDescriptor)];
        if (random.OneIn(20))
        {
            random.Fill(request);
        }
        else
        {
            fixed (byte* start = request)
                Fill((AddEventRequest*)start, random);
        }

        return [.. request.Select((value, offset) => new PayloadByte(offset, value)).Where(b => b.Value != 0)];
    }

    protected override string Run(PayloadByte[] input, FuzzRandom random)
    {
        var actions = random.Below(LinkProtocol.MaximumActions + 3);
        var length = random.OneIn(4) ? random.Below(sizeof(AddEventRequest) + 40) : sizeof(AddEventRequest) + actions * sizeof(ActionDescriptor) + random.Below(3);
        var whole = new byte[Math.Max(length, sizeof(AddEventRequest) + (LinkProtocol.MaximumActions + 2) * sizeof(ActionDescriptor))];
        foreach (var (offset, value) in input)
            whole[offset] = value;
        var request = (AddEventRequest*)_memory.Place(whole.AsSpan(0, length), random.OneIn(8));

        var head = EventRequestCheck.HeadBytes(request, length);
        var isWhole = length >= sizeof(AddEventRequest) && request->Actions <= LinkProtocol.MaximumActions
            && length >= sizeof(AddEventRequest) + request->Actions * sizeof(ActionDescriptor);
        FuzzFailureException.Unless(head == (isWhole ? sizeof(AddEventRequest) + (int)request->Actions * sizeof(ActionDescriptor) : 0), $"the head has {head} bytes");
        if (head == 0)
            return "too short";

        var blobBytes = random.OneIn(3) ? 0 : (uint)random.Below(2000);
        var processors = (uint)random.Between(1, 4);
        var observes = random.OneIn(4);
        var status = EventRequestCheck.Values(request, blobBytes, processors, observes, out var detail);
        FuzzFailureException.Unless(status == ReplyStatus.Ok == IsGood(request, blobBytes, processors, observes), $"{status} ({detail})");
        FuzzFailureException.Unless(status != ReplyStatus.BadField || detail < head, $"the detail {detail} is no offset in the request");
        return status.ToString();
    }

    protected override string Describe(PayloadByte[] input) => string.Join(' ', input.Select(b => $"{b.Offset:x}={b.Value:x2}"));

    protected override void Dispose(bool disposing) => _memory.Dispose();

    private static void Fill(AddEventRequest* request, FuzzRandom random)
    {
        request->Type = random.OneIn(30) ? (EventType)random.Odd() : EventType.TrapExecutionModeChanged;
        request->Direction = random.OneIn(20) ? (ModeTrapDirection)random.Odd() : random.Of<ModeTrapDirection>([ModeTrapDirection.User, ModeTrapDirection.Kernel, ModeTrapDirection.UserAndKernel]);
        request->Flags = random.OneIn(20) ? (EventFlags)random.Odd() : (EventFlags)random.Below(4);
        request->Processor = random.OneIn(4) ? (uint)random.Odd() : random.OneIn(2) ? LinkProtocol.All : (uint)random.Below(4);
        request->KeyKind = random.OneIn(20) ? (ProcessKeyKind)random.Odd() : (ProcessKeyKind)random.Below(2);
        request->Actions = random.OneIn(20) ? (uint)random.Odd() : (uint)random.Below(5);
        request->Key = random.Odd();
        request->StagedBytes = (uint)random.Odd();
        (request->TextOffset, request->TextBytes) = Range(random, LinkProtocol.MaximumText);
        request->Condition = Blob(random);
        var action = (ActionDescriptor*)(request + 1);
        for (var i = 0; i < LinkProtocol.MaximumActions; i++, action++)
        {
            action->Kind = random.OneIn(20) ? (EventAction)random.Odd() : random.Of<EventAction>([EventAction.Break, EventAction.CustomCode, EventAction.Log, EventAction.Count]);
            action->BufferBytes = random.OneIn(6) ? (uint)random.Odd() : (uint)random.Below(LinkProtocol.MaximumBuffer + 2);
            action->Code = Blob(random);
        }
    }

    private static BlobDescriptor Blob(FuzzRandom random)
    {
        BlobDescriptor blob = default;
        if (random.OneIn(3))
            return blob;
        (blob.Offset, blob.Bytes) = Range(random, LinkProtocol.MaximumCode);
        blob.Manner = random.OneIn(20) ? (RunManner)random.Next() : (RunManner)random.Below(3);
        blob.Flags = (BlobFlags)random.Below(4);
        return blob;
    }

    private static (uint Offset, uint Bytes) Range(FuzzRandom random, int most) => random.Below(10) switch
    {
        0 => ((uint)random.Odd(), (uint)random.Odd()),
        1 => ((uint)random.Below(2000), (uint)random.Between(most - 1, most + 1)),
        _ => ((uint)random.Below(500), (uint)random.Below(500)),
    };

    private static bool IsGood(AddEventRequest* request, ulong blobBytes, uint processors, bool observes)
    {
        if ((uint)request->Type != 25 || (uint)request->Direction is not (0 or 1 or 3) || (uint)request->Flags > 3 || (uint)request->KeyKind > 1)
            return false;
        if (request->Processor != uint.MaxValue && request->Processor >= processors)
            return false;
        if (request->TextBytes > 512 || request->TextOffset + (ulong)request->TextBytes > blobBytes || !IsGood(request->Condition, blobBytes))
            return false;
        var action = (ActionDescriptor*)(request + 1);
        for (uint i = 0; i < request->Actions; i++, action++)
        {
            var kind = (uint)action->Kind;
            if (kind is 1 or > 4 || (kind == 0 && observes) || (kind == 2 && action->Code.Bytes == 0) || action->BufferBytes > 64 * 1024 || !IsGood(action->Code, blobBytes))
                return false;
        }

        return true;
    }

    private static bool IsGood(BlobDescriptor blob, ulong blobBytes) =>
        blob.Bytes <= 16 * 1024 && (uint)blob.Manner <= 2 && blob.Offset + (ulong)blob.Bytes <= blobBytes;
}
