namespace HvKernel.Memory;

/// <summary>What <see cref="EptBuilder.Build"/> is to map.</summary>
public unsafe struct EptPlan
{
    /// <summary>Bits of guest-physical addresses; 48 at most, because walks have four levels.</summary>
    public int PhysicalAddressBits;
    public bool HasGigabytePages;

    /// <summary>HvKernel's own memory, page-aligned: the guest finds <see cref="DummyPage"/> in each page of it.</summary>
    public ulong HiddenStart;
    public ulong HiddenEnd;

    /// <summary>Physical address of the page that stands in for hidden ones.</summary>
    public ulong DummyPage;
}

/// <summary>
/// Builds the identity map of all guest-physical memory: the largest page whose MTRR type is uniform, HvKernel's own memory replaced by
/// a dummy page. Pure: tables come from a <see cref="PagePool"/>, types from <see cref="MtrrState"/>.
/// </summary>
public static unsafe class EptBuilder
{
    private const int EntriesPerTable = 512;

    /// <summary>The root table with all permissions, or null where the pool is too small.</summary>
    public static ulong* Build(in EptPlan plan, in MtrrState mtrrs, ref PagePool pool)
    {
        var root = (ulong*)pool.Take(1);
        if (root == null)
        {
            return null;
        }

        var bits = plan.PhysicalAddressBits < 48 ? plan.PhysicalAddressBits : 48;
        var end = 1UL << bits;
        for (ulong address = 0; address < end; address += Page.GigaBytes)
        {
            var upper = &root[address >> 39];
            if (!EptEntry.IsPresent(*upper))
            {
                var table = pool.Take(1);
                if (table == null)
                {
                    return null;
                }

                *upper = (ulong)table | EptEntry.All;
            }

            var entry = (ulong*)(*upper & EptEntry.AddressMask) + ((address >> 30) & (EntriesPerTable - 1));
            if (!MapGigabyte(plan, mtrrs, ref pool, address, entry))
            {
                return null;
            }
        }

        return root;
    }

    /// <summary>Pages that <see cref="Build"/> takes at the most: tables of the upper levels, and room for split ranges.</summary>
    public static ulong PagesNeeded(int physicalAddressBits, bool hasGigabytePages, ulong splitGigabytes, ulong splitLargePages)
    {
        var bits = physicalAddressBits < 48 ? physicalAddressBits : 48;
        var gigabytes = 1UL << (bits - 30);
        var upper = (gigabytes + EntriesPerTable - 1) / EntriesPerTable;
        return 1 + upper + (hasGigabytePages ? splitGigabytes : gigabytes) + splitLargePages;
    }

    private static bool MapGigabyte(in EptPlan plan, in MtrrState mtrrs, ref PagePool pool, ulong address, ulong* entry)
    {
        var type = MtrrFold.TypeOf(mtrrs, address, Page.GigaBytes);
        if (plan.HasGigabytePages && type != MemoryType.Mixed && !Touches(plan, address, Page.GigaBytes))
        {
            *entry = Leaf(address, type, EptEntry.LargePage);
            return true;
        }

        var table = (ulong*)pool.Take(1);
        if (table == null)
        {
            return false;
        }

        *entry = (ulong)table | EptEntry.All;
        for (var i = 0; i < EntriesPerTable; i++)
        {
            if (!MapLargePage(plan, mtrrs, ref pool, address + ((ulong)i * Page.LargeBytes), &table[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool MapLargePage(in EptPlan plan, in MtrrState mtrrs, ref PagePool pool, ulong address, ulong* entry)
    {
        var type = MtrrFold.TypeOf(mtrrs, address, Page.LargeBytes);
        if (type != MemoryType.Mixed && !Touches(plan, address, Page.LargeBytes))
        {
            *entry = Leaf(address, type, EptEntry.LargePage);
            return true;
        }

        var table = (ulong*)pool.Take(1);
        if (table == null)
        {
            return false;
        }

        *entry = (ulong)table | EptEntry.All;
        for (var i = 0; i < EntriesPerTable; i++)
        {
            var page = address + ((ulong)i * Page.Bytes);
            table[i] = Touches(plan, page, Page.Bytes)
                ? Leaf(plan.DummyPage, MemoryType.WriteBack, 0)
                : Leaf(page, MtrrFold.TypeOf(mtrrs, page, Page.Bytes), 0);
        }

        return true;
    }

    private static bool Touches(in EptPlan plan, ulong address, ulong size) =>
        address < plan.HiddenEnd && address + size > plan.HiddenStart;

    private static ulong Leaf(ulong address, MemoryType type, ulong size) =>
        address | ((ulong)type << EptEntry.MemoryTypeShift) | EptEntry.All | size;
}
