using HvKernel.Memory;

namespace HvKernel.Fuzzing;

/// <summary>Eight bytes of guest memory.</summary>
public readonly record struct TableEntry(ulong Address, ulong Value);

/// <summary>
/// Paging structures of a guest that means no good, in a few pages: entries that lead to tables, to themselves, out of memory, with
/// reserved bits, at few indexes, so that addresses made of these meet them.
/// </summary>
public static class PageTables
{
    public const int Pages = 24;
    public const ulong Bytes = Pages * 4096UL;
    private const int TablePages = 12;

    private static readonly int[] Indexes = [0, 1, 255, 256, 511];

    public static GuestPagingMode[] Modes => [GuestPagingMode.Off, GuestPagingMode.Bits32, GuestPagingMode.Pae, GuestPagingMode.Level4, GuestPagingMode.Level5];

    public static TableEntry[] Generate(FuzzRandom random)
    {
        var entries = new TableEntry[TablePages * Indexes.Length + random.Below(40)];
        var at = 0;
        for (ulong page = 0; page < TablePages; page++)
        {
            foreach (var index in Indexes)
                entries[at++] = new TableEntry(page * 4096 + (ulong)index * 8, Value(random));
        }

        while (at < entries.Length)
            entries[at++] = new TableEntry((ulong)random.Below((int)Bytes / 8) * 8, Value(random));
        return entries;
    }

    public static ulong Value(FuzzRandom random)
    {
        if (random.OneIn(16))
            return random.Odd();
        var target = (ulong)random.Below(random.OneIn(10) ? Pages + 2 : TablePages) * 4096;
        var value = target | (random.OneIn(12) ? 0UL : 1) | ((ulong)random.Below(4) << 1);
        if (random.OneIn(6))
            value |= 0x80;
        if (random.OneIn(8))
            value |= 1UL << random.Below(64);
        if (random.OneIn(5))
            value |= 1UL << 63;

        // For the 4-byte entries of 32-bit paging: the upper half is one too.
        return random.OneIn(8) ? (uint)value | (value << 32) : value;
    }

    public static GuestPaging Paging(FuzzRandom random, GuestPagingMode mode)
    {
        var cr4 = mode switch
        {
            GuestPagingMode.Bits32 => random.OneIn(2) ? 0x10UL : 0,
            GuestPagingMode.Level5 => 0x1020UL,
            _ => 0x20UL,
        };
        var efer = (mode >= GuestPagingMode.Level4 ? 0x500UL : 0) | (random.OneIn(2) ? 0x800UL : 0);
        var cr3 = random.OneIn(30) ? random.Odd() : (ulong)random.Below(TablePages) * 4096 | (random.OneIn(4) ? random.Next() & 0x8000_0000_0000_0FFF : 0);
        return new GuestPaging(mode == GuestPagingMode.Off ? 0x11UL : 0x8000_0011, cr3, cr4, efer);
    }

    /// <summary>An address whose indexes are those at which entries were made.</summary>
    public static ulong Address(FuzzRandom random, GuestPagingMode mode)
    {
        if (random.OneIn(12))
            return random.Odd();
        if (mode == GuestPagingMode.Off)
            return (ulong)random.Below((int)Bytes + 8192);
        ulong address = (ulong)random.Below(4096);
        var levels = mode switch { GuestPagingMode.Bits32 => 2, GuestPagingMode.Pae => 3, GuestPagingMode.Level4 => 4, _ => 5 };
        for (var level = 0; level < levels; level++)
        {
            var index = (ulong)Indexes[random.Below(Indexes.Length)];
            address |= mode == GuestPagingMode.Bits32
                ? (index * 2 + (ulong)random.Below(2)) << (12 + level * 10)
                : mode == GuestPagingMode.Pae && level == 2 ? (index & 3) << 30 : index << (12 + level * 9);
        }

        return mode switch
        {
            GuestPagingMode.Level4 => (ulong)((long)(address << 16) >> 16),
            GuestPagingMode.Level5 => (ulong)((long)(address << 7) >> 7),
            _ => (uint)address,
        };
    }
}
