namespace HvKernel.Guests.Lab;

/// <summary>Bits of a page-table entry (SDM vol. 3A, "4-Level Paging and 5-Level Paging").</summary>
internal static class PageBit
{
    public const ulong Present = 1;
    public const ulong Writable = 1 << 1;
    public const ulong User = 1 << 2;
    public const ulong CacheDisable = 1 << 4;
    public const ulong Large = 1 << 7;
    public const ulong NoExecute = 1UL << 63;
    public const ulong Address = 0x000F_FFFF_FFFF_F000;
}

/// <summary>Four-level page tables. Tables are reached through the direct map.</summary>
internal static unsafe class PageTables
{
    /// <summary>Maps one 4-KiB page below a top-level table, making the tables between as needed.</summary>
    public static void Map(ref Pool pool, ulong root, ulong address, ulong physical, ulong bits)
    {
        var table = (ulong*)KernelSpace.At(root);
        for (var shift = 39; shift > 12; shift -= 9)
        {
            table = Next(ref pool, &table[(int)(address >> shift) & 511], bits & PageBit.User);
        }

        table[(int)(address >> 12) & 511] = physical | bits | PageBit.Present;
    }

    // An upper entry allows everything but ring 3 in the kernel half.
    private static ulong* Next(ref Pool pool, ulong* entry, ulong user)
    {
        if ((*entry & PageBit.Present) == 0)
        {
            *entry = KernelSpace.Physical(pool.Pages(1)) | PageBit.Present | PageBit.Writable | user;
        }

        return (ulong*)KernelSpace.At(*entry & PageBit.Address);
    }
}
