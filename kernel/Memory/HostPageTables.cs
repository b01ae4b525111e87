namespace HvKernel.Memory;

/// <summary>What a page of HvKernel's own memory may be used for.</summary>
public enum HostAccess : byte
{
    ReadWrite = 0,
    ReadOnly = 1,
    ReadExecute = 2,

    /// <summary>Not mapped: the page under a stack.</summary>
    Guard = 3,
}

/// <summary>
/// The address space of VMX root: every physical address is its own virtual address. All memory is mapped read-write and never executable,
/// but for HvKernel's own range, which is mapped by 4-KiB pages so that code is never writable and data never executable. Pure.
/// </summary>
public static unsafe class HostPageTables
{
    private const ulong Present = 1;
    private const ulong Writable = 1 << 1;
    private const ulong WriteThrough = 1 << 3;
    private const ulong CacheDisable = 1 << 4;
    private const ulong Large = 1 << 7;
    private const ulong NoExecute = 1UL << 63;
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;

    /// <summary>Top-level table, or null where the pool is too small. <paramref name="end"/>: end of RAM; rounded up to 1 GiB.</summary>
    public static ulong* Build(ulong end, bool hasGigabytePages, ref PagePool pool)
    {
        var root = (ulong*)pool.Take(1);
        if (root == null)
        {
            return null;
        }

        for (ulong address = 0; address < end; address += Page.GigaBytes)
        {
            var upper = Table(&root[address >> 39], ref pool);
            if (upper == null)
            {
                return null;
            }

            var entry = &upper[(address >> 30) & 511];
            if (hasGigabytePages)
            {
                *entry = address | Large | NoExecute | Writable | Present;
                continue;
            }

            var table = Table(entry, ref pool);
            if (table == null)
            {
                return null;
            }

            for (ulong i = 0; i < 512; i++)
            {
                table[i] = (address + (i * Page.LargeBytes)) | Large | NoExecute | Writable | Present;
            }
        }

        return root;
    }

    /// <summary>Pages that <see cref="Build"/> takes, and <see cref="Protect"/> for a range of <paramref name="ownBytes"/>.</summary>
    public static ulong PagesNeeded(ulong end, bool hasGigabytePages, ulong ownBytes)
    {
        var gigabytes = (end + Page.GigaBytes - 1) / Page.GigaBytes;
        var upper = ((gigabytes + 511) / 512) + 1;
        return upper + (hasGigabytePages ? 2 : gigabytes) + (ownBytes / Page.LargeBytes) + 4;
    }

    /// <summary>Gives 4-KiB pages of HvKernel's own range their access; splits larger pages on the way. False where the pool is too small.</summary>
    public static bool Protect(ulong* root, ulong start, ulong end, HostAccess access, ref PagePool pool)
    {
        for (var address = start; address < end; address += Page.Bytes)
        {
            var upper = (ulong*)(root[address >> 39] & AddressMask);
            var directory = Split(&upper[(address >> 30) & 511], Page.LargeBytes, ref pool);
            if (directory == null)
            {
                return false;
            }

            var table = Split(&directory[(address >> 21) & 511], Page.Bytes, ref pool);
            if (table == null)
            {
                return false;
            }

            table[(address >> 12) & 511] = access switch
            {
                HostAccess.ReadOnly => address | NoExecute | Present,
                HostAccess.ReadExecute => address | Present,
                HostAccess.Guard => 0,
                _ => address | NoExecute | Writable | Present,
            };
        }

        return true;
    }

    /// <summary>Maps one page of device registers to its own address, uncached. False where the pool is too small.</summary>
    public static bool MapDevice(ulong* root, ulong address, ref PagePool pool)
    {
        var upper = Table(&root[address >> 39], ref pool);
        var directory = upper == null ? null : Part(&upper[(address >> 30) & 511], Page.LargeBytes, ref pool);
        var table = directory == null ? null : Part(&directory[(address >> 21) & 511], Page.Bytes, ref pool);
        if (table == null)
        {
            return false;
        }

        table[(address >> 12) & 511] = address | NoExecute | CacheDisable | WriteThrough | Writable | Present;
        return true;
    }

    private static ulong* Part(ulong* entry, ulong pieceBytes, ref PagePool pool) =>
        (*entry & Present) == 0 ? Table(entry, ref pool) : Split(entry, pieceBytes, ref pool);

    private static ulong* Table(ulong* entry, ref PagePool pool)
    {
        if ((*entry & Present) == 0)
        {
            var table = pool.Take(1);
            if (table == null)
            {
                return null;
            }

            *entry = (ulong)table | Writable | Present;
        }

        return (ulong*)(*entry & AddressMask);
    }

    private static ulong* Split(ulong* entry, ulong pieceBytes, ref PagePool pool)
    {
        if ((*entry & Large) == 0)
        {
            return (ulong*)(*entry & AddressMask);
        }

        var table = (ulong*)pool.Take(1);
        if (table == null)
        {
            return null;
        }

        var large = pieceBytes == Page.LargeBytes ? Large : 0;
        var address = *entry & AddressMask;
        for (ulong i = 0; i < 512; i++)
        {
            table[i] = (address + (i * pieceBytes)) | large | NoExecute | Writable | Present;
        }

        *entry = (ulong)table | Writable | Present;
        return table;
    }
}
