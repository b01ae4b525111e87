using System;
using System.Collections.Generic;
using System.Linq;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

public sealed unsafe class EptBuilderTests
{
    private const ulong Mega = 1UL << 20;
    private const ulong Giga = 1UL << 30;
    private const ulong Dummy = 0x6000_0000;

    private static EptPlan Plan(int bits, bool hasGigabytePages, ulong hiddenStart, ulong hiddenEnd) => new()
    {
        PhysicalAddressBits = bits,
        HasGigabytePages = hasGigabytePages,
        HiddenStart = hiddenStart,
        HiddenEnd = hiddenEnd,
        DummyPage = Dummy,
    };

    private static MemoryType TypeOf(in MtrrState mtrrs, ulong address) => MtrrTable.TypeOfPage(mtrrs, address & ~0xFFFUL);

    /// <summary>Addresses at random and on both sides of everything that is special.</summary>
    private static IEnumerable<ulong> Addresses(int bits, params ulong[] special)
    {
        var random = new Random(bits);
        var end = 1UL << Math.Min(bits, 48);
        for (var i = 0; i < 20_000; i++)
            yield return (ulong)random.NextInt64(1L << random.Next(12, Math.Min(bits, 48) + 1));
        ulong[] fix =
        [
            0, 0xA_0000, 0xB_FFFF, 0xC_0000, 0xF_FFFF, 0x10_0000, 2 * Mega, 0xBC00_0000, 0xC000_0000, 0xFEE0_0000, 4 * Giga, 9 * Giga,
            16 * Giga, 512 * Giga, end - Giga, end, .. special,
        ];
        foreach (var address in fix)
        {
            foreach (var near in new[] { address - 1, address, address + 1, address + 0xFFF, address + 0x1000, address - 0x1000 })
            {
                if (near < end)
                    yield return near;
            }
        }
    }

    [Theory]
    [InlineData(36, true)]
    [InlineData(36, false)]
    [InlineData(39, true)]
    [InlineData(39, false)]
    [InlineData(46, true)]
    [InlineData(46, false)]
    [InlineData(48, true)]
    public void Every_address_of_the_physical_width_is_its_own_with_its_MTRR_type(int bits, bool hasGigabytePages)
    {
        var hiddenStart = 0x7E20_0000UL;
        var hiddenEnd = hiddenStart + (4 * Mega);
        var mtrrs = MtrrTable.Pc(bits).State;
        using var pages = new NativePages(EptBuilder.PagesNeeded(bits, hasGigabytePages, 4, 8));
        var pool = pages.Pool();
        var root = EptBuilder.Build(Plan(bits, hasGigabytePages, hiddenStart, hiddenEnd), mtrrs, ref pool);
        ((nint)root).ShouldNotBe(0);
        var pointer = EptEntry.Pointer((ulong)root);
        foreach (var address in Addresses(bits, hiddenStart, hiddenEnd))
        {
            var walk = EptWalk.Translate(pointer, address, bits);
            var hidden = address >= hiddenStart && address < hiddenEnd;
            if (walk.Result != EptWalkResult.Mapped
                || walk.Physical != (hidden ? Dummy | (address & 0xFFF) : address)
                || walk.Type != (hidden ? MemoryType.WriteBack : TypeOf(mtrrs, address))
                || !walk.CanAll || walk.IgnoresPat)
            {
                Assert.Fail($"{address:x}: {walk.Result}, {walk.Physical:x}, {walk.Type}, page of {walk.PageSize:x}");
            }
        }
    }

    [Theory]
    [InlineData(36)]
    [InlineData(39)]
    [InlineData(46)]
    public void Nothing_is_mapped_above_the_physical_width(int bits)
    {
        var mtrrs = MtrrTable.Pc(bits).State;
        using var pages = new NativePages(EptBuilder.PagesNeeded(bits, true, 4, 8));
        var pool = pages.Pool();
        var pointer = EptEntry.Pointer((ulong)EptBuilder.Build(Plan(bits, true, 0x7E20_0000, 0x7E40_0000), mtrrs, ref pool));
        EptWalk.Translate(pointer, (1UL << bits) - 1, bits).Result.ShouldBe(EptWalkResult.Mapped);
        foreach (var address in new[] { 1UL << bits, (1UL << bits) + Giga, (1UL << 47) | 0x1234_5000, (1UL << 48) - 1 })
            EptWalk.Translate(pointer, address, 52).Result.ShouldBe(EptWalkResult.NotPresent);
    }

