using System;

namespace HvKernel.Guests.Acpi;

/// <summary>
/// The tables of a PC with the PIIX4's power management at port B000 and one I/O APIC, as Bochs and QEMU's "pc" are. Names and offsets are
/// those of the ACPI specification 6.5, chapter 5. Pure.
/// </summary>
internal static unsafe class AcpiTables
{
    private const int HeaderBytes = 36;
    private const int FadtBytes = 244;
    private const int FacsBytes = 64;
    private const int RootPointerBytes = 36;
    private const int Acpi1RootPointerBytes = 20;

    private const ushort PowerManagementPort = 0xB000;
    private const ushort ResetPort = 0xCF9;
    private const byte ResetEverything = 0x06;
    private const byte SystemControlInterrupt = 9;

    // FADT "Flags": WBINVD works, C1 on every processor, no power and no sleep button of fixed hardware, the reset register is there.
    private const uint FadtFlags = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 10;

    // FADT "IA-PC Boot Architecture Flags": devices of the ISA bus, a keyboard controller.
    private const ushort BootArchitecture = 1 << 0 | 1 << 1;
    private const ushort NoSuchState = 0xFFF;
    private const byte SystemIo = 1;

    private const ulong LocalApic = 0xFEE0_0000;
    private const uint IoApic = 0xFEC0_0000;

    // Active high, level-triggered: "MPS INTI Flags".
    private const ushort LevelHigh = 0xD;

    /// <summary>
    /// Writes all tables into one page, the FACS into another, both below 4 GiB, and gives the root pointer's place.
    /// </summary>
    /// <param name="tables">The page for the tables.</param>
    /// <param name="control">The page for the FACS.</param>
    /// <param name="processors">Those that the MADT lists.</param>
    /// <param name="suspend">Whether S3 is among the states.</param>
    public static byte* Write(byte* tables, byte* control, in ProcessorList processors, bool suspend)
    {
        Clear(tables);
        Clear(control);
        Signature(control, "FACS"u8);
        *(uint*)(control + 4) = FacsBytes;
        control[32] = 2;

        var pointer = tables;
        var extended = tables + 64;
        var fixedDescription = extended + 64;
        var differentiated = fixedDescription + 256;
        var processorTable = differentiated + 64;

        *(ulong*)(extended + HeaderBytes) = (ulong)fixedDescription;
        *(ulong*)(extended + HeaderBytes + 8) = (ulong)processorTable;
        Finish(extended, "XSDT"u8, 1, HeaderBytes + 16);
        WriteFadt(fixedDescription, control, differentiated);
        Finish(fixedDescription, "FACP"u8, 3, FadtBytes);
        Finish(differentiated, "DSDT"u8, 2, HeaderBytes + WriteDefinitions(differentiated + HeaderBytes, suspend));
        Finish(processorTable, "APIC"u8, 3, WriteMadt(processorTable, processors));
        WriteRootPointer(pointer, extended);
        return pointer;
    }

    private static void WriteRootPointer(byte* pointer, byte* extended)
    {
        Signature(pointer, "RSD PTR "u8);
        Signature(pointer + 9, "HVKRNL"u8);
        pointer[15] = 2;
        *(uint*)(pointer + 20) = RootPointerBytes;
        *(ulong*)(pointer + 24) = (ulong)extended;
        pointer[8] = Balance(pointer, Acpi1RootPointerBytes);
        pointer[32] = Balance(pointer, RootPointerBytes);
    }

