using HvKernel.Memory;

namespace HvKernel.Events;

/// <summary>The shadow roots of one watched process.</summary>
public struct ShadowSet
{
    /// <summary>Whether the copies describe these roots, and writes to them are seen.</summary>
    public bool Ready;

    /// <summary>Physical addresses of the guest's own top-level tables, equal where it has one; 0: none.</summary>
    public ulong Root;
    public ulong PairedRoot;
}

/// <summary>
/// Where execution cannot be forbidden by mode in the EPT: for each watched process copies of its top-level tables in HvKernel's memory, common to all
/// processors. The guest's own tables are write-protected meanwhile, the copies readable for its page walks. Pure.
/// </summary>
public unsafe struct ShadowRoots
{
    // Of each of both roots one for user mode and one for the kernel.
    private const int TablesPerSet = 4;
    private const int Tables = TablesPerSet * EventTable.Capacity;

    // Both roots of a process are neighbours in one; the copies stand in two at the most.
    private const int Regions = EventTable.Capacity + 2;

    private ShadowSet* _sets;
    private byte* _tables;
    private EptPatches _patches;

    /// <summary>Pages that <see cref="Initialize"/> takes.</summary>
    public static ulong PagesNeeded => Tables + 1 + EptPatches.PagesNeeded(Regions);

    /// <summary>Starts without a process; false where the pool is too small.</summary>
    public bool Initialize(ulong* eptRoot, ref PagePool pool)
    {
        _tables = pool.Take(Tables);
        _sets = (ShadowSet*)pool.Take(1);
        return _tables != null && _sets != null && _patches.Initialize(eptRoot, Regions, ref pool);
    }

    /// <summary>The set of a watched process.</summary>
    public readonly ShadowSet* Set(int watch) => &_sets[watch];

    /// <summary>Physical address of the table that stands for a process's root in a restricted view; 0 where there is none.</summary>
    public readonly ulong Find(int watch, ulong root, EptView view)
    {
        var set = &_sets[watch];
        if (!set->Ready || (root != set->Root && root != set->PairedRoot))
        {
            return 0;
        }

        return (ulong)Table(watch, root != set->Root, view);
    }

