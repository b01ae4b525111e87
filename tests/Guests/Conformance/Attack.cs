using HvKernel.Guests.Lab;

namespace HvKernel.Guests.Conformance;

/// <summary>Reads and writes of memory that HvKernel keeps for itself, and whatever else might bring it down.</summary>
internal static unsafe class Attack
{
    // Where the assembly part finds the range (asm/attack.asm, TARGET).
    private const ulong Target = 0x3_0A00;
    private const ulong Plain = PageBit.Present | PageBit.Writable | PageBit.Accessed | PageBit.Dirty;
    private const ulong Gigabyte = 1UL << 30;
    private const ulong LargePage = 2UL << 20;
    private const ulong SlotBytes = 1UL << 39;
    private const int TestEntry = 3;
    private const ulong Marker = 0x5A5A_A5A5_1234_8765;

    public static void Run(Guest* guest)
    {
        switch (guest->Mode)
        {
            case Mode.TripleFault:
                Announce(guest, "triple fault"u8);
                Machine.TripleFault();
                break;
            case Mode.Init:
                Announce(guest, "INIT"u8);
                Machine.InitSelf();
                break;
            case Mode.Tables:
                RewriteTables(guest);
                break;
            default:
                All(guest);
                break;
        }
    }

    private static void Announce(Guest* guest, System.ReadOnlySpan<byte> what)
    {
        guest->Output.Text("conformance: now "u8);
        guest->Output.Text(what);
        guest->Output.End();
    }

    private static void All(Guest* guest)
    {
        var start = guest->AttackStart;
        var end = guest->AttackEnd;
        if (start >= end || (start | end) % Layout.PageBytes != 0 || end > Layout.Window)
        {
            Fatal.Stop("attack: expected reserved=0xSTART-0xEND, page-aligned and below 1 GiB"u8);
        }

        *(ulong*)Target = start;
        *(ulong*)(Target + 8) = end;
        var root = guest->Pages.Root;

        // The same range by 2-MiB pages (the guest's own map), by 4-KiB pages, and by one of 1 GiB.
        Range(guest, "attack.by-2-mib"u8, 0, start, end);
        root[1] = (ulong)SmallPages(guest, start, end) | Plain;
        Range(guest, "attack.by-4-kib"u8, SlotBytes, start, end);
        var gigabytes = (ulong*)guest->Pages.Take(1);
        gigabytes[0] = Plain | PageBit.Large;
        root[2] = (ulong)gigabytes | Plain;
        Range(guest, "attack.by-1-gib"u8, 2 * SlotBytes, start, end);
        Runner.RunAll(guest, "attack."u8);
        Runner.RunAll(guest, "vmx."u8);
        Runner.RunAll(guest, "legacy.vm"u8);
        Runner.RunAll(guest, "cpuid."u8);
        Range(guest, "attack.again"u8, 0, start, end);
    }

    // All of it is one page: what is written at one place is read at all others. Pages: how many showed it.
    private static void Range(Guest* guest, System.ReadOnlySpan<byte> name, ulong offset, ulong start, ulong end)
    {
        Machine.WriteCr3((ulong)guest->Pages.Root);
        *(ulong*)(offset + start + 8) = Marker;
        ulong same = 0;
        ulong sum = 0;
        for (var at = start; at < end; at += Layout.PageBytes)
        {
            same += *(ulong*)(offset + at + 8) == Marker ? 1U : 0;
            for (ulong i = 0; i < Layout.PageBytes; i += 64)
            {
                sum |= *(ulong*)(offset + at + i);
            }
        }

        for (var at = start; at < end; at += 64)
        {
            *(ulong*)(offset + at) = ulong.MaxValue;
        }

        *(ulong*)(offset + start + 8) = 0;
        ref var output = ref guest->Output;
        output.Start(name);
        output.Byte((byte)':');
        output.Field("pages"u8, (end - start) / Layout.PageBytes);
        output.Field("same"u8, same);
        output.Field("written-stays"u8, *(ulong*)(offset + end - Layout.PageBytes) == ulong.MaxValue ? 1U : 0);
        output.End();
    }

    private static ulong* SmallPages(Guest* guest, ulong start, ulong end)
    {
        var gigabytes = (ulong*)guest->Pages.Take(1);
        var large = (ulong*)guest->Pages.Take(1);
        gigabytes[0] = (ulong)large | Plain;
        for (var at = start & ~(LargePage - 1); at < end; at += LargePage)
        {
            var table = (ulong*)guest->Pages.Take(1);
            large[at % Gigabyte / LargePage] = (ulong)table | Plain;
            for (ulong i = 0; i < 512; i++)
            {
                table[i] = (at + (i * Layout.PageBytes)) | Plain;
            }
        }

        return gigabytes;
    }

    // Never used by the guest itself, so it may say anything: loops, hidden memory, memory that does not exist, reserved bits.
    private static void RewriteTables(Guest* guest)
    {
        guest->Output.Text("conformance: tables address="u8);
        guest->Output.Hex(Layout.Test);
        guest->Output.End();
        var window = (ulong*)(guest->Pages.Root[0] & PageBit.Address);
        window = (ulong*)(window[1] & PageBit.Address);
        var table = (ulong*)(window[TestEntry] & PageBit.Address);
        var good = (ulong)table | Plain;
        var state = 0x1234_5678_9ABC_DEF1UL;
        while (true)
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            var entry = &table[state >> 40 & 511];
            *entry = (state >> 50 & 7) switch
            {
                0 => 0,
                1 => (ulong)table | Plain,
                2 => guest->AttackStart | Plain,
                3 => state,
                4 => state | PageBit.Present,
                5 => (ulong)window | Plain | PageBit.Large,
                _ => 0xFEE0_0000 | Plain,
            };
            window[TestEntry] = (state >> 54 & 7) switch
            {
                0 => state | PageBit.Present,
                1 => (ulong)window | Plain,
                2 => 0,
                _ => good,
            };
        }
    }
}
