using HvKernel.Events.Code;
using HvKernel.Protocol;

namespace HvKernel.Events;

/// <summary>One action of an event.</summary>
public struct ModeAction
{
    public EventAction Kind;

    /// <summary>The safe buffer's address in the window and its length; 0: none.</summary>
    public ulong Buffer;
    public uint BufferBytes;
    public Blob Code;

    /// <summary>Pointers that the code returned and that could not be read over their whole length.</summary>
    public ulong InvalidPointers;
}

/// <summary>What an event has besides its row: its place stays where it is as long as the event lives.</summary>
public unsafe struct EventDetail
{
    public bool InUse;
    public Blob Condition;
    public uint TextBytes;
    public fixed byte Text[LinkProtocol.MaximumText];

    /// <summary><see cref="LinkProtocol.MaximumActions"/> follow.</summary>
    public ModeAction First;
}

/// <summary>One event: when a watched process changes mode, do something.</summary>
public unsafe struct ModeEvent
{
    public bool InUse;
    public bool Enabled;
    public uint Id;
    public ModeTrapDirection Direction;
    public EventFlags Flags;
    public EventCondition Condition;

    /// <summary>Actions in use; with none the event never triggers.</summary>
    public int Actions;

    /// <summary>
    /// The event's only action where that is no code and nothing else needs code, as with most events; else <see cref="NotPlain"/>. Kept by
    /// <see cref="Settle"/>, because every transition asks.
    /// </summary>
    public EventAction Plain;
    public EventDetail* Detail;

    /// <summary>A processor number, or <see cref="LinkProtocol.All"/>.</summary>
    public uint Processor;

    /// <summary>Index of its process in <see cref="EventTable.Watches"/>.</summary>
    public int Watch;
    public ProcessKeyKind KeyKind;
    public ulong Key;
    public ulong UserReached;
    public ulong KernelReached;
    public ulong ConditionFalse;
    public ulong ShortCircuited;
    public ulong ActionTicks;
    public ulong Sent;
    public ulong Dropped;
    public ulong BreaksSuppressed;

    /// <summary>Value of <see cref="Plain"/> of an event that needs more than one look.</summary>
    public const EventAction NotPlain = (EventAction)uint.MaxValue;

    /// <summary>Brings <see cref="Plain"/> in line with actions, condition and flags.</summary>
    public void Settle()
    {
        var isPlain = Actions == 1 && !RunsCode(Action(0)->Kind) && Detail->Condition.Address == 0
            && (Flags & EventFlags.ShortCircuit) == 0;
        Plain = isPlain ? Action(0)->Kind : NotPlain;
    }

    /// <summary>Whether actions of this kind have code.</summary>
    public static bool RunsCode(EventAction kind) => kind is EventAction.CustomCode or EventAction.Script;

    /// <summary>An action by its number.</summary>
    public readonly ModeAction* Action(int index) => &Detail->First + index;

    /// <summary>Whether some transition would trigger both.</summary>
    public readonly bool Overlaps(in AddEventRequest other)
    {
        var directions = Direction == other.Direction
            || Direction == ModeTrapDirection.UserAndKernel
            || other.Direction == ModeTrapDirection.UserAndKernel;
        var processors = Processor == other.Processor || Processor == LinkProtocol.All || other.Processor == LinkProtocol.All;
        return directions && processors;
    }

    /// <summary>An event without actions counts as disabled, as the manual has it.</summary>
    public readonly bool CanTrigger => Enabled && Actions != 0;

    /// <summary>Whether it triggers on this direction (3 user reached, 0 kernel reached) on this processor.</summary>
    public readonly bool Matches(byte context, uint processor)
    {
        if (!CanTrigger || (Processor != LinkProtocol.All && Processor != processor))
        {
            return false;
        }

        return Direction == ModeTrapDirection.UserAndKernel || (uint)Direction == context;
    }
}

/// <summary>All events and the processes they watch: fixed tables, oldest event first. Pure.</summary>
public unsafe struct EventTable
{
    public const int Capacity = 32;

    /// <summary>Bytes of the tables that <see cref="Initialize"/> takes.</summary>
    public static int MemoryBytes => (sizeof(ModeEvent) + sizeof(ProcessWatch) + DetailBytes) * Capacity;

    private static int DetailBytes => sizeof(EventDetail) + (sizeof(ModeAction) * LinkProtocol.MaximumActions);

