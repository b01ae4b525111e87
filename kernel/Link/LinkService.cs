using HvKernel.Cpu;
using HvKernel.Events;
using HvKernel.Events.Code;
using HvKernel.Link.Requests;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Link;

/// <summary>What a processor does for the link when its turn comes: requests in, records and replies out.</summary>
public static unsafe class LinkService
{
    private const int RecordsPerFrame = 48;

    /// <summary>What is collected is sent after a quarter of a second at the latest.</summary>
    private const ulong CollectionsPerSecond = 4;
    private const ulong LateBeats = 3;

    /// <summary>
    /// One beat of the preemption timer. The first processor serves the link; another one does where that is late, because it sleeps too deeply for the timer
    /// or waits for something in root.
    /// </summary>
    public static void Poll(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        if (!machine->Link.Uart.Present)
        {
            return;
        }

        var now = Processor.Tsc();
        if ((vcpu->Number != 0 && now < machine->NextLinkTick + (LateBeats * machine->PollTicks)) || !MachineLock.TryAcquire(vcpu))
        {
            return;
        }

        machine->NextLinkTick = now + machine->PollTicks;
        Turn(vcpu);
        MachineLock.Release(vcpu);
    }

    // The lock is held.
    private static void Turn(VCpu* vcpu)
    {
        var machine = vcpu->Machine;

        Serve(vcpu);
        if (machine->Configuration.WaitForDebugger)
        {
            machine->Configuration.WaitForDebugger = false;
            StopLoop.Begin(vcpu, StopReason.WaitForDebugger, 0, 0);
        }

        if (machine->State == TargetState.Stopped)
        {
            StopLoop.Run(vcpu);
        }

        FlushDue(machine);
        machine->Link.Transmit();
    }

    /// <summary>Carries out the requests that have arrived.</summary>
    public static void Serve(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        while (machine->Link.TryReceiveRequest())
        {
            // The reply's sequence is read first: a handler may reuse the reader's buffer only through the next receive.
            var type = machine->Link.Reader.Type;
            var sequence = machine->Link.Reader.Sequence;
            var length = RequestDispatch.HandleWhereNamed(vcpu, type, machine->Link.Reader.Payload, machine->Link.Reader.PayloadLength, machine->Link.ReplyPayload);
            machine->Link.Reply(type, sequence, length);
        }
    }

    /// <summary>Notes one transition; full frames are queued at once, the rest at the next beat or, for events that collect, later.</summary>
    public static void Log(VCpu* vcpu, ModeEvent* logged, byte context, ulong tick)
    {
        var machine = vcpu->Machine;
        if ((logged->Flags & EventFlags.Collect) == 0)
        {
            machine->RecordsUrgent = true;
        }
        else
        {
            StartCollecting(machine);
        }

        var record = (TransitionRecord*)machine->Records + machine->RecordCount;
        record->Rip = VmxInstruction.Read(Vmcs.GuestRip);
        record->Tick = tick;
        record->EventId = (ushort)logged->Id;
        record->Context = context;
        record->Processor = (byte)vcpu->Number;
        logged->Sent++;
        if (++machine->RecordCount == RecordsPerFrame)
        {
            FlushTransitions(machine);
        }
    }

    /// <summary>Starts the time after which what is collected is sent.</summary>
    public static void StartCollecting(Machine* machine)
    {
        if (machine->CollectUntil == 0)
        {
            machine->CollectUntil = Processor.Tsc() + (machine->TickFrequency / CollectionsPerSecond);
        }
    }

    /// <summary>Queues all that was noted or collected.</summary>
    public static void FlushAll(Machine* machine)
    {
        machine->CollectUntil = 0;
        FlushTransitions(machine);
        BufferDelivery.Flush(machine);
    }

    /// <summary>Tells the console of code that failed.</summary>
    public static void Report(Machine* machine, BlobFault* fault)
    {
        FlushAll(machine);
        *(BlobFault*)machine->Link.Payload = *fault;
        machine->Link.SendUrgent(MessageType.BlobFault, sizeof(BlobFault));
    }

    // Records of events that want no delay go at each beat, collected ones when their time has come.
    private static void FlushDue(Machine* machine)
    {
        if (machine->CollectUntil != 0 && Processor.Tsc() >= machine->CollectUntil)
        {
            FlushAll(machine);
        }
        else if (machine->RecordsUrgent)
        {
            FlushTransitions(machine);
        }
    }

    /// <summary>Queues the records noted so far; what does not fit is counted at its event.</summary>
    public static void FlushTransitions(Machine* machine)
    {
        var count = machine->RecordCount;
        if (count == 0)
        {
            return;
        }

        machine->RecordCount = 0;
        machine->RecordsUrgent = false;
        var records = (TransitionRecord*)machine->Records;
        var payload = (TransitionRecord*)machine->Link.Payload;
        for (var i = 0; i < count; i++)
        {
            payload[i] = records[i];
        }

        if (machine->Link.Send(MessageType.Transitions, count * sizeof(TransitionRecord)))
        {
            return;
        }

        for (var i = 0; i < count; i++)
        {
            machine->Events.CountLost(records[i].EventId);
        }
    }

    /// <summary>Tells the console what became of a watched process, once for each of its events.</summary>
    public static void Notify(VCpu* vcpu, int watch, EventNoticeKind kind) => NotifyAll(vcpu, watch, EventCondition.None, kind);

    /// <summary>The same for those of its events whose condition has all of these bits.</summary>
    public static void NotifyAll(VCpu* vcpu, int watch, EventCondition wanted, EventNoticeKind kind)
    {
        var events = &vcpu->Machine->Events;
        for (var i = 0; i < events->Count; i++)
        {
            if (events->Events[i].Watch == watch && (events->Events[i].Condition & wanted) == wanted)
            {
                Notify(vcpu, &events->Events[i], kind);
            }
        }
    }

    /// <summary>Tells the console something about one event.</summary>
    public static void Notify(VCpu* vcpu, ModeEvent* subject, EventNoticeKind kind)
    {
        var machine = vcpu->Machine;
        FlushAll(machine);
        var notice = (EventNotice*)machine->Link.Payload;
        *notice = default;
        notice->EventId = subject->Id;
        notice->Kind = kind;
        notice->Tick = Processor.Tsc();
        for (var letter = 0; letter < LinkProtocol.NameBytes; letter++)
        {
            notice->Name[letter] = machine->Events.Watches[subject->Watch].Name[letter];
        }

        machine->Link.SendUrgent(MessageType.EventNotice, sizeof(EventNotice));
        NoticeLog.Add(machine->Log, subject->Id, kind, notice->Name);
    }

    /// <summary>Bytes of <see cref="Machine.Records"/>.</summary>
    public static int RecordBytes => RecordsPerFrame * sizeof(TransitionRecord);
}
