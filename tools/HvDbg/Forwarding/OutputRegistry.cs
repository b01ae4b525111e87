using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Client.Script.Printing;
using HvDbg.Output;
using HvDbg.Sinks;

namespace HvDbg.Forwarding;

/// <summary>
/// The outputs of a console, and which events send to which. <see cref="Take"/> stands where messages arrive, before any queue, so that what
/// an output gets does not depend on how fast the console shows the rest, nor on other outputs.
/// </summary>
/// <param name="show">Shows what becomes of an output by itself; called on threads that may wait.</param>
/// <param name="limits">How much each output holds back.</param>
/// <param name="text">Makes text of what scripts print; must not wait.</param>
public sealed class OutputRegistry(Action<Report> show, SinkLimits? limits = null, Func<PrintEvent, string>? text = null) : ISinkRegistry, IAsyncDisposable
{
    private readonly SinkLimits _limits = limits ?? new SinkLimits();
    private readonly Lock _lock = new();
    private readonly List<Sink> _sinks = [];
    private readonly List<Attachment> _attachments = [];
    private readonly Dictionary<uint, Attachment> _byEvent = [];

    // Records of transitions carry the low half of the event's number only.
    private readonly Dictionary<ushort, Attachment> _byRecord = [];
    private Expectation? _expectation;

    /// <summary>Called for messages that went to outputs and are not shown, with their number.</summary>
    public Action<int>? Forwarded { get; set; }

    /// <summary>Called for messages that were held back and turned out to be the console's.</summary>
    public Func<TargetEvent, Task>? Returned { get; set; }

    /// <summary>All outputs, closed ones too, in the order in which they were made.</summary>
    public IReadOnlyList<SinkFigures> Outputs => [.. Sinks().Select(sink => sink.Figures)];

    /// <summary>All events that were registered with outputs, in their order.</summary>
    public IReadOnlyList<AttachmentFigures> Events
    {
        get
        {
            lock (_lock)
            {
                return [.. _attachments.Select(attachment => attachment.Figures)];
            }
        }
    }

    public SinkState StateOf(string name) => Find(name)?.State ?? SinkState.Unknown;

    /// <summary>The figures of the output of a name.</summary>
    public SinkFigures? FiguresOf(string name) => Find(name)?.Figures;

    /// <summary>Makes an output; nothing is opened yet.</summary>
    /// <exception cref="DebuggerException">There is one of this name that is not closed.</exception>
    public void Create(string name, OutputTarget target)
    {
        lock (_lock)
        {
            if (_sinks.Any(sink => sink.Name == name && sink.State != SinkState.Closed))
            {
                throw new DebuggerException($"there is an output {name} already");
            }

            _sinks.Add(new Sink(_sinks.Count, name, target, _limits, Tell));
        }
    }

    /// <summary>Opens an output, for the first time or after it failed.</summary>
    /// <exception cref="DebuggerException">It cannot be opened.</exception>
    public Task OpenAsync(string name, CancellationToken cancellationToken) => Known(name).OpenAsync(cancellationToken);

    /// <summary>Closes an output for good, after what waits was written or the time for that is over.</summary>
    /// <returns>How many messages were lost because nobody took them in time.</returns>
    public Task<ulong> CloseAsync(string name) => Known(name).CloseAsync();

    public IAsyncDisposable? Expect(IReadOnlyList<string> names)
    {
        lock (_lock)
        {
            return names.Count == 0 ? null : _expectation = new Expectation(this);
        }
    }

    public void Attach(uint eventId, IReadOnlyList<string> names)
    {
        var forwarded = 0;
        lock (_lock)
        {
            _byEvent.Remove(eventId);
            _byRecord.Remove((ushort)eventId);
            if (names.Count == 0)
            {
                return;
            }

            // Newest first: a closed output may have a successor of the same name.
            var attachment = new Attachment(eventId, [.. names.Select(name => _sinks.FindLast(sink => sink.Name == name)).OfType<Sink>()]);
            _attachments.Add(attachment);
            _byEvent[eventId] = _byRecord[(ushort)eventId] = attachment;
            var held = _expectation?.Held.ToArray() ?? [];
            _expectation?.Held.Clear();
            foreach (var item in held)
            {
                if (TakeKnown(item, ref forwarded) is { } rest)
                {
                    _expectation!.Held.Add(rest);
                }
            }
        }

        Tell(forwarded);
    }

