using System;
using HvKernel.Memory;

namespace HvKernel.Boot.Acpi;

/// <summary>
/// Finds the ACPI definition blocks that firmware publishes. Its tables are taken for what they are, text from outside: what lies outside RAM or is too short is
/// passed over. Pure.
/// </summary>
public static unsafe class AcpiTables
{
    private const int MaximumTables = 256;
    private const uint HeaderBytes = 36;
    private const uint FixedTable = 0x5043_4146;
    private const uint SecondaryTable = 0x5444_5353;
    private const ulong PointerSignature = 0x2052_5450_2044_5352;

    // Offsets in the RSDP and in the FADT (ACPI specification, "Root System Description Pointer", "Fixed ACPI Description Table").
    private const uint PointerBytes = 20;
    private const uint ExtendedPointerBytes = 36;
    private const int RevisionAt = 15;
    private const int RsdtAt = 16;
    private const int XsdtAt = 24;
    private const int DsdtAt = 40;
    private const int ExtendedDsdtAt = 140;

    /// <summary>Takes suspend to RAM out of all definition blocks; answers whether there was any.</summary>
    /// <param name="memory">What may be read.</param>
    /// <param name="pointer">Physical address of the RSDP.</param>
    public static bool HideSuspend<TMemory>(ref TMemory memory, ulong pointer)
        where TMemory : struct, IPhysicalMemory
    {
        var root = memory.Map(pointer, PointerBytes);
        if (root == null || *(ulong*)root != PointerSignature)
        {
            return false;
        }

        var isExtended = root[RevisionAt] >= 2 && memory.Map(pointer, ExtendedPointerBytes) != null && *(ulong*)(root + XsdtAt) != 0;
        var list = Table(ref memory, isExtended ? *(ulong*)(root + XsdtAt) : *(uint*)(root + RsdtAt));
        var entryBytes = isExtended ? 8 : 4;
        var found = 0;
        for (var i = 0; i < MaximumTables && (int)HeaderBytes + ((i + 1) * entryBytes) <= list.Length; i++)
        {
            var entry = list.Slice((int)HeaderBytes + (i * entryBytes), entryBytes);
            found += HideSuspendIn(ref memory, isExtended ? Quadword(entry, 0) : Doubleword(entry, 0));
        }

        return found != 0;
    }

    private static int HideSuspendIn<TMemory>(ref TMemory memory, ulong address)
        where TMemory : struct, IPhysicalMemory
    {
        var table = Table(ref memory, address);
        if (table.Length == 0)
        {
            return 0;
        }

        var signature = Doubleword(table, 0);
        if (signature == SecondaryTable)
        {
            return SleepStates.HideSuspend(table);
        }

        if (signature != FixedTable || table.Length < DsdtAt + 4)
        {
            return 0;
        }

        var extended = table.Length >= ExtendedDsdtAt + 8 ? Quadword(table, ExtendedDsdtAt) : 0;
        return SleepStates.HideSuspend(Table(ref memory, extended != 0 ? extended : Doubleword(table, DsdtAt)));
    }

    // A whole table with its header; empty where there is none.
    private static Span<byte> Table<TMemory>(ref TMemory memory, ulong address)
        where TMemory : struct, IPhysicalMemory
    {
        var header = memory.Map(address, HeaderBytes);
        if (header == null)
        {
            return default;
        }

        var length = *(uint*)(header + 4);
        var table = length is >= HeaderBytes and <= int.MaxValue ? memory.Map(address, length) : null;
        return table == null ? default : new Span<byte>(table, (int)length);
    }

    private static uint Doubleword(Span<byte> bytes, int at) => (uint)(bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));

    private static ulong Quadword(Span<byte> bytes, int at) => Doubleword(bytes, at) | ((ulong)Doubleword(bytes, at + 4) << 32);
}
