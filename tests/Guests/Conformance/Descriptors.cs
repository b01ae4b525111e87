using HvKernel.Cpu;

namespace HvKernel.Guests.Conformance;

/// <summary>All descriptor tables, for 64-bit, 32-bit and real-address mode; written anew before each check.</summary>
internal static unsafe class Descriptors
{
    public const ulong Code64 = 0x08;
    public const ulong Data = 0x10;
    public const ulong UserCode32 = 0x18 | 3;
    public const ulong UserData = 0x20 | 3;
    public const ulong UserCode64 = 0x28 | 3;
    public const ulong Code32 = 0x40;
    private const int GdtWords = 28;
    private const int Tss64Word = 6;
    private const int GateWord = 18;
    private const int DoubleFault = 8;
    private const int StubBytes = 16;
    private const int RealStubBytes = 8;
    private const ulong InterruptGate = 0x8E00;
    private const ulong Ring3 = 3UL << 13;
    private const int TssBytes = 104;

    /// <summary>Makes the operands of LGDT and LIDT.</summary>
    public static void Operands(Record* record)
    {
        var gdt = (DescriptorTable*)record->GdtOperand;
        var idt = (DescriptorTable*)record->IdtOperand;
        gdt->Limit = (GdtWords * 8) - 1;
        gdt->Base = Layout.Gdt;
        idt->Limit = (256 * 16) - 1;
        idt->Base = Layout.Idt64;
    }

    /// <summary>Fills every table. The GDT's own TSS is left busy where <paramref name="taskIsLoaded"/>.</summary>
    public static void Fill(Guest* guest, bool taskIsLoaded)
    {
        var gdt = (ulong*)Layout.Gdt;
        for (var i = 0; i < GdtWords; i++)
        {
            gdt[i] = 0;
        }

        gdt[1] = 0x00AF_9B00_0000_FFFF;
        gdt[2] = 0x00CF_9300_0000_FFFF;
        gdt[3] = 0x00CF_FB00_0000_FFFF;
        gdt[4] = 0x00CF_F300_0000_FFFF;
        gdt[5] = 0x00AF_FB00_0000_FFFF;
        gdt[Tss64Word] = System(Layout.Tss64, TssBytes - 1, taskIsLoaded ? 0x8BU : 0x89U);
        gdt[8] = 0x00CF_9B00_0000_FFFF;
        gdt[9] = 0x0000_9B00_0000_FFFF | (Layout.Low << 16);
        gdt[10] = 0x0000_9300_0000_FFFF | (Layout.Low << 16);
        gdt[11] = 0x00CF_1300_0000_FFFF;
        gdt[12] = 0x00CF_9900_0000_FFFF;
        gdt[13] = 0x00CF_9100_0000_FFFF;
        gdt[14] = 0x0040_9700_0000_0FFF;
        gdt[15] = 0x00AF_9F00_0000_FFFF;
        gdt[16] = System(Layout.Ldt, 0x3F, 0x82);

        // A call gate of 64-bit mode, type 12, for ring 3: to the end of a check.
        var target = Layout.CodeSupervisor + guest->EndOffset;
        gdt[GateWord] = (target & 0xFFFF) | (Code64 << 16) | (0xECUL << 40) | ((target >> 16 & 0xFFFF) << 48);
        gdt[20] = System(Layout.Tss32A, TssBytes - 1, 0x89);
        gdt[21] = System(Layout.Tss32B, TssBytes - 1, 0x89);
        gdt[22] = 0x00EF_9B00_0000_FFFF;
        gdt[23] = 0x00CF_8000_0000_FFFF;
        gdt[24] = System(Layout.Tss32A, 0x2B, 0x81);
        gdt[26] = System(Layout.Tss64Other, TssBytes - 1, 0x89);
        var ldt = (ulong*)Layout.Ldt;
        for (var i = 0; i < 8; i++)
        {
            ldt[i] = gdt[2];
        }

        FillTasks(guest);
        FillIdt64(guest->Code.Stubs);
        FillLegacy(guest);
    }

    private static ulong System(ulong address, ulong limit, ulong access) =>
        (limit & 0xFFFF) | ((address & 0xFF_FFFF) << 16) | (access << 40) | ((address >> 24 & 0xFF) << 56);

    private static void FillTasks(Guest* guest)
    {
        for (ulong i = 0; i < 0x400; i += 8)
        {
            *(ulong*)(Layout.Tss64 + i) = 0;
        }

        var task = (byte*)Layout.Tss64;
        *(ulong*)(task + 4) = guest->TrapStackTop;
        *(ulong*)(task + 36) = guest->TrapStackTop;
        *(ulong*)(task + 44) = guest->DoubleFaultStackTop;

        // IST3 belongs to checks of faults during delivery.
        *(ulong*)(task + 52) = guest->TrapStackTop;
        *(ushort*)(task + 102) = TssBytes;
        *(ushort*)(Layout.Tss32A + 102) = TssBytes;
        *(ushort*)(Layout.Tss32B + 102) = TssBytes;
        *(ushort*)(Layout.Tss64Other + 102) = TssBytes;
    }

    private static void FillIdt64(ulong stubs)
    {
        var idt = (ulong*)Layout.Idt64;
        for (var vector = 0; vector < 256; vector++)
        {
            var stub = stubs + (ulong)(StubBytes * vector);
            var stack = vector == DoubleFault ? 2UL : 1UL;
            var gate = InterruptGate | (vector is 3 or 4 or Layout.EndVector ? Ring3 : 0);
            idt[2 * vector] = (stub & 0xFFFF) | (Code64 << 16) | (stack << 32) | (gate << 32) | ((stub >> 16 & 0xFFFF) << 48);
            idt[(2 * vector) + 1] = stub >> 32;
        }
    }

    private static void FillLegacy(Guest* guest)
    {
        var idt = (ulong*)Layout.Idt32;
        var vectors = (uint*)Layout.Ivt;
        for (var vector = 0; vector < 256; vector++)
        {
            var stub = guest->InLow(guest->Code.LegacyStubs32) + (ulong)(StubBytes * vector);
            idt[vector] = (stub & 0xFFFF) | (Code32 << 16) | (InterruptGate << 32) | ((stub >> 16 & 0xFFFF) << 48);
            var real = guest->InLow(guest->Code.LegacyStubs16) + (ulong)(RealStubBytes * vector);
            vectors[vector] = (uint)(real - Layout.Low) | (uint)(Layout.Low >> 4 << 16);
        }
    }
}
