using HvKernel.Protocol;

namespace HvKernel.Events.Scripts;

/// <summary>What a script asked for that takes effect after the trigger: until then the tables that are being gone through stay as they are. Pure.</summary>
public unsafe struct ScriptEffects
{
    /// <summary>Changes of events that one trigger can ask for: twice each event there can be.</summary>
    public const int MostChanges = 2 * EventTable.Capacity;

    /// <summary>Stop the guest.</summary>
    public bool Pause;

    /// <summary>VM-entry interruption information of what shall be injected; 0: nothing.</summary>
    public uint Injection;
    public uint InjectionErrorCode;

    public int Changes;
    private fixed uint _events[MostChanges];
    private fixed uint _operations[MostChanges];

    /// <summary>Whether there is something to carry out after the trigger; a pause is part of its outcome.</summary>
    public readonly bool HasAny => Changes != 0 || Injection != 0;

    /// <summary>Notes a change, behind those asked for before; false where there is no room.</summary>
    public bool Add(uint eventId, EventOperation operation)
    {
        // The last word about an event counts: a loop that asks for the same again and again needs no room.
        if (Changes > 0 && _events[Changes - 1] == eventId && _operations[Changes - 1] == (uint)operation)
        {
            return true;
        }

        if (Changes == MostChanges)
        {
            return false;
        }

        _events[Changes] = eventId;
        _operations[Changes++] = (uint)operation;
        return true;
    }

    /// <summary>A change in the order in which they were asked for.</summary>
    public readonly void Change(int index, out uint eventId, out EventOperation operation)
    {
        eventId = _events[index];
        operation = (EventOperation)_operations[index];
    }

    /// <summary>What of it takes back a failed run: all behind a mark.</summary>
    public readonly EffectMark Mark()
    {
        EffectMark mark;
        mark.Changes = Changes;
        mark.Injection = Injection;
        mark.InjectionErrorCode = InjectionErrorCode;
        mark.Pause = Pause;
        return mark;
    }

    /// <summary>Forgets what was asked for since the mark.</summary>
    public void Return(in EffectMark mark)
    {
        Changes = mark.Changes;
        Injection = mark.Injection;
        InjectionErrorCode = mark.InjectionErrorCode;
        Pause = mark.Pause;
    }
}

/// <summary>A state of <see cref="ScriptEffects"/> that can be gone back to.</summary>
public struct EffectMark
{
    public int Changes;
    public uint Injection;
    public uint InjectionErrorCode;
    public bool Pause;
}
