using HvKernel.Memory;
using HvKernel.Protocol;

namespace HvKernel.Breakpoints;

/// <summary>All breakpoints. Pure; whoever changes it holds the machine's lock, and tells the processors.</summary>
public unsafe struct BreakpointTable
{
    /// <summary>Most breakpoints of the console.</summary>
    public const int Capacity = 64;

    /// <summary>Slot of the place at which a step waits; one processor steps at a time.</summary>
    public const int StepSlot = Capacity;
    public const int Slots = Capacity + 1;

    /// <summary>INT3.</summary>
    public const byte Instruction = 0xCC;

    /// <summary><see cref="Slots"/> of them.</summary>
    public Breakpoint* Entries;
    private uint _nextId;

    public static int MemoryBytes => Slots * sizeof(Breakpoint);

    /// <summary>Whether some instruction is to be stopped at.</summary>
    public readonly bool AnyEnabled
    {
        get
        {
            for (var i = 0; i < Slots; i++)
            {
                if (IsSet(i))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Starts with none.</summary>
    /// <param name="memory"><see cref="MemoryBytes"/> zeros.</param>
    public void Initialize(byte* memory) => Entries = (Breakpoint*)memory;

    /// <summary>Whether a slot stands for an instruction that is to be stopped at.</summary>
    public readonly bool IsSet(int slot) => Entries[slot].InUse && Entries[slot].Enabled;

    /// <summary>Whether some slot stands for this instruction.</summary>
    public readonly bool IsSetAt(ulong physical)
    {
        for (var i = 0; i < Slots; i++)
        {
            if (IsSet(i) && Entries[i].Physical == physical)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds a breakpoint, enabled. Null where there is no room, or one that is the same, whose number <paramref name="same"/> is then.</summary>
    public Breakpoint* Add(ulong address, ulong physical, uint pid, uint core, out uint same)
    {
        same = LinkProtocol.All;
        Breakpoint* free = null;
        for (var i = Capacity - 1; i >= 0; i--)
        {
            var entry = &Entries[i];
            if (!entry->InUse)
            {
                free = entry;
            }
            else if (entry->Physical == physical && entry->Pid == pid && entry->Core == core)
            {
                same = entry->Id;
                return null;
            }
        }

        if (free == null)
        {
            return null;
        }

        *free = default;
        free->InUse = true;
        free->Enabled = true;
        free->Id = _nextId++;
        free->Address = address;
        free->Physical = physical;
        free->Pid = pid;
        free->Core = core;
        return free;
    }

    /// <summary>Takes back the last <see cref="Add"/>: there was no page for it.</summary>
    public void Withdraw(Breakpoint* added)
    {
        _nextId = added->Id;
        *added = default;
    }

    /// <summary>The breakpoint of a number, or null.</summary>
    public readonly Breakpoint* Find(uint id)
    {
        for (var i = 0; i < Capacity; i++)
        {
            if (Entries[i].InUse && Entries[i].Id == id)
            {
                return &Entries[i];
            }
        }

        return null;
    }

    /// <summary>The breakpoint with the lowest number that is not below <paramref name="id"/>, or null.</summary>
    public readonly Breakpoint* FindFrom(uint id)
    {
        Breakpoint* next = null;
        for (var i = 0; i < Capacity; i++)
        {
            var entry = &Entries[i];
            if (entry->InUse && entry->Id >= id && (next == null || entry->Id < next->Id))
            {
                next = entry;
            }
        }

        return next;
    }

    /// <summary>Notes the place at which a step waits.</summary>
    public readonly void WaitAt(ulong address, ulong physical, ulong lowestRsp, ulong highestRsp, ulong root)
    {
        var entry = &Entries[StepSlot];
        *entry = default;
        entry->InUse = true;
        entry->Enabled = true;
        entry->IsOfStep = true;
        entry->Address = address;
        entry->Physical = physical;
        entry->Pid = LinkProtocol.All;
        entry->Core = LinkProtocol.All;
        entry->LowestRsp = lowestRsp;
        entry->HighestRsp = highestRsp;
        entry->Root = root;
    }

    /// <summary>Whether the step's place is this one, reached with the stack that it waits for.</summary>
    public readonly bool IsAwaited(ulong physical, ulong rsp, ulong root)
    {
        var entry = &Entries[StepSlot];
        return entry->InUse && entry->Physical == physical && rsp >= entry->LowestRsp && rsp <= entry->HighestRsp
            && (entry->Root == 0 || entry->Root == root);
    }

    /// <summary>Whether this is the second begin of an instruction that a fault has interrupted; it is no second stop.</summary>
    public readonly bool TakeRetry(int slot, ulong rsp, ulong root)
    {
        var entry = &Entries[slot];
        if (!entry->Retries || entry->RetryRsp != rsp || entry->RetryRoot != root)
        {
            return false;
        }

        entry->Retries = false;
        return true;
    }

    /// <summary>An instruction that was stopped at was begun, and a fault of it is being handled.</summary>
    public readonly void NoteRetry(ulong physical, ulong rsp, ulong root)
    {
        for (var i = 0; i < Capacity; i++)
        {
            var entry = &Entries[i];
            if (IsSet(i) && entry->Physical == physical)
            {
                entry->Retries = true;
                entry->RetryRsp = rsp;
                entry->RetryRoot = root;
            }
        }
    }

    /// <summary>Whether a page has an instruction that is to be stopped at.</summary>
    public readonly bool HasPage(ulong page)
    {
        for (var i = 0; i < Slots; i++)
        {
            if (IsSet(i) && (Entries[i].Physical & ~Page.Mask) == page)
            {
                return true;
            }
        }

        return false;
    }
}
