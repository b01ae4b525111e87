namespace HvKernel.Memory;

/// <summary>
/// Single pages of the EPT that some views show otherwise than the tables built at launch do. The tables on the way to such pages are copied, the
/// others shared. There are two sets of copies: a new one is built while processors still walk the old one, and then exchanged entry by
/// entry; when all processors have dropped their translations the old one is free. Pure.
/// </summary>
public unsafe struct EptPatches
{
    private const int Entries = 512;

    private ulong* _base;
    private ulong* _next;
    private byte* _tables;
    private int _tablesPerSet;
    private int _set;
    private int _used;

    /// <summary>Pages that <see cref="Initialize"/> takes for pages in this many regions of 2 MiB to be shown otherwise.</summary>
    public static ulong PagesNeeded(int regions) => 1 + (2 * (ulong)TablesNeeded(regions));

    /// <summary>Starts with nothing shown otherwise; false where the pool is too small.</summary>
    /// <param name="baseRoot">Root of the tables built at launch, which stay as they are.</param>
    /// <param name="regions">Regions of 2 MiB in which pages can be shown otherwise, wherever they are.</param>
    /// <param name="pool">Where the tables come from.</param>
    public bool Initialize(ulong* baseRoot, int regions, ref PagePool pool)
    {
        _base = baseRoot;
        _tablesPerSet = TablesNeeded(regions);
        _next = (ulong*)pool.Take(1);
        _tables = pool.Take(2 * (ulong)_tablesPerSet);
        return _next != null && _tables != null;
    }

    /// <summary>Begins a new set, with nothing shown otherwise.</summary>
    public void Begin()
    {
        _set ^= 1;
        _used = 0;
        for (var i = 0; i < Entries; i++)
        {
            _next[i] = _base[i];
        }
    }

    /// <summary>Takes permissions from a page in the new set; false where the tables do not suffice or nothing is mapped there.</summary>
    public bool Remove(ulong address, ulong permissions)
    {
        var entry = Leaf(address);
        if (entry == null)
        {
            return false;
        }

        *entry &= ~permissions;
        return true;
    }

    /// <summary>Maps a page in the new set; false where the tables do not suffice or nothing is mapped there.</summary>
    public bool Map(ulong address, ulong leaf)
    {
        var entry = Leaf(address);
        if (entry == null)
        {
            return false;
        }

        *entry = leaf;
        return true;
    }

    /// <summary>Shows the new set in a view. What its processors have cached of the old one is to be dropped before the next <see cref="Begin"/>.</summary>
    public readonly void Show(ulong* viewRoot)
    {
        for (var i = 0; i < Entries; i++)
        {
            if (viewRoot[i] != _next[i])
            {
                viewRoot[i] = _next[i];
            }
        }
    }

    /// <summary>The leaf entry that a root has for an address; 0 where nothing is mapped.</summary>
    public static ulong Find(ulong* root, ulong address)
    {
        var table = root;
        for (var shift = 39; ; shift -= 9)
        {
            var entry = table[(address >> shift) & (Entries - 1)];
            if (!EptEntry.IsPresent(entry) || shift == 12 || (entry & EptEntry.LargePage) != 0)
            {
                return EptEntry.IsPresent(entry) ? entry : 0;
            }

            table = (ulong*)(entry & EptEntry.AddressMask);
        }
    }

    // Each region may need a table of its own at each of the three lower levels.
    private static int TablesNeeded(int regions) => 3 * regions;

    private ulong* Leaf(ulong address)
    {
        var table = _next;
        for (var shift = 39; shift > 12; shift -= 9)
        {
            var entry = &table[(address >> shift) & (Entries - 1)];
            if (!EptEntry.IsPresent(*entry))
            {
                return null;
            }

            if (!IsOwn(*entry))
            {
                var copy = Take();
                if (copy == null)
                {
                    return null;
                }

                Fill(copy, *entry, shift);
                *entry = (ulong)copy | EptEntry.All;
            }

            table = (ulong*)(*entry & EptEntry.AddressMask);
        }

        return &table[(address >> 12) & (Entries - 1)];
    }

    private readonly bool IsOwn(ulong entry)
    {
        var first = (ulong)_tables + ((ulong)_set * (ulong)_tablesPerSet * Page.Bytes);
        var table = entry & EptEntry.AddressMask;
        return (entry & EptEntry.LargePage) == 0 && table >= first && table < first + ((ulong)_tablesPerSet * Page.Bytes);
    }

    private ulong* Take() =>
        _used == _tablesPerSet ? null : (ulong*)(_tables + ((((ulong)_set * (ulong)_tablesPerSet) + (ulong)_used++) * Page.Bytes));

    // What an entry maps, one level lower: its table's entries, or parts of its large page with the same type and permissions.
    private static void Fill(ulong* copy, ulong entry, int shift)
    {
        if ((entry & EptEntry.LargePage) == 0)
        {
            var source = (ulong*)(entry & EptEntry.AddressMask);
            for (var i = 0; i < Entries; i++)
            {
                copy[i] = source[i];
            }

            return;
        }

        var part = 1UL << (shift - 9);
        var first = shift - 9 == 12 ? entry & ~EptEntry.LargePage : entry;
        for (ulong i = 0; i < Entries; i++)
        {
            copy[i] = first + (i * part);
        }
    }
}