    /// <summary>Whether the copies that an event table needs are the ones that there are.</summary>
    public readonly bool IsCurrent(in EventTable events)
    {
        for (var i = 0; i < EventTable.Capacity; i++)
        {
            Wanted(events, i, out var root, out var pairedRoot);
            if (_sets[i].Root != root || _sets[i].PairedRoot != pairedRoot)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// First step of a change: decides whose roots are shadowed from now on and builds the views' new tables. Sets that change are not ready,
    /// so that no processor takes them up.
    /// </summary>
    /// <returns>False where the tables do not suffice: then nothing is shadowed.</returns>
    public bool Plan(in EventTable events)
    {
        for (var i = 0; i < EventTable.Capacity; i++)
        {
            var set = &_sets[i];
            Wanted(events, i, out var root, out var pairedRoot);
            if (set->Root != root || set->PairedRoot != pairedRoot)
            {
                *set = default;
                set->Root = root;
                set->PairedRoot = pairedRoot;
            }
        }

        return Patch();
    }

    /// <summary>The tables that the views share have changed: those that are copies of them are made again, and shown.</summary>
    public void Repatch(in EptViews views)
    {
        Patch();
        Show(views);
    }

    /// <summary>Second step: exchanges the views' tables. The processors are then to leave sets that are not ready, and to drop translations.</summary>
    public readonly void Show(in EptViews views)
    {
        for (var view = EptView.Normal; view <= EptView.UserExecuteOff; view++)
        {
            _patches.Show(views.Root(view));
        }
    }

    /// <summary>Last step, when no write to a guest's root goes unseen any more: copies what is new.</summary>
    public void Fill<TMemory>(ref TMemory memory)
        where TMemory : struct, IPhysicalMemory
    {
        for (var i = 0; i < EventTable.Capacity; i++)
        {
            if (_sets[i].Root != 0 && !_sets[i].Ready)
            {
                // What an earlier process left there was not accessed by this one.
                Clear(i);
                _sets[i].Ready = SyncSet(ref memory, i);
            }
        }
    }

    /// <summary>Whether writes to this page of guest memory are to be seen, because it is some watched process's root.</summary>
    public readonly bool IsProtected(ulong page)
    {
        for (var i = 0; i < EventTable.Capacity; i++)
        {
            if (_sets[i].Root != 0 && (_sets[i].Root == page || _sets[i].PairedRoot == page))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Brings all copies in line with the guest's roots.</summary>
    public readonly void SyncAll<TMemory>(ref TMemory memory)
        where TMemory : struct, IPhysicalMemory
    {
        for (var i = 0; i < EventTable.Capacity; i++)
        {
            if (_sets[i].Ready)
            {
                SyncSet(ref memory, i);
            }
        }
    }

    /// <summary>Whether a physical address lies in the copies.</summary>
    public readonly bool IsTable(ulong address) => address >= (ulong)_tables && address < (ulong)_tables + (Tables * Page.Bytes);

    /// <summary>A page walk from this copy used an entry for the first time.</summary>
    public readonly void SetAccessed<TMemory>(ref TMemory memory, ulong table, int index)
        where TMemory : struct, IPhysicalMemory
    {
        var number = (int)((table - (ulong)_tables) / Page.Bytes);
        var watch = number / TablesPerSet;
        var paired = (number & 2) != 0;
        var guest = (ulong*)memory.Map(paired ? _sets[watch].PairedRoot : _sets[watch].Root, Page.Bytes);
        if (guest != null)
        {
            ShadowRoot.SetAccessed(guest, Table(watch, paired, EptView.KernelExecuteOff), Table(watch, paired, EptView.UserExecuteOff), index);
        }
    }

    private bool Patch()
    {
        var fits = true;
        var any = false;
        _patches.Begin();
        for (var i = 0; i < EventTable.Capacity; i++)
        {
            var set = &_sets[i];
            if (set->Root != 0)
            {
                any = true;
                fits = fits && _patches.Remove(set->Root, EptEntry.Write) && _patches.Remove(set->PairedRoot, EptEntry.Write);
            }
        }

        for (var i = 0; i < Tables && any; i++)
        {
            var table = (ulong)_tables + ((ulong)i * Page.Bytes);
            fits = fits && _patches.Map(table, table | EptEntry.Read | ((ulong)MemoryType.WriteBack << EptEntry.MemoryTypeShift));
        }

        if (!fits)
        {
            _patches.Begin();
            for (var i = 0; i < EventTable.Capacity; i++)
            {
                _sets[i].Ready = false;
            }
        }

        return fits;
    }

    private static void Wanted(in EventTable events, int watch, out ulong root, out ulong pairedRoot)
    {
        var wanted = &events.Watches[watch];
        var any = wanted->InUse && wanted->State == Protocol.WatchState.Armed && events.IsWatched(watch);
        root = any ? wanted->Root : 0;
        pairedRoot = any ? wanted->PairedRoot : 0;
    }

    private readonly ulong* Table(int watch, bool paired, EptView view) =>
        (ulong*)(_tables + (((TablesPerSet * watch) + (paired ? 2 : 0) + (view == EptView.UserExecuteOff ? 1 : 0)) * Page.Bytes));

    private readonly void Clear(int watch)
    {
        var first = Table(watch, false, EptView.KernelExecuteOff);
        for (var i = 0; i < TablesPerSet * ShadowRoot.Entries; i++)
        {
            first[i] = 0;
        }
    }

    private readonly bool SyncSet<TMemory>(ref TMemory memory, int watch)
        where TMemory : struct, IPhysicalMemory
    {
        var set = &_sets[watch];
        return SyncRoot(ref memory, watch, paired: false, set->Root) && (set->PairedRoot == set->Root || SyncRoot(ref memory, watch, paired: true, set->PairedRoot));
    }

    private readonly bool SyncRoot<TMemory>(ref TMemory memory, int watch, bool paired, ulong root)
        where TMemory : struct, IPhysicalMemory
    {
        var guest = (ulong*)memory.Map(root, Page.Bytes);
        if (guest == null)
        {
            return false;
        }

        ShadowRoot.Sync(guest, Table(watch, paired, EptView.KernelExecuteOff), Table(watch, paired, EptView.UserExecuteOff));
        return true;
    }
}