    [Fact]
    public void Four_levels_end_at_48_bits()
    {
        var mtrrs = MtrrTable.Pc(52).State;
        using var pages = new NativePages(EptBuilder.PagesNeeded(52, true, 4, 8));
        var pool = pages.Pool();
        var root = EptBuilder.Build(Plan(52, true, 0x7E20_0000, 0x7E40_0000), mtrrs, ref pool);
        ((nint)root).ShouldNotBe(0);
        var pointer = EptEntry.Pointer((ulong)root);
        EptWalk.Translate(pointer, 0, 52).Physical.ShouldBe(0UL);
        EptWalk.Translate(pointer, Giga, 52).Physical.ShouldBe(Giga);
        EptWalk.Translate(pointer, (1UL << 48) - 1, 52).Physical.ShouldBe((1UL << 48) - 1);
    }

    [Theory]
    [InlineData(36, true)]
    [InlineData(36, false)]
    [InlineData(39, true)]
    [InlineData(39, false)]
    [InlineData(46, true)]
    public void Leaves_cover_everything_once_with_the_largest_page_of_one_type(int bits, bool hasGigabytePages)
    {
        var mtrrs = MtrrTable.Pc(bits).State;
        using var pages = new NativePages(EptBuilder.PagesNeeded(bits, hasGigabytePages, 4, 8));
        var pool = pages.Pool();
        var root = EptBuilder.Build(Plan(bits, hasGigabytePages, 0x7E20_0000, 0x7E60_0000), mtrrs, ref pool);
        var leaves = new Dictionary<ulong, ulong>();
        ulong next = 0;
        Visit(root, 4, 0);
        next.ShouldBe(1UL << bits);

        // By hand: GiB 0 has the fixed ranges, GiB 1 HvKernel's memory, GiB 2 graphics memory. In them, large page 0 and the two of
        // HvKernel are cut; graphics memory begins at a multiple of 2 MiB.
        var gigabytes = 1UL << (bits - 30);
        var cut = hasGigabytePages ? 3 : gigabytes;
        leaves.GetValueOrDefault(Giga).ShouldBe(hasGigabytePages ? gigabytes - 3 : 0);
        leaves.GetValueOrDefault(2 * Mega).ShouldBe((cut * 512) - 3);
        leaves.GetValueOrDefault(4096UL).ShouldBe(3UL * 512);

        void Visit(ulong* table, int level, ulong address)
        {
            var size = 1UL << (12 + (9 * (level - 1)));
            for (var i = 0; i < 512; i++, address += size)
            {
                var entry = table[i];
                if (entry == 0)
                    continue;
                if (address != next || !EptWalk.IsWellFormed(entry, level, bits))
                    Assert.Fail($"{entry:x} at {address:x}, after {next:x}");
                if (EptWalk.IsLeaf(entry, level))
                {
                    leaves[size] = leaves.GetValueOrDefault(size) + 1;
                    next = address + size;
                }
                else
                {
                    var lower = entry & 0x000F_FFFF_FFFF_F000;
                    pages.Owns(lower).ShouldBeTrue();
                    Visit((ulong*)lower, level - 1, address);
                }
            }
        }
    }

    [Theory]
    [InlineData(0x7E00_0000UL, 0x7E00_1000UL)]      // one page
    [InlineData(0x7E00_3000UL, 0x7E40_5000UL)]      // not at large pages' ends
    [InlineData(0x3FFF_F000UL, 0x4000_1000UL)]      // over a GiB's end
    [InlineData(0x7FE0_0000UL, 0x8020_0000UL)]
    [InlineData(0xF_FFFF_F000UL, 0x10_0000_0000UL)] // the last page of 36 bits
    [InlineData(0UL, 0x1000UL)]
    public void The_dummy_page_stands_where_memory_is_hidden_and_nowhere_else(ulong start, ulong end)
    {
        var mtrrs = MtrrTable.Pc(36).State;
        foreach (var hasGigabytePages in new[] { true, false })
        {
            using var pages = new NativePages(EptBuilder.PagesNeeded(36, hasGigabytePages, 5, 8));
            var pool = pages.Pool();
            var pointer = EptEntry.Pointer((ulong)EptBuilder.Build(Plan(36, hasGigabytePages, start, end), mtrrs, ref pool));
            var from = start < 4 * Mega ? 0 : start - (4 * Mega);
            for (var page = from; page < end + (4 * Mega) && page < 1UL << 36; page += 4096)
            {
                var walk = EptWalk.Translate(pointer, page | 0x123, 36);
                var hidden = page >= start && page < end;
                if (walk.Physical != ((hidden ? Dummy : page) | 0x123) || !walk.CanAll || (hidden && walk.Type != MemoryType.WriteBack))
                    Assert.Fail($"{page:x}: {walk.Physical:x}");
            }

            // A page that stands in for hidden ones is memory like any other at its own address.
            EptWalk.Translate(pointer, Dummy, 36).Physical.ShouldBe(Dummy);
        }
    }

