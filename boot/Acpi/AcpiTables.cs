using System;
using HvKernel.Boot.Uefi;

namespace HvKernel.Boot.Acpi;

/// <summary>Finds the ACPI definition blocks that firmware publishes.</summary>
public static unsafe class AcpiTables
{
    private const int MaximumTables = 256;
    private const int HeaderBytes = 36;
    private const uint FixedTable = 0x5043_4146;
    private const uint SecondaryTable = 0x5444_5353;

    // Offsets in the RSDP and in the FADT (ACPI specification, "Root System Description Pointer", "Fixed ACPI Description Table").
    private const int RevisionAt = 15;
    private const int RsdtAt = 16;
    private const int XsdtAt = 24;
    private const int DsdtAt = 40;
    private const int ExtendedDsdtAt = 140;

    /// <summary>Takes suspend to RAM out of all definition blocks; answers whether there was any.</summary>
    public static bool HideSuspend(in Firmware firmware)
    {
        var pointer = firmware.ConfigurationTable(Guid.Acpi20);
        pointer = pointer == null ? firmware.ConfigurationTable(Guid.Acpi10) : pointer;
        if (pointer == null)
        {
            return false;
        }

        var isExtended = pointer[RevisionAt] >= 2 && *(ulong*)(pointer + XsdtAt) != 0;
        var list = isExtended ? *(byte**)(pointer + XsdtAt) : (byte*)*(uint*)(pointer + RsdtAt);
        if (list == null)
        {
            return false;
        }

        var entryBytes = isExtended ? 8 : 4;
        var count = ((int)*(uint*)(list + 4) - HeaderBytes) / entryBytes;
        var found = 0;
        for (var i = 0; i < count && i < MaximumTables; i++)
        {
            var entry = list + HeaderBytes + (i * entryBytes);
            var table = isExtended ? *(byte**)entry : (byte*)*(uint*)entry;
            if (table == null)
            {
                continue;
            }

            if (*(uint*)table == SecondaryTable)
            {
                found += HideSuspendIn(table);
            }
            else if (*(uint*)table == FixedTable)
            {
                var length = *(uint*)(table + 4);
                var extended = length >= ExtendedDsdtAt + 8 ? *(byte**)(table + ExtendedDsdtAt) : null;
                found += HideSuspendIn(extended != null ? extended : (byte*)*(uint*)(table + DsdtAt));
            }
        }

        return found != 0;
    }

    private static int HideSuspendIn(byte* table) =>
        table == null ? 0 : SleepStates.HideSuspend(new Span<byte>(table, (int)(*(uint*)(table + 4) & 0x7FFF_FFFF)));
}
