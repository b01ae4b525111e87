using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

public sealed partial class Debugger
{
    /// <summary>
    /// Keeps the picture of the target up to date, in the order in which messages arrive, and hands events on to the subscriptions.
    /// </summary>
    private sealed class Observer : ILinkObserver
    {
        private readonly Debugger _owner;
        private readonly BufferAssembler _buffers;
        private readonly Lock _lock = new();
        private ImmutableArray<EventSubscription> _subscriptions = [];
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private StopEvent? _stop;
        private ulong _lastStopTick;
        private ulong _lastReportTick;
        private ulong? _dropped;
        private ulong? _droppedAtFirst;
        private long _lostReported;

        internal Observer(Debugger owner)
        {
            _owner = owner;
            _buffers = new BufferAssembler(Publish);
        }

        internal TargetInfo? Target { get; private set; }

        internal uint CurrentProcessor { get; set; }

        /// <summary>The halt while the guest stands still, and a task that ends when this changes.</summary>
        internal (StopEvent? Stop, Task Changed) State
        {
            get
            {
                lock (_lock)
                {
                    return (_stop, _changed.Task);
                }
            }
        }

        public void OnReply(MessageType request, ReadOnlySpan<byte> payload)
        {
            switch (request)
            {
                case MessageType.Hello when MemoryMarshal.TryRead<HelloReply>(payload, out var hello):
                    OnHello(hello);
                    break;
                case MessageType.Status or MessageType.Pause or MessageType.Continue or MessageType.Step
                    when MemoryMarshal.TryRead<StatusReply>(payload, out var status) && status.Header.Status == ReplyStatus.Ok:
                    OnStatus(status);
                    break;
            }
        }

        public unsafe void OnMessage(MessageType type, ReadOnlySpan<byte> payload)
        {
            switch (type)
            {
                case MessageType.Stopped when MemoryMarshal.TryRead<StopInfo>(payload, out var stop):
                    OnStop(StopEvent.Of(stop));
                    break;
                case MessageType.Transitions:
                    OnTransitions(payload);
                    break;
                case MessageType.EventNotice when MemoryMarshal.TryRead<EventNotice>(payload, out var notice):
                    Publish(new NoticeEvent(notice.EventId, notice.Kind, notice.Tick, Wire.Name(notice.Name, LinkProtocol.NameBytes)));
                    break;
                case MessageType.BlobFault when MemoryMarshal.TryRead<BlobFault>(payload, out var fault):
                    Publish(CodeFaultEvent.Of(fault));
                    break;
                case MessageType.Print:
                    foreach (var printed in PrintEvent.Of(payload.ToArray()))
                    {
                        Publish(printed);
                    }

                    break;
                case MessageType.BufferPart:
                    _buffers.Add(payload);
                    break;
                case MessageType.Text:
                    var assembler = new LineAssembler(OnText);
                    foreach (var value in payload)
                    {
                        assembler.Add(value);
                    }

                    assembler.Flush();
                    break;
            }
        }

        public void OnText(string line) => Publish(new TextEvent(line));

        public void OnLinkState(LinkState state, string reason) => Publish(new LinkStateEvent(state, reason));

        internal void Add(EventSubscription subscription) =>
            ImmutableInterlocked.Update(ref _subscriptions, list => list.Add(subscription));

        internal void Remove(EventSubscription subscription) =>
            ImmutableInterlocked.Update(ref _subscriptions, list => list.Remove(subscription));

        internal void Complete()
        {
            foreach (var subscription in _subscriptions)
            {
                subscription.Complete();
            }
        }

        private void Publish(TargetEvent item)
        {
            foreach (var subscription in _subscriptions)
            {
                subscription.Publish(item);
            }
        }

        private unsafe void OnHello(HelloReply hello)
        {
            var bootId = hello.BootId;
            var reset = Target is { } known && known.BootId != bootId;
            Target = new TargetInfo(
                hello.ProtocolVersion,
                hello.Capabilities,
                hello.Processors,
                Math.Clamp((int)hello.MaximumPayload, 64, Frame.MaximumPayload),
                hello.TickFrequency,
                bootId,
                Convert.ToHexStringLower(new ReadOnlySpan<byte>(hello.BuildId, 16)));
            if (!reset)
            {
                return;
            }

            _owner._connection.ForgetSequence();
            _owner.Symbols.Forget();
            CurrentProcessor = 0;
            _dropped = _droppedAtFirst = null;
            _lostReported = _owner._connection.Statistics.LostMessages;
            _lastReportTick = 0;
            SetStop(null, 0);
            _buffers.GiveUp();
            Publish(new ResetEvent(bootId));
        }

        private void OnStatus(in StatusReply status)
        {
            _owner._connection.OnReport(status.NextSequence);
            ReportLosses(status.Dropped);
            if (status.Tick < _lastReportTick || status.Tick < _lastStopTick)
            {
                // Either the kept reply to a request that was sent twice, which is out of date, or another boot, whose clock starts anew.
                _owner._connection.DoubtBoot();
                return;
            }

            _lastReportTick = status.Tick;
            if (status.State == TargetState.Stopped)
            {
                OnStop(StopEvent.Of(status.Stop));
            }
            else if (SetStop(null, _lastStopTick))
            {
                Publish(new ContinuedEvent());
            }
        }

        /// <summary>
        /// A message that the target dropped uses up a number too, so what was lost on the line is what the dropped ones do not explain.
        /// </summary>
        private void ReportLosses(ulong dropped)
        {
            _droppedAtFirst ??= dropped;
            if (dropped > (_dropped ?? dropped))
            {
                Publish(new MessagesDroppedEvent(dropped - _dropped!.Value, dropped));
            }

            _dropped = dropped;
            var explained = (long)(dropped - _droppedAtFirst.Value);
            var lost = _owner._connection.Statistics.LostMessages - explained;
            if (lost > _lostReported)
            {
                Publish(new MessagesLostEvent((uint)(lost - _lostReported)));
                _lostReported = lost;
            }
        }

        private void OnStop(StopEvent stop)
        {
            // The same stop arrives as a message, and in every report as long as it lasts.
            if (stop.Tick <= _lastStopTick)
            {
                return;
            }

            CurrentProcessor = stop.Processor;
            SetStop(stop, stop.Tick);
            Publish(stop);
        }

        private bool SetStop(StopEvent? stop, ulong tick)
        {
            lock (_lock)
            {
                _lastStopTick = tick;
                if (ReferenceEquals(_stop, stop))
                {
                    return false;
                }

                _stop = stop;
                _changed.TrySetResult();
                _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
                return true;
            }
        }

        private void OnTransitions(ReadOnlySpan<byte> payload)
        {
            var rows = new List<Transition>(payload.Length / Unsafe.SizeOf<TransitionRecord>());
            while (MemoryMarshal.TryRead<TransitionRecord>(payload, out var record))
            {
                rows.Add(new Transition(record.EventId, record.Context, record.Processor, record.Rip, record.Tick));
                payload = payload[Unsafe.SizeOf<TransitionRecord>()..];
            }

            if (rows.Count > 0)
            {
                Publish(new TransitionsEvent(rows));
            }
        }
    }
}