    /// <summary>
    /// Takes the messages of events with outputs out of what arrives, and never waits.
    /// </summary>
    /// <returns>What is left for the console; null: nothing.</returns>
    public TargetEvent? Take(TargetEvent item)
    {
        var forwarded = 0;
        TargetEvent? rest;
        lock (_lock)
        {
            if (item is ResetEvent)
            {
                _byEvent.Clear();
                _byRecord.Clear();
                _expectation?.Held.Clear();
                return item;
            }

            rest = TakeKnown(item, ref forwarded);
            if (rest is TransitionsEvent or BufferEvent or CodeFaultEvent or PrintEvent && _expectation is { } expectation && expectation.Hold(rest))
            {
                rest = null;
            }
        }

        Tell(forwarded);
        return rest;
    }

    /// <summary>Closes all outputs, after what waits was written or the time for that is over.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Sinks().Select(CloseAsync)).ConfigureAwait(false);

        async Task CloseAsync(Sink sink)
        {
            var lost = await sink.CloseAsync().ConfigureAwait(false);
            if (lost > 0)
            {
                Tell(sink, "closed", $"was left with {lost} messages that nobody took in time");
            }
        }
    }

    private TargetEvent? TakeKnown(TargetEvent item, ref int forwarded)
    {
        switch (item)
        {
            case TransitionsEvent batch:
                return TakeKnown(batch, ref forwarded);
            case BufferEvent buffer when _byEvent.TryGetValue(buffer.EventId, out var attachment):
                attachment.Buffers++;
                attachment.Offer(MessageLine.Of(buffer));
                forwarded++;
                return null;
            case PrintEvent { EventId: { } id } printed when _byEvent.TryGetValue(id, out var attachment):
                attachment.Prints++;
                attachment.Offer(MessageLine.Of(printed, text?.Invoke(printed) ?? PrintFormatter.Raw(printed.Arguments)));
                forwarded++;
                return null;
            case CodeFaultEvent fault when _byEvent.TryGetValue(fault.EventId, out var attachment):
                attachment.Faults++;
                if (!attachment.Offer(MessageLine.Of(fault)))
                {
                    // It disables the event, and no output is there to tell it.
                    return item;
                }

                forwarded++;
                return null;
            default:
                return item;
        }
    }

    private TransitionsEvent? TakeKnown(TransitionsEvent batch, ref int forwarded)
    {
        if (_byRecord.Count == 0)
        {
            return batch;
        }

        var rest = new List<Transition>();
        foreach (var transition in batch.Transitions)
        {
            if (_byRecord.TryGetValue((ushort)transition.EventId, out var attachment))
            {
                attachment.Records++;
                attachment.Offer(MessageLine.Of(attachment.Id, transition));
                forwarded++;
            }
            else
            {
                rest.Add(transition);
            }
        }

        return rest.Count == batch.Transitions.Count ? batch : rest.Count == 0 ? null : new TransitionsEvent(rest);
    }

    private List<Sink> Sinks()
    {
        lock (_lock)
        {
            return [.. _sinks];
        }
    }

    private Sink? Find(string name) => Sinks().FindLast(sink => sink.Name == name);

    private Sink Known(string name) => Find(name) ?? throw new DebuggerException($"there is no output {name}: 'output create {name} …' makes one");

    private void Tell(int forwarded)
    {
        if (forwarded > 0)
        {
            Forwarded?.Invoke(forwarded);
        }
    }

    private void Tell(Sink sink, string state, string words) => show(new Report(
        [new OutputLine($"output {sink.Name} {words}", LineStyle.Warning)],
        new JsonObject { ["type"] = "output", ["output"] = sink.Name, ["state"] = state, ["message"] = $"output {sink.Name} {words}" }));

    /// <summary>Holds back what comes of events that are not known, while one is being registered.</summary>
    private sealed class Expectation(OutputRegistry owner) : IAsyncDisposable
    {
        // A registration takes milliseconds; a target that floods meanwhile shall not fill the memory.
        private const int Most = 1 << 16;

        internal List<TargetEvent> Held { get; } = [];

        internal bool Hold(TargetEvent item)
        {
            if (Held.Count >= Most)
            {
                return false;
            }

            Held.Add(item);
            return true;
        }

        public async ValueTask DisposeAsync()
        {
            List<TargetEvent> left;
            lock (owner._lock)
            {
                owner._expectation = null;
                left = [.. Held];
                Held.Clear();
            }

            foreach (var item in left)
            {
                await (owner.Returned?.Invoke(item) ?? Task.CompletedTask).ConfigureAwait(false);
            }
        }
    }
}
