using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

public sealed partial class Debugger
{
    /// <summary>
    /// Longest list that is taken from a target, so that a broken one cannot keep the console reading.
    /// </summary>
    private const int LongestList = 1 << 20;

    /// <summary>Registers an event. Its code is analysed here, and sent ahead in parts where it does not fit into the request.</summary>
    /// <exception cref="DebuggerException">The definition is none that the target could accept; nothing was sent.</exception>
    /// <exception cref="TargetException">The target refuses it; nothing was registered.</exception>
    public async Task<AddedEvent> AddEventAsync(ModeEventDefinition definition, CancellationToken cancellationToken = default)
    {
        if (definition.Breaks)
        {
            RequireStops(MessageType.AddEvent);
        }

        var request = EventRequest.Of(definition, Target.MaximumPayload);
        await StageAsync(request.Staged, cancellationToken).ConfigureAwait(false);
        var reply = await RequestAsync(MessageType.AddEvent, request.Payload, cancellationToken, _options.SearchTimeout).ConfigureAwait(false);
        return AddedEventOf(Wire.Read<AddEventReply>(reply, MessageType.AddEvent));
    }

    /// <summary>Catches transitions of one process, with one action that needs no code.</summary>
    /// <param name="direction">Which transitions trigger.</param>
    /// <param name="process">Whose.</param>
    /// <param name="action">What a trigger does.</param>
    /// <param name="processor">The only processor that it holds for; null: all.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<AddedEvent> AddModeEventAsync(
        ModeTrapDirection direction,
        ProcessKey process,
        EventAction action = EventAction.Break,
        uint? processor = null,
        CancellationToken cancellationToken = default) =>
        AddEventAsync(
            ModeEventDefinition.Of(direction, process, new ActionDefinition(action)) with { Processor = processor }, cancellationToken);

    public Task EnableEventAsync(uint id, CancellationToken cancellationToken = default) =>
        ModifyEventAsync(id, EventOperation.Enable, cancellationToken);

    public Task DisableEventAsync(uint id, CancellationToken cancellationToken = default) =>
        ModifyEventAsync(id, EventOperation.Disable, cancellationToken);

    public Task ClearEventAsync(uint id, CancellationToken cancellationToken = default) =>
        ModifyEventAsync(id, EventOperation.Clear, cancellationToken);

    public Task ClearAllEventsAsync(CancellationToken cancellationToken = default) =>
        ModifyEventAsync(LinkProtocol.All, EventOperation.Clear, cancellationToken);

    /// <summary>Short-circuits an event's transitions from now on, or no longer.</summary>
    public Task ShortCircuitEventAsync(uint id, bool on, CancellationToken cancellationToken = default) =>
        ModifyEventAsync(id, on ? EventOperation.ShortCircuitOn : EventOperation.ShortCircuitOff, cancellationToken);

    /// <summary>Enables, disables or clears one event, or all with <see cref="LinkProtocol.All"/>.</summary>
    public Task ModifyEventAsync(uint id, EventOperation operation, CancellationToken cancellationToken = default) =>
        RequestAsync(MessageType.ModifyEvent, Wire.Bytes(new ModifyEventRequest { EventId = id, Operation = operation }), cancellationToken);

    /// <summary>Switches the trap for transitions on ahead of the first event.</summary>
    public Task PreactivateModeAsync(CancellationToken cancellationToken = default) =>
        RequestAsync(MessageType.Preactivate, default, cancellationToken);

    public async Task<IReadOnlyList<EventEntry>> ListEventsAsync(CancellationToken cancellationToken = default)
    {
        var rows = await ListAsync<EventRow>(MessageType.ListEvents, null, cancellationToken).ConfigureAwait(false);
        return rows.ConvertAll(EventEntryOf);
    }

    private static unsafe AddedEvent AddedEventOf(AddEventReply reply) =>
        new(reply.EventId, reply.Activated != 0, Wire.Name(reply.Name, LinkProtocol.NameBytes));

    private static unsafe EventEntry EventEntryOf(EventRow row) => new()
    {
        Id = row.Id,
        Type = row.Type,
        Direction = row.Direction,
        Action = (EventAction)row.FirstAction,
        Actions = row.Actions,
        Flags = row.Flags,
        Processor = row.Processor == LinkProtocol.All ? null : row.Processor,
        Process = new ProcessKey(row.KeyKind, row.Key),
        Enabled = row.Enabled != 0,
        State = row.State,
        Condition = row.Condition,
        ProcessName = Wire.Name(row.Name, LinkProtocol.NameBytes),
        ConditionBytes = row.ConditionBytes,
        TextBytes = row.TextBytes,
        UserReached = row.UserReached,
        KernelReached = row.KernelReached,
        ConditionFalse = row.ConditionFalse,
        ShortCircuited = row.ShortCircuited,
        ActionTicks = row.ActionTicks,
        Sent = row.Sent,
        Dropped = row.Dropped,
        BreaksSuppressed = row.BreaksSuppressed,
    };

    /// <summary>Fetches a list part by part.</summary>
    private async Task<List<T>> ListAsync<T>(MessageType type, TimeSpan? timeout, CancellationToken cancellationToken)
        where T : unmanaged
    {
        var rows = new List<T>();
        var cursor = 0ul;
        do
        {
            var payload = await RequestAsync(type, Wire.Bytes(new ListRequest { Cursor = cursor }), cancellationToken, timeout)
                .ConfigureAwait(false);
            var head = Wire.Read<ListReply>(payload, type);
            var size = Unsafe.SizeOf<T>();
            if (head.Count > 0 && head.RowBytes < size)
            {
                throw new MalformedReplyException($"rows of {type} have {head.RowBytes} bytes, expected {size}");
            }

            for (var i = 0; i < head.Count; i++)
            {
                var start = Unsafe.SizeOf<ListReply>() + (long)(i * head.RowBytes);
                rows.Add(Wire.Read<T>(start <= payload.Length ? payload.AsSpan((int)start) : default, type));
            }

            cursor = head.Next;
        }
        while (cursor != 0 && rows.Count < LongestList);
        return rows;
    }
}