    // SMI_CMD stays 0: the machine is in ACPI mode, and has no other. The X_ blocks stay 0: the 32-bit ones hold.
    private static void WriteFadt(byte* table, byte* control, byte* definitions)
    {
        *(uint*)(table + 36) = (uint)(ulong)control;
        *(uint*)(table + 40) = (uint)(ulong)definitions;
        *(ulong*)(table + 140) = (ulong)definitions;
        *(ushort*)(table + 46) = SystemControlInterrupt;

        // PM1a_EVT_BLK, PM1a_CNT_BLK, PM_TMR_BLK and their lengths.
        *(uint*)(table + 56) = PowerManagementPort;
        *(uint*)(table + 64) = PowerManagementPort + 4;
        *(uint*)(table + 76) = PowerManagementPort + 8;
        table[88] = 4;
        table[89] = 2;
        table[91] = 4;

        // P_LVL2_LAT, P_LVL3_LAT.
        *(ushort*)(table + 96) = NoSuchState;
        *(ushort*)(table + 98) = NoSuchState;
        *(ushort*)(table + 109) = BootArchitecture;
        *(uint*)(table + 112) = FadtFlags;

        // RESET_REG, eight bits of a port, and RESET_VALUE.
        table[116] = SystemIo;
        table[117] = 8;
        table[119] = 1;
        *(ulong*)(table + 120) = ResetPort;
        table[128] = ResetEverything;
    }

    // Sleep types of the PIIX4 (its data sheet, PMCNTRL): 0 is power-off, 1 suspend to RAM.
    private static int WriteDefinitions(byte* code, bool suspend)
    {
        var bytes = WriteState(code, "_S5_"u8, 0);
        return suspend ? bytes + WriteState(code + bytes, "_S3_"u8, 1) : bytes;
    }

    // Name (NAME, Package (4) {TYPE, TYPE, 0, 0}): NameOp, PackageOp with its length and number of elements; ZeroOp and OneOp are 0 and 1.
    private static int WriteState(byte* code, ReadOnlySpan<byte> name, byte type)
    {
        code[0] = 0x08;
        Signature(code + 1, name);
        code[5] = 0x12;
        code[6] = 6;
        code[7] = 4;
        code[8] = type;
        code[9] = type;
        return 12;
    }

    private static int WriteMadt(byte* table, in ProcessorList processors)
    {
        *(uint*)(table + 36) = (uint)LocalApic;

        // PCAT_COMPAT: there are two 8259s as well.
        *(uint*)(table + 40) = 1;
        var at = 44;
        for (var i = 0; i < processors.Count; i++)
        {
            // Processor Local APIC: processor number, APIC id, enabled.
            at += Entry(table + at, 0, 8);
            table[at - 6] = (byte)i;
            table[at - 5] = processors.ApicIds[i];
            table[at - 4] = 1;
        }

        // I/O APIC: id behind the processors', address, first interrupt 0.
        at += Entry(table + at, 1, 12);
        table[at - 10] = (byte)processors.Count;
        *(uint*)(table + at - 8) = IoApic;
        at = Override(table, at, 0, 2, 0);
        at = Override(table, at, SystemControlInterrupt, SystemControlInterrupt, LevelHigh);

        // Local APIC NMI: LINT1 of every processor.
        at += Entry(table + at, 4, 6);
        table[at - 4] = 0xFF;
        table[at - 1] = 1;
        return at;
    }

    // Interrupt Source Override of ISA.
    private static int Override(byte* table, int at, byte source, uint target, ushort flags)
    {
        at += Entry(table + at, 2, 10);
        table[at - 7] = source;
        *(uint*)(table + at - 6) = target;
        *(ushort*)(table + at - 2) = flags;
        return at;
    }

    private static int Entry(byte* entry, byte kind, byte bytes)
    {
        entry[0] = kind;
        entry[1] = bytes;
        return bytes;
    }

    private static void Finish(byte* table, ReadOnlySpan<byte> signature, byte revision, int bytes)
    {
        Signature(table, signature);
        *(uint*)(table + 4) = (uint)bytes;
        table[8] = revision;
        Signature(table + 10, "HVKRNL"u8);
        Signature(table + 16, "TESTTBL "u8);
        table[24] = 1;
        Signature(table + 28, "HVK "u8);
        table[32] = 1;
        table[9] = Balance(table, bytes);
    }

    private static void Signature(byte* target, ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            target[i] = text[i];
        }
    }

    // What makes the sum of all bytes zero.
    private static byte Balance(byte* bytes, int count)
    {
        byte sum = 0;
        for (var i = 0; i < count; i++)
        {
            sum += bytes[i];
        }

        return (byte)-sum;
    }

    private static void Clear(byte* page)
    {
        for (var i = 0; i < 4096; i++)
        {
            page[i] = 0;
        }
    }
}
