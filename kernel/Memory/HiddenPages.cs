using HvKernel.Breakpoints;

namespace HvKernel.Memory;

/// <summary>In which hierarchy a processor executes one instruction.</summary>
public enum EptOverlay : byte
{
    None = 0,

    /// <summary>Originals of the hidden pages can be read and executed.</summary>
    Read = 1,

    /// <summary>They can be written, too.</summary>
    Write = 2,
}

/// <summary>
/// Breakpoints that the guest cannot read: an execute-only entry leads to a copy of the page with the breakpoints in it, in the lower tables that all views share
/// (<see cref="EptViews"/>). A read or a write is an EPT violation, for which the processor gets one instruction in a hierarchy of its own: there the paths to these pages, and they
/// alone, have tables of their own, which lead to the originals. Two such hierarchies, because after a write the copies must follow, and after a read not.
/// Changes are made while no processor executes anything of the guest, and each drops its translations before it does. Pure.
/// </summary>
public unsafe struct HiddenPages
{
    /// <summary>Most pages.</summary>
    public const int Capacity = 32;
    private const int EntriesPerTable = 512;
    private const int Hierarchies = 2;

    // PDPT, page directory and page table for each page and hierarchy; a page directory and a page table where a shared large page is split.
    private const int TablesPerPage = (3 * Hierarchies) + 2;
    private const int Tables = TablesPerPage * Capacity;

    private HiddenPage* _pages;
    private ulong** _splitEntries;
    private ulong* _splitBefore;
    private byte* _tables;
    private int _tablesUsed;
    private int _splits;
    private ulong* _normal;
    private ulong* _read;
    private ulong* _write;

    /// <summary>Pages in use.</summary>
    public int Count { get; private set; }

    /// <summary>Pages that <see cref="Build"/> takes.</summary>
    public static ulong PagesNeeded => Capacity + Tables + Hierarchies + 1 + Page.Count((ulong)(Capacity * sizeof(HiddenPage)));

    /// <summary>Prepares for the views of a finished root; false where the pool is too small.</summary>
    public bool Build(ulong* normalRoot, ref PagePool pool)
    {
        _normal = normalRoot;
        _pages = (HiddenPage*)pool.Take(Page.Count((ulong)(Capacity * sizeof(HiddenPage))));
        var copies = pool.Take(Capacity);
        _tables = pool.Take(Tables);
        _read = (ulong*)pool.Take(1);
        _write = (ulong*)pool.Take(1);
        _splitEntries = (ulong**)pool.Take(1);
        if (_pages == null || copies == null || _tables == null || _read == null || _write == null || _splitEntries == null)
        {
            return false;
        }

        _splitBefore = (ulong*)_splitEntries + (EntriesPerTable / 2);
        for (var i = 0; i < Capacity; i++)
        {
            _pages[i].Copy = copies + (i * Page.Bytes);
        }

        Reset();
        return true;
    }

    /// <summary>EPT pointer of an overlay.</summary>
    public readonly ulong Pointer(EptOverlay overlay) => EptEntry.Pointer((ulong)(overlay == EptOverlay.Write ? _write : _read));

    /// <summary>Whether a guest-physical address is in a hidden page.</summary>
    public readonly bool Contains(ulong address) => Find(address & ~Page.Mask) != null;