    /// <summary>Ends of the table in use: no event stands at or behind this index.</summary>
    public int Count;
    public ModeEvent* Events;
    public ProcessWatch* Watches;

    /// <summary>Whether the trap was switched on, by <c>preactivate mode</c> or by the first event.</summary>
    public bool Activated;

    /// <summary>An event was disabled while a transition was being handled: what the processors trap must be reconsidered.</summary>
    public bool Stale;
    private uint _lastId;
    private byte* _details;

    /// <summary>Starts empty over <see cref="MemoryBytes"/> zeroed bytes.</summary>
    public void Initialize(byte* memory)
    {
        Events = (ModeEvent*)memory;
        Watches = (ProcessWatch*)(memory + (sizeof(ModeEvent) * Capacity));
        _details = (byte*)(Watches + Capacity);
    }

    /// <summary>Whether some enabled event has a living process.</summary>
    public readonly bool AnyArmed()
    {
        for (var i = 0; i < Count; i++)
        {
            if (Events[i].CanTrigger && Watches[Events[i].Watch].State == WatchState.Armed)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether an enabled event watches this process.</summary>
    public readonly bool IsWatched(int watch)
    {
        for (var i = 0; i < Count; i++)
        {
            if (Events[i].CanTrigger && Events[i].Watch == watch)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The event of a number, or null.</summary>
    public readonly ModeEvent* Find(uint id)
    {
        for (var i = 0; i < Count; i++)
        {
            if (Events[i].Id == id)
            {
                return &Events[i];
            }
        }

        return null;
    }

    /// <summary>
    /// The living event that already does on some transition just what the new one would, or null. Events with code or conditions of their own may
    /// share transitions: they run oldest first.
    /// </summary>
    /// <param name="request">The new event.</param>
    /// <param name="onlyAction">Its only action, which is no code.</param>
    /// <param name="watch">Its process.</param>
    public readonly ModeEvent* FindDuplicate(in AddEventRequest request, EventAction onlyAction, int watch)
    {
        for (var i = 0; i < Count; i++)
        {
            var other = &Events[i];
            if (other->Watch == watch && Watches[watch].State == WatchState.Armed && other->Overlaps(request)
                && other->Flags == request.Flags && other->Detail->Condition.Address == 0 && other->Actions == 1 && other->Action(0)->Kind == onlyAction)
            {
                return other;
            }
        }

        return null;
    }

    /// <summary>Appends an event for a process; null where the table is full.</summary>
    public ModeEvent* Add(in AddEventRequest request, int watch)
    {
        if (Count == Capacity)
        {
            return null;
        }

        var added = &Events[Count++];
        *added = default;
        added->InUse = true;
        added->Enabled = true;
        added->Id = _lastId++;
        added->Direction = request.Direction;
        added->Flags = request.Flags;
        added->Detail = FreeDetail();
        added->Processor = request.Processor;
        added->KeyKind = request.KeyKind;
        added->Key = request.Key;
        added->Watch = watch;
        return added;
    }

    /// <summary>Removes an event, and its process where no other event watches it.</summary>
    public void Remove(ModeEvent* removed)
    {
        var watch = removed->Watch;
        removed->Detail->InUse = false;
        for (var i = (int)(removed - Events); i + 1 < Count; i++)
        {
            Events[i] = Events[i + 1];
        }

        Count--;
        for (var i = 0; i < Count; i++)
        {
            if (Events[i].Watch == watch)
            {
                return;
            }
        }

        Watches[watch] = default;
    }

    // There are as many as there are events.
    private readonly EventDetail* FreeDetail()
    {
        for (var i = 0; i < Capacity; i++)
        {
            var detail = (EventDetail*)(_details + (i * DetailBytes));
            if (!detail->InUse)
            {
                for (var at = 0; at < DetailBytes; at++)
                {
                    ((byte*)detail)[at] = 0;
                }

                detail->InUse = true;
                return detail;
            }
        }

        return null;
    }

    /// <summary>A message of this event that had been counted as sent was lost.</summary>
    public readonly void CountLost(uint id)
    {
        var lost = Find(id);
        if (lost != null)
        {
            lost->Dropped++;
            lost->Sent--;
        }
    }

    /// <summary>An unused place for a process, or -1.</summary>
    public readonly int FreeWatch()
    {
        for (var i = 0; i < Capacity; i++)
        {
            if (!Watches[i].InUse)
            {
                return i;
            }
        }

        return -1;
    }
}
