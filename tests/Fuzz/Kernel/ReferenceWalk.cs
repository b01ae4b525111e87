using System;
using HvKernel.Memory;

namespace HvKernel.Fuzzing;

/// <summary>What an address is translated to, or why not.</summary>
public readonly record struct Translation(GuestWalkResult Result, int Level, ulong Physical, ulong PageSize, bool Writable, bool User, bool NoExecute);

/// <summary>
/// The translation of SDM vol. 3A, chapter "Paging", once more: table by table, from lists of bits, apart from the code that is tried.
/// </summary>
public static class ReferenceWalk
{
    /// <param name="paging">The registers.</param>
    /// <param name="address">The linear address.</param>
    /// <param name="read">The entry of a level (first argument) at an address (second), of so many bytes (third); null where that is no RAM.</param>
    public static Translation Of(in GuestPaging paging, ulong address, Func<int, ulong, int, ulong?> read)
    {
        var large = (paging.Cr4 & 0x10) != 0;
        var noExecuteEnabled = (paging.Efer & 0x800) != 0;
        var mode = paging.Mode;
        if (!Canonical(mode, address))
            return new Translation(GuestWalkResult.NonCanonical, 0, 0, 0, false, false, false);
        if (mode == GuestPagingMode.Off)
            return new Translation(GuestWalkResult.Mapped, 0, address, 4096, true, true, false);

        var level = mode switch { GuestPagingMode.Bits32 => 2, GuestPagingMode.Pae => 3, GuestPagingMode.Level4 => 4, _ => 5 };
        var table = mode switch
        {
            GuestPagingMode.Bits32 => paging.Cr3 & 0xFFFF_F000,
            GuestPagingMode.Pae => paging.Cr3 & 0xFFFF_FFE0,
            _ => paging.Cr3 & Bits(12, 51),
        };
        var (writable, user, noExecute) = (true, true, false);
        for (; ; level--)
        {
            var (width, entries) = mode == GuestPagingMode.Bits32 ? (4, 1024UL) : (8, mode == GuestPagingMode.Pae && level == 3 ? 4UL : 512);
            var size = Covers(mode, level);
            if (read(level, table + address / size % entries * (ulong)width, width) is not { } entry)
                return new Translation(GuestWalkResult.NotRam, level, 0, 0, writable, user, noExecute);
            if ((entry & 1) == 0)
                return new Translation(GuestWalkResult.NotPresent, level, 0, 0, writable, user, noExecute);
            var leaf = level == 1 || ((entry & 0x80) != 0 && MayBeLarge(mode, level, large));
            if ((entry & Reserved(mode, level, leaf, noExecuteEnabled)) != 0)
                return new Translation(GuestWalkResult.ReservedBit, level, 0, 0, writable, user, noExecute);
            if (mode != GuestPagingMode.Pae || level < 3)
            {
                writable &= (entry & 2) != 0;
                user &= (entry & 4) != 0;
                noExecute |= noExecuteEnabled && width == 8 && entry >> 63 != 0;
            }

            if (!leaf)
            {
                table = entry & (width == 4 ? Bits(12, 31) : Bits(12, 51));
                continue;
            }

            var frame = mode == GuestPagingMode.Bits32 && level == 2
                ? (entry & Bits(22, 31)) | ((entry & Bits(13, 20)) << 19)
                : entry & Bits(12, 51) & ~(size - 1);
            return new Translation(GuestWalkResult.Mapped, level, frame + address % size, size, writable, user, noExecute);
        }
    }

    private static ulong Covers(GuestPagingMode mode, int level) =>
        mode == GuestPagingMode.Bits32 ? (level == 1 ? 0x1000UL : 0x40_0000) : 0x1000UL << (9 * (level - 1));

    private static bool MayBeLarge(GuestPagingMode mode, int level, bool extensions) => mode switch
    {
        GuestPagingMode.Bits32 => extensions && level == 2,
        GuestPagingMode.Pae => level == 2,
        _ => level is 2 or 3,
    };

    private static ulong Reserved(GuestPagingMode mode, int level, bool leaf, bool noExecuteEnabled)
    {
        if (mode == GuestPagingMode.Bits32)
            return leaf && level == 2 ? Bits(21, 21) : 0;
        if (mode == GuestPagingMode.Pae && level == 3)
            return Bits(1, 2) | Bits(5, 8) | Bits(52, 63);
        var reserved = noExecuteEnabled ? 0 : Bits(63, 63);
        if (mode == GuestPagingMode.Pae)
            reserved |= Bits(52, 62);
        if (level >= 4)
            reserved |= Bits(7, 7);
        if (leaf && level == 2)
            reserved |= Bits(13, 20);
        if (leaf && level == 3)
            reserved |= Bits(13, 29);
        return reserved;
    }

    private static bool Canonical(GuestPagingMode mode, ulong address)
    {
        var top = mode switch { GuestPagingMode.Level4 => 47, GuestPagingMode.Level5 => 56, _ => 0 };
        if (top == 0)
            return address < 1UL << 32;
        var upper = address >> top;
        return upper == 0 || upper == ulong.MaxValue >> top;
    }

    private static ulong Bits(int lowest, int highest) => (ulong.MaxValue >> (63 - highest + lowest)) << lowest;
}