    /// <summary>Whether every page with a breakpoint is hidden already: then nothing but the copies has to change.</summary>
    public readonly bool HasAll(in BreakpointTable table)
    {
        for (var i = 0; i < BreakpointTable.Slots; i++)
        {
            if (table.IsSet(i) && Find(table.Entries[i].Physical & ~Page.Mask) == null)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether some hidden page has no breakpoint any more.</summary>
    public readonly bool HasMore(in BreakpointTable table)
    {
        for (var i = 0; i < Capacity; i++)
        {
            if (_pages[i].InUse && !table.HasPage(_pages[i].Original))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Hides the pages with breakpoints and no others. False where they are too many, or one of them cannot be hidden; then those before it are.
    /// </summary>
    public bool Rebuild(in BreakpointTable table)
    {
        for (var i = 0; i < Capacity; i++)
        {
            if (_pages[i].InUse)
            {
                *_pages[i].Entry = _pages[i].EntryBefore;
                _pages[i].InUse = false;
            }
        }

        // Large pages become whole again, so that no sequence of breakpoints uses up the tables. The last first: a page directory is split off a larger page.
        while (_splits > 0)
        {
            _splits--;
            *_splitEntries[_splits] = _splitBefore[_splits];
        }

        Reset();
        for (var i = 0; i < BreakpointTable.Slots; i++)
        {
            var page = table.Entries[i].Physical & ~Page.Mask;
            if (table.IsSet(i) && Find(page) == null && !Hide(page))
            {
                Refresh(table);
                return false;
            }
        }

        Refresh(table);
        return true;
    }

    /// <summary>
    /// Makes the copies follow their originals and the breakpoints. Word by word, and only those that differ: other processors execute from them.
    /// </summary>
    public readonly void Refresh(in BreakpointTable table)
    {
        for (var i = 0; i < Capacity; i++)
        {
            if (_pages[i].InUse)
            {
                Refresh(&_pages[i], table);
            }
        }
    }

    private static void Refresh(HiddenPage* page, in BreakpointTable table)
    {
        for (var i = 0; i < 8; i++)
        {
            page->Marks[i] = 0;
        }

        for (var i = 0; i < BreakpointTable.Slots; i++)
        {
            if (table.IsSet(i) && (table.Entries[i].Physical & ~Page.Mask) == page->Original)
            {
                var word = (int)(table.Entries[i].Physical & Page.Mask) / 8;
                page->Marks[word / 64] |= 1UL << (word % 64);
            }
        }

        var from = (ulong*)page->Original;
        var to = (ulong*)page->Copy;
        for (var word = 0; word < Page.Bytes / 8; word++)
        {
            var value = from[word];
            if ((page->Marks[word / 64] >> (word % 64) & 1) != 0)
            {
                value = WithBreakpoints(value, (ulong)(from + word), table);
            }

            if (to[word] != value)
            {
                to[word] = value;
            }
        }
    }

    private static ulong WithBreakpoints(ulong value, ulong address, in BreakpointTable table)
    {
        for (var i = 0; i < BreakpointTable.Slots; i++)
        {
            if (table.IsSet(i) && (table.Entries[i].Physical & ~7UL) == address)
            {
                var shift = (int)(table.Entries[i].Physical & 7) * 8;
                value = (value & ~(0xFFUL << shift)) | ((ulong)BreakpointTable.Instruction << shift);
            }
        }

        return value;
    }

    private void Reset()
    {
        _tablesUsed = 0;
        Count = 0;
        for (var i = 0; i < EntriesPerTable; i++)
        {
            _read[i] = _normal[i];
            _write[i] = _normal[i];
        }
    }

    private readonly HiddenPage* Find(ulong page)
    {
        for (var i = 0; i < Capacity; i++)
        {
            if (_pages[i].InUse && _pages[i].Original == page)
            {
                return &_pages[i];
            }
        }

        return null;
    }

    private bool Hide(ulong page)
    {
        HiddenPage* free = null;
        for (var i = 0; i < Capacity && free == null; i++)
        {
            if (!_pages[i].InUse)
            {
                free = &_pages[i];
            }
        }

        if (free == null || !SplitTo(page, out var entry) || (*entry & EptEntry.All) != EptEntry.All)
        {
            return false;
        }

        var reading = Own(_read, page);
        var writing = Own(_write, page);
        if (reading == null || writing == null)
        {
            return false;
        }

        free->InUse = true;
        free->Original = page;
        free->Entry = entry;
        free->EntryBefore = *entry;
        *reading = *entry & ~EptEntry.Write;
        *writing = *entry;
        *entry = (*entry & ~(EptEntry.AddressMask | EptEntry.Read | EptEntry.Write)) | (ulong)free->Copy;
        Count++;
        return true;
    }

    // Splits the large pages on the shared path to a page.
    private bool SplitTo(ulong page, out ulong* entry)
    {
        entry = null;
        var table = _normal;
        for (var shift = 39; shift > 12; shift -= 9)
        {
            var upper = &table[Index(page, shift)];
            if (!EptEntry.IsPresent(*upper))
            {
                return false;
            }

            if (shift < 39 && (*upper & EptEntry.LargePage) != 0)
            {
                var split = TakeTable();
                if (split == null)
                {
                    return false;
                }

                Split(*upper, shift, split);
                _splitEntries[_splits] = upper;
                _splitBefore[_splits] = *upper;
                _splits++;
                *upper = (ulong)split | EptEntry.All;
            }

            table = (ulong*)(*upper & EptEntry.AddressMask);
        }

        entry = &table[Index(page, 12)];
        return true;
    }

    // Gives a hierarchy tables of its own on the path to a page, which has no large pages any more. They are copies of the shared ones, made before the page is hidden there.
    private ulong* Own(ulong* root, ulong page)
    {
        var table = root;
        var shared = _normal;
        for (var shift = 39; shift > 12; shift -= 9)
        {
            var upper = &table[Index(page, shift)];
            var sharedUpper = shared[Index(page, shift)];
            shared = (ulong*)(sharedUpper & EptEntry.AddressMask);
            if (*upper == sharedUpper || (shift < 39 && (*upper & EptEntry.LargePage) != 0))
            {
                var own = TakeTable();
                if (own == null)
                {
                    return null;
                }

                for (var i = 0; i < EntriesPerTable; i++)
                {
                    own[i] = shared[i];
                }

                *upper = (ulong)own | EptEntry.All;
            }

            table = (ulong*)(*upper & EptEntry.AddressMask);
        }

        return &table[Index(page, 12)];
    }

    private static ulong Index(ulong address, int shift) => address >> shift & (EntriesPerTable - 1);

    private static void Split(ulong large, int shift, ulong* table)
    {
        // One level down: smaller large pages, or 4-KByte pages, whose bit 7 is no size.
        var step = 1UL << (shift - 9);
        var entry = shift - 9 == 12 ? large & ~EptEntry.LargePage : large;
        for (ulong i = 0; i < EntriesPerTable; i++)
        {
            table[i] = entry + (i * step);
        }
    }

    private ulong* TakeTable() => _tablesUsed == Tables ? null : (ulong*)(_tables + (_tablesUsed++ * (long)Page.Bytes));
}
