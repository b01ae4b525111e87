using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using HvDbg.Client;
using HvKernel.Protocol;

namespace HvDbg.Tests.Fake;

/// <summary>What a <see cref="FakeEvents"/> keeps of an event besides its row.</summary>
internal sealed record FakeEvent(AddEventRequest Request, ActionDescriptor[] Actions, byte[] Blobs)
{
    internal byte[] Bytes(BlobDescriptor blob) => Blobs[(int)blob.Offset..(int)(blob.Offset + blob.Bytes)];

    internal byte[] Text => Blobs[(int)Request.TextOffset..(int)(Request.TextOffset + Request.TextBytes)];
}

/// <summary>Requests about events and code, answered by the rules of docs/protocol.md.</summary>
internal sealed class FakeEvents(FakeTarget target)
{
    private readonly byte[] _staging = new byte[LinkProtocol.StagingBytes];

    /// <summary>Events by number, as they were asked for.</summary>
    internal Dictionary<uint, FakeEvent> Known { get; } = [];

    /// <summary>Figures that <see cref="MessageType.ReadEventPart"/> answers, by event and part.</summary>
    internal Dictionary<(uint Id, uint Part), EventPartReply> Figures { get; } = [];

    /// <summary>What code that is run once answers: the reply, and the bytes of its buffer.</summary>
    internal Func<RunCodeRequest, byte[], (RunCodeReply Reply, byte[] Buffer)> Run { get; set; } = (_, _) => default;

    /// <summary>Messages that a flush throws away.</summary>
    internal ulong Waiting { get; set; }

    private FakeMachine Machine => target.Machine;

    internal byte[] Handle(MessageType type, ReadOnlySpan<byte> payload) => type switch
    {
        MessageType.AddEvent => Add(Wire.Read<AddEventRequest>(payload, type), payload[Unsafe.SizeOf<AddEventRequest>()..]),
        MessageType.ModifyEvent => Modify(Wire.Read<ModifyEventRequest>(payload, type)),
        MessageType.Stage => Stage(Wire.Read<StageRequest>(payload, type), payload[Unsafe.SizeOf<StageRequest>()..]),
        MessageType.ReadEventPart => ReadPart(Wire.Read<EventPartRequest>(payload, type)),
        MessageType.RunCode => RunCode(Wire.Read<RunCodeRequest>(payload, type), payload[Unsafe.SizeOf<RunCodeRequest>()..]),
        _ => Flush(),
    };

    internal void Forget()
    {
        Known.Clear();
        Figures.Clear();
    }

    private static byte[] Refuse(ReplyStatus status, uint detail = 0) => Wire.Bytes(new ReplyHeader { Status = status, Detail = detail });