    [Fact]
    public void Nothing_hidden_cuts_nothing()
    {
        var mtrrs = new MtrrTable(36, MemoryType.WriteBack).State;
        using var pages = new NativePages(2);
        var pool = pages.Pool();
        var root = EptBuilder.Build(Plan(36, true, 0, 0), mtrrs, ref pool);
        ((nint)root).ShouldNotBe(0);
        EptWalk.Translate(EptEntry.Pointer((ulong)root), 0x1234, 36).PageSize.ShouldBe(Giga);
    }

    [Theory]
    [InlineData(36, true)]
    [InlineData(36, false)]
    [InlineData(40, true)]      // two entries of the root
    public void A_pool_that_is_too_small_by_any_number_of_pages_answers_null(int bits, bool hasGigabytePages)
    {
        var mtrrs = MtrrTable.Pc(bits).State;
        var plan = Plan(bits, hasGigabytePages, 0x7E20_0000, 0x7E60_0000);
        using var pages = new NativePages(EptBuilder.PagesNeeded(bits, hasGigabytePages, 4, 8));
        var pool = pages.Pool();
        ((nint)EptBuilder.Build(plan, mtrrs, ref pool)).ShouldNotBe(0);
        var taken = pages.Taken(pool);
        for (ulong available = 0; available < taken; available++)
        {
            var small = pages.Pool(available);
            ((nint)EptBuilder.Build(plan, mtrrs, ref small)).ShouldBe(0);
        }
        var enough = pages.Pool(taken);
        ((nint)EptBuilder.Build(plan, mtrrs, ref enough)).ShouldNotBe(0);
        enough.Remaining.ShouldBe(0UL);
    }

    [Theory]
    [InlineData(36, true, 3, 3, 1 + 1 + 3 + 3)]
    [InlineData(39, true, 3, 3, 1 + 1 + 3 + 3)]
    [InlineData(40, true, 3, 3, 1 + 2 + 3 + 3)]
    [InlineData(46, true, 3, 3, 1 + 128 + 3 + 3)]
    [InlineData(48, true, 3, 3, 1 + 512 + 3 + 3)]
    [InlineData(52, true, 3, 3, 1 + 512 + 3 + 3)]
    [InlineData(36, false, 3, 3, 1 + 1 + 64 + 3)]
    [InlineData(46, false, 3, 3, 1 + 128 + 65536 + 3)]
    public void Pages_needed_are_the_tables_of_each_level(int bits, bool hasGigabytePages, int splitGigabytes, int splitLargePages, int pages) =>
        EptBuilder.PagesNeeded(bits, hasGigabytePages, (ulong)splitGigabytes, (ulong)splitLargePages).ShouldBe((ulong)pages);

    [Theory]
    [InlineData(36, true)]
    [InlineData(36, false)]
    [InlineData(46, true)]
    public void Pages_needed_are_enough_and_none_is_left(int bits, bool hasGigabytePages)
    {
        // Cut: three GiB (fixed ranges, HvKernel's memory, graphics memory) and in them three large pages.
        var mtrrs = MtrrTable.Pc(bits).State;
        using var pages = new NativePages(EptBuilder.PagesNeeded(bits, hasGigabytePages, 3, 3));
        var pool = pages.Pool();
        ((nint)EptBuilder.Build(Plan(bits, hasGigabytePages, 0x7E20_0000, 0x7E60_0000), mtrrs, ref pool)).ShouldNotBe(0);
        pool.Remaining.ShouldBe(0UL);
    }

    [Fact]
    public void An_entry_is_present_by_any_permission()
    {
        // SDM vol. 3C, "EPT Translation Mechanism": with mode-based execute control bit 10 counts too.
        foreach (var bit in Enumerable.Range(0, 64))
            EptEntry.IsPresent(1UL << bit).ShouldBe(bit is 0 or 1 or 2 or 10);
        EptEntry.IsPresent(0).ShouldBeFalse();
    }
}
