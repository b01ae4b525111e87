using HvKernel.Cpu;
using HvKernel.Memory;

namespace HvKernel.Events.Code;

/// <summary>How an access to a guest address by machine code of an event ended.</summary>
public enum BlobAccess : byte
{
    /// <summary>The page is mapped now; the instruction can be repeated.</summary>
    Mapped,

    /// <summary>The guest has no such page, or forbids what was tried.</summary>
    Refused,
}

/// <summary>
/// The address space in which machine code of events runs on one processor: the window, and guest pages at the guest's own addresses, mapped one by one
/// as they are touched and forgotten after the run. Pure.
/// </summary>
public unsafe struct BlobSpace
{
    /// <summary>Table pages for guest pages: enough for any one instruction many times over.</summary>
    public const int TablePages = 48;

    /// <summary>Pages that <see cref="Build"/> takes, the window's not counted.</summary>
    public const ulong PagesNeeded = 1 + TablePages + 1;

    // Each page takes up to four entries: three of tables, one of its own.
    private const int EntriesPerPage = 4;
    private const int MaximumEntries = Page.Bytes / 8;

    // Page-fault error code (SDM vol. 3A, "Page-Fault Exceptions").
    private const ulong ErrorPresent = 1;
    private const ulong ErrorWrite = 1 << 1;
    private const ulong ErrorFetch = 1 << 4;

    private const ulong Present = 1;
    private const ulong Writable = 1 << 1;
    private const ulong User = 1 << 2;
    private const ulong Accessed = 1 << 5;
    private const ulong Dirty = 1 << 6;
    private const ulong NoExecute = 1UL << 63;
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;

    /// <summary>Top-level table: value for CR3.</summary>
    public ulong* Root;
    private ulong* _tables;

    // All tables but the root are empty between runs: what was set is remembered, and taken back one by one.
    private ulong** _set;
    private int _setCount;
    private int _used;

    /// <summary>Starts with nothing but the window; false where the pool is too small.</summary>
    public bool Build(ulong windowEntry, ref PagePool pool)
    {
        Root = (ulong*)pool.Take(1);
        _tables = (ulong*)pool.Take(TablePages);
        _set = (ulong**)pool.Take(1);
        if (Root == null || _tables == null || _set == null)
        {
            return false;
        }

        Root[RunnerWindow.Slot] = windowEntry;
        return true;
    }

    /// <summary>
    /// Answers a page fault at <paramref name="address"/> by the guest's own tables, with the guest's own write protection. Execution of guest
    /// memory is refused: it would run with HvKernel's rights.
    /// </summary>
    public BlobAccess Resolve<TMemory>(ref TMemory memory, in GuestPaging paging, ulong address, ulong errorCode)
        where TMemory : struct, IPhysicalMemory
    {
        if ((errorCode & ErrorFetch) != 0 || ((address >> 39) & 511) == RunnerWindow.Slot)
        {
            return BlobAccess.Refused;
        }

        var write = (errorCode & ErrorWrite) != 0;
        if (GuestPageWalk.Translate(ref memory, in paging, address, out var walk) != GuestWalkResult.Mapped || (write && !walk.Writable))
        {
            return BlobAccess.Refused;
        }

        // A page that was mapped for reading faults again when it is written: not present means that it is new.
        var page = walk.Physical & ~Page.Mask;
        if (memory.Map(page, Page.Bytes) == null || ((errorCode & ErrorPresent) != 0 && !write))
        {
            return BlobAccess.Refused;
        }

        MarkUsed(ref memory, walk, write);
        Map(address, page, write);
        return BlobAccess.Mapped;
    }

    /// <summary>Forgets all guest pages. The caller's next load of CR3 drops the translations.</summary>
    public void Reset()
    {
        for (var i = 0; i < _setCount; i++)
        {
            *_set[i] = 0;
        }

        _setCount = 0;
        _used = 0;
    }

    private void Map(ulong address, ulong page, bool writable)
    {
        // Three tables at most for one page.
        if (_used + 3 > TablePages || _setCount + EntriesPerPage > MaximumEntries)
        {
            Reset();
        }

        var table = Root;
        for (var shift = 39; shift > 12; shift -= 9)
        {
            var entry = &table[(address >> shift) & 511];
            if ((*entry & Present) == 0)
            {
                Set(entry, (ulong)(_tables + (512 * _used++)) | Present | Writable | User);
            }

            table = (ulong*)(*entry & AddressMask);
        }

        Set(&table[(address >> 12) & 511], page | NoExecute | User | Present | (writable ? Writable : 0));
    }

    private void Set(ulong* entry, ulong value)
    {
        *entry = value;
        _set[_setCount++] = entry;
    }

    // As the processor would: the guest decides by these bits what it writes back and what it throws away. With paging off there are none.
    private static void MarkUsed<TMemory>(ref TMemory memory, in GuestPageWalk walk, bool write)
        where TMemory : struct, IPhysicalMemory
    {
        if (walk.RootLevel == 0)
        {
            return;
        }

        // Where another processor has changed the entry meanwhile there is nothing to mark any more; the bits are in its lower half.
        var leaf = (uint*)memory.Map(walk.EntryAddress(walk.Level), 8);
        if (leaf != null)
        {
            var entry = (uint)walk.Entry(walk.Level);
            Atomic.CompareExchange(leaf, entry | (uint)(write ? Accessed | Dirty : Accessed), entry);
        }
    }
}