    private byte[] Stage(StageRequest request, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_staging.AsSpan((int)request.Offset));
        return Refuse(ReplyStatus.Ok);
    }

    private byte[] Add(AddEventRequest request, ReadOnlySpan<byte> rest)
    {
        if ((Machine.Capabilities & (TargetCapabilities.ModeBasedExecute | TargetCapabilities.ShadowRoots)) == 0)
        {
            return Refuse(ReplyStatus.FeatureMissing, (uint)TargetCapabilities.ModeBasedExecute);
        }

        var actions = new ActionDescriptor[request.Actions];
        for (var i = 0; i < actions.Length; i++)
        {
            actions[i] = Wire.Read<ActionDescriptor>(rest, MessageType.AddEvent);
            rest = rest[Unsafe.SizeOf<ActionDescriptor>()..];
        }

        byte[] blobs = [.. _staging.AsSpan(0, (int)request.StagedBytes), .. rest];
        var asked = new FakeEvent(request, actions, blobs);
        var described = request.TextBytes + request.Condition.Bytes + actions.Sum(action => action.Code.Bytes);
        if (described != blobs.Length)
        {
            return Refuse(ReplyStatus.BadLength);
        }

        if (target.Manner == AttachManner.Observer && actions.Any(action => action.Kind == EventAction.Break))
        {
            return Refuse(ReplyStatus.ObserveOnly);
        }

        return Add(asked);
    }

    private unsafe byte[] Add(FakeEvent asked)
    {
        var request = asked.Request;
        var row = new EventRow
        {
            Id = Machine.NextEvent,
            Type = request.Type,
            Direction = request.Direction,
            Flags = request.Flags,
            Actions = (ushort)request.Actions,
            FirstAction = (ushort)(asked.Actions.Length > 0 ? asked.Actions[0].Kind : 0),
            ConditionBytes = request.Condition.Bytes,
            TextBytes = request.TextBytes,
            Processor = request.Processor,
            KeyKind = request.KeyKind,
            Key = request.Key,
            Enabled = 1,
        };
        if (request.KeyKind == ProcessKeyKind.Pid)
        {
            if (Machine.DiscoveryFailure is { } step)
            {
                return Refuse(ReplyStatus.GuestOsUnknown, step);
            }

            var process = Machine.Processes.FirstOrDefault(candidate => candidate.Pid == request.Key);
            if (process.Pid == 0)
            {
                return Refuse(ReplyStatus.NoSuchProcess);
            }

            new ReadOnlySpan<byte>(process.Name, LinkProtocol.NameBytes).CopyTo(new Span<byte>(row.Name, LinkProtocol.NameBytes));
        }

        foreach (var other in Machine.Events)
        {
            if (Machine.RefuseDuplicates && other.Key == request.Key && other.KeyKind == request.KeyKind)
            {
                return Refuse(ReplyStatus.DuplicateEvent, other.Id);
            }
        }

        Machine.NextEvent++;
        Machine.Events.Add(row);
        Known[row.Id] = asked;
        var reply = new AddEventReply { EventId = row.Id, Activated = Machine.Activated ? 0u : 1u };
        Machine.Activated = true;
        new ReadOnlySpan<byte>(row.Name, LinkProtocol.NameBytes).CopyTo(new Span<byte>(reply.Name, LinkProtocol.NameBytes));
        return Wire.Bytes(reply);
    }

    private byte[] Modify(ModifyEventRequest request)
    {
        var found = Machine.Events.Where(row => request.EventId == LinkProtocol.All || row.Id == request.EventId).ToArray();
        if (found.Length == 0 && request.EventId != LinkProtocol.All)
        {
            return Refuse(ReplyStatus.NoSuchEvent);
        }

        foreach (var row in found)
        {
            var at = Machine.Events.FindIndex(candidate => candidate.Id == row.Id);
            switch (request.Operation)
            {
                case EventOperation.Clear:
                    Machine.Events.RemoveAt(at);
                    break;
                case EventOperation.ShortCircuitOn:
                    Machine.Events[at] = row with { Flags = row.Flags | EventFlags.ShortCircuit };
                    break;
                case EventOperation.ShortCircuitOff:
                    Machine.Events[at] = row with { Flags = row.Flags & ~EventFlags.ShortCircuit };
                    break;
                default:
                    Machine.Events[at] = row with { Enabled = (byte)(request.Operation == EventOperation.Enable ? 1 : 0) };
                    break;
            }
        }

        return Refuse(ReplyStatus.Ok);
    }

    private byte[] ReadPart(EventPartRequest request)
    {
        if (!Known.TryGetValue(request.EventId, out var known))
        {
            return Refuse(ReplyStatus.NoSuchEvent);
        }

        Figures.TryGetValue((request.EventId, request.Part), out var reply);
        byte[] bytes;
        switch (request.Part)
        {
            case EventPart.Text:
                bytes = known.Text;
                break;
            case EventPart.Condition:
                bytes = known.Bytes(known.Request.Condition);
                (reply.Manner, reply.Flags) = (known.Request.Condition.Manner, known.Request.Condition.Flags);
                break;
            default:
                if (request.Part >= known.Actions.Length)
                {
                    return Refuse(ReplyStatus.BadField, 4);
                }

                var action = known.Actions[request.Part];
                bytes = known.Bytes(action.Code);
                (reply.Kind, reply.BufferBytes) = (action.Kind, action.BufferBytes);
                (reply.Manner, reply.Flags) = (action.Code.Manner, action.Code.Flags);
                break;
        }

        reply.Bytes = (uint)bytes.Length;
        var room = Frame.MaximumPayload - Unsafe.SizeOf<EventPartReply>();
        return [.. Wire.Bytes(reply), .. bytes.Skip((int)request.Offset).Take(room)];
    }

    private byte[] RunCode(RunCodeRequest request, ReadOnlySpan<byte> rest)
    {
        if (Machine.State != TargetState.Stopped)
        {
            return Refuse(ReplyStatus.NotStopped);
        }

        byte[] code = [.. _staging.AsSpan(0, (int)request.StagedBytes), .. rest];
        var (reply, buffer) = Run(request, code);
        reply.BufferBytes = (uint)(buffer?.Length ?? 0);
        return [.. Wire.Bytes(reply), .. buffer ?? []];
    }

    private byte[] Flush()
    {
        var thrown = Waiting;
        Machine.Dropped += thrown;
        target.NextSequence += (uint)thrown;
        Waiting = 0;
        return Wire.Bytes(new FlushReply { Messages = thrown });
    }
}
