using System;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

/// <summary>Page walks over tables made by hand. The layouts are those of SDM vol. 3A, chapter "Paging".</summary>
public sealed unsafe class GuestPageWalkTests : IDisposable
{
    private const ulong Present = 1;
    private const ulong Write = 2;
    private const ulong User = 4;
    private const ulong Large = 0x80;
    private const ulong NoExecute = 1UL << 63;
    private const ulong All = Present | Write | User;

    private const ulong Root = 0x1000;
    private const ulong Second = 0x2000;
    private const ulong Third = 0x3000;
    private const ulong Fourth = 0x4000;
    private const ulong Fifth = 0x5000;

    private static readonly GuestPaging Off = new(0x11, 0, 0, 0);
    private static readonly GuestPaging Bits32 = new(0x8000_0011, Root, 0x10, 0);
    private static readonly GuestPaging Pae = new(0x8000_0011, Root, 0x20, 0x800);
    private static readonly GuestPaging Level4 = new(0x8000_0011, Root, 0x20, 0xD00);
    private static readonly GuestPaging Level5 = new(0x8000_0011, Root, 0x1020, 0xD00);

    private readonly FakeMemory _memory = new(0x10_0000);

    public void Dispose() => _memory.Dispose();

    private GuestPageWalk Walk(in GuestPaging paging, ulong address)
    {
        var view = _memory.Open();
        var result = GuestPageWalk.Translate(ref view, in paging, address, out var walk);
        walk.Result.ShouldBe(result);
        return walk;
    }

    private static void ShouldMap(GuestPageWalk walk, ulong physical, ulong pageSize)
    {
        walk.Result.ShouldBe(GuestWalkResult.Mapped);
        walk.Physical.ShouldBe(physical);
        walk.PageSize.ShouldBe(pageSize);
    }

    [Fact]
    public void Without_paging_an_address_is_physical_up_to_4_GiB()
    {
        ShouldMap(Walk(Off, 0xFEDC_BA98), 0xFEDC_BA98, 4096);
        Walk(Off, 0x1_0000_0000).Result.ShouldBe(GuestWalkResult.NonCanonical);
    }

    [Fact]
    public void Mode_follows_the_registers()
    {
        Off.Mode.ShouldBe(GuestPagingMode.Off);
        Bits32.Mode.ShouldBe(GuestPagingMode.Bits32);
        Pae.Mode.ShouldBe(GuestPagingMode.Pae);
        Level4.Mode.ShouldBe(GuestPagingMode.Level4);
        Level5.Mode.ShouldBe(GuestPagingMode.Level5);
    }

    [Fact]
    public void Two_levels_of_32_bit_paging()
    {
        // 0x12345678: directory entry 0x48, table entry 0x345.
        _memory.Write32(Root + 0x48 * 4, (uint)(Second | All));
        _memory.Write32(Second + 0x345 * 4, (uint)(0x000A_B000 | Present | User));
        var walk = Walk(Bits32, 0x1234_5678);
        ShouldMap(walk, 0xA_B678, 4096);
        walk.RootLevel.ShouldBe((byte)2);
        walk.Level.ShouldBe((byte)1);
        walk.Writable.ShouldBeFalse();
        walk.User.ShouldBeTrue();
        walk.NoExecute.ShouldBeFalse();
        walk.EntryAddress(2).ShouldBe(Root + 0x120UL);
        walk.Entry(2).ShouldBe(Second | All);
        walk.EntryAddress(1).ShouldBe(Second + 0xD14UL);
        walk.Entry(1).ShouldBe(0xA_B000UL | Present | User);
    }

    [Fact]
    public void A_4_MiB_page_has_address_bits_above_32()
    {
        // Bits 20:13 of the entry, here 0xA5, are bits 39:32 of the address.
        _memory.Write32(Root + 0x48 * 4, 0x0840_0000 | (0xA5u << 13) | (uint)(All | Large));
        ShouldMap(Walk(Bits32, 0x1234_5678), 0xA5_0874_5678, 4 << 20);
    }

    [Fact]
    public void Without_page_size_extensions_bit_7_means_nothing()
    {
        _memory.Write32(Root + 0x48 * 4, (uint)(Second | All | Large));
        _memory.Write32(Second + 0x345 * 4, (uint)(0x000A_B000 | All));
        ShouldMap(Walk(new GuestPaging(Bits32.Cr0, Root, 0, 0), 0x1234_5678), 0xA_B678, 4096);
    }

    [Fact]
    public void The_reserved_bit_of_a_4_MiB_page_is_seen()
    {
        _memory.Write32(Root + 0x48 * 4, 0x0860_0000 | (uint)(All | Large));
        var walk = Walk(Bits32, 0x1234_5678);
        walk.Result.ShouldBe(GuestWalkResult.ReservedBit);
        walk.Level.ShouldBe((byte)2);
    }

    [Fact]
    public void Three_levels_of_PAE_paging_with_a_root_at_32_bytes()
    {
        // 0xC0DE5678: pointer 3, directory 6, table 0xE5.
        _memory.Write64(Root + 0x20 + 3 * 8, Second | Present);
        _memory.Write64(Second + 6 * 8, Third | All);
        _memory.Write64(Third + 0xE5 * 8, 0x12_3456_7000 | All | NoExecute);
        var walk = Walk(Pae.WithRoot(Root + 0x20), 0xC0CE_5678);
        ShouldMap(walk, 0x12_3456_7678, 4096);
        walk.Writable.ShouldBeTrue("a pointer entry has no rights to take away");
        walk.User.ShouldBeTrue();
        walk.NoExecute.ShouldBeTrue();
        walk.EntryAddress(3).ShouldBe(Root + 0x38UL);
    }

    [Fact]
    public void A_2_MiB_page_in_PAE_paging()
    {
        _memory.Write64(Root + 3 * 8, Second | Present);
        _memory.Write64(Second + 6 * 8, 0x1_2340_0000 | Present | Write | Large);
        var walk = Walk(Pae, 0xC0DE_5678);
        ShouldMap(walk, 0x1_235E_5678, 2 << 20);
        walk.User.ShouldBeFalse();
    }

    [Theory]
    [InlineData(1, Present | Write)]        // bits 2:1 are reserved
    [InlineData(1, Present | Large)]        // there are no 1-GiB pages
    [InlineData(1, Present | (1UL << 52))]
    public void Reserved_bits_of_a_PAE_pointer_entry_are_seen(int index, ulong bits)
    {
        _memory.Write64(Root + (ulong)index * 8, Second | bits);
        var walk = Walk(Pae, 0x4000_0000);
        walk.Result.ShouldBe(GuestWalkResult.ReservedBit);
        walk.Level.ShouldBe((byte)3);
    }

    // 0xFFFF_8123_4567_89AB: 9-bit indices 0x102, 0x8D, 0x2B, 0x78, offset 0x9AB.
    private const ulong Address4 = 0xFFFF_8123_4567_89AB;

    [Fact]
    public void Four_levels()
    {
        _memory.Write64(Root + 0x102 * 8, Second | All);
        _memory.Write64(Second + 0x8D * 8, Third | All);
        _memory.Write64(Third + 0x2B * 8, Fourth | All | NoExecute);
        _memory.Write64(Fourth + 0x78 * 8, 0xF_FFFF_FFFF_F000 | Present | Write | (0x7FFUL << 52));
        var walk = Walk(Level4, Address4);
        ShouldMap(walk, 0xF_FFFF_FFFF_F9AB, 4096);
        walk.Mode.ShouldBe(GuestPagingMode.Level4);
        walk.RootLevel.ShouldBe((byte)4);
        walk.Writable.ShouldBeTrue();
        walk.User.ShouldBeFalse();
        walk.NoExecute.ShouldBeTrue();
        ulong[] addresses = [walk.EntryAddress(4), walk.EntryAddress(3), walk.EntryAddress(2), walk.EntryAddress(1)];
        addresses.ShouldBe([Root + 0x810UL, Second + 0x468UL, Third + 0x158UL, Fourth + 0x3C0UL]);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(3)]
    [InlineData(2)]
    [InlineData(1)]
    public void Every_level_can_take_rights_away(int level)
    {
        ulong[] entries = [Fourth + 0x78 * 8, Third + 0x2B * 8, Second + 0x8D * 8, Root + 0x102 * 8];
        ulong[] tables = [0xAB000, Fourth, Third, Second];
        for (var i = 0; i < 4; i++)
            _memory.Write64(entries[i], tables[i] | All);
        var walk = Walk(Level4, Address4);
        (walk.Writable, walk.User, walk.NoExecute).ShouldBe((true, true, false));

        foreach (var (bits, expected) in new[] { (Present | User, (false, true, false)), (Present | Write, (true, false, false)), (All | NoExecute, (true, true, true)) })
        {
            _memory.Write64(entries[level - 1], tables[level - 1] | bits);
            walk = Walk(Level4, Address4);
            (walk.Writable, walk.User, walk.NoExecute).ShouldBe(expected);
        }
    }

    [Fact]
    public void A_2_MiB_and_a_1_GiB_page()
    {
        _memory.Write64(Root + 0x102 * 8, Second | All);
        _memory.Write64(Second + 0x8D * 8, Third | All);
        _memory.Write64(Third + 0x2B * 8, 0x1_2340_0000 | All | Large | 0x1000);
        ShouldMap(Walk(Level4, Address4), 0x1_2340_0000UL + (Address4 & 0x1F_FFFF), 2 << 20);

        _memory.Write64(Second + 0x8D * 8, 0x1_4000_0000 | All | Large | 0x1000);
        ShouldMap(Walk(Level4, Address4), 0x1_4000_0000UL + (Address4 & 0x3FFF_FFFF), 1 << 30);
    }

    [Theory]
    [InlineData(4, Second | All | Large)]
    [InlineData(3, 0x1_4000_2000 | All | Large)]
    [InlineData(2, 0x1_2340_2000 | All | Large)]
    public void Reserved_bits_of_the_upper_levels_are_seen(int level, ulong entry)
    {
        _memory.Write64(Root + 0x102 * 8, level == 4 ? entry : Second | All);
        _memory.Write64(Second + 0x8D * 8, level == 3 ? entry : Third | All);
        _memory.Write64(Third + 0x2B * 8, level == 2 ? entry : Fourth | All);
        var walk = Walk(Level4, Address4);
        walk.Result.ShouldBe(GuestWalkResult.ReservedBit);
        walk.Level.ShouldBe((byte)level);
    }

    [Fact]
    public void Without_NXE_the_no_execute_bit_is_reserved()
    {
        _memory.Write64(Root + 0x102 * 8, Second | All | NoExecute);
        Walk(new GuestPaging(Level4.Cr0, Root, Level4.Cr4, 0x500), Address4).Result.ShouldBe(GuestWalkResult.ReservedBit);
    }

    // 0xFF12_8123_4567_89AB: the index of the uppermost level is 0x112, the others as above.
    private const ulong Address5 = 0xFF12_8123_4567_89AB;

    [Fact]
    public void Five_levels()
    {
        _memory.Write64(Root + 0x112 * 8, Fifth | All);
        _memory.Write64(Fifth + 0x102 * 8, Second | All);
        _memory.Write64(Second + 0x8D * 8, Third | All);
        _memory.Write64(Third + 0x2B * 8, Fourth | Present | User);
        _memory.Write64(Fourth + 0x78 * 8, 0xAB000 | All);
        var walk = Walk(Level5, Address5);
        ShouldMap(walk, 0xAB9AB, 4096);
        walk.RootLevel.ShouldBe((byte)5);
        walk.EntryAddress(5).ShouldBe(Root + 0x890UL);
        walk.Writable.ShouldBeFalse();
        walk.User.ShouldBeTrue();

        _memory.Write64(Second + 0x8D * 8, 0x1_4000_0000 | All | Large);
        ShouldMap(Walk(Level5, Address5), 0x1_4000_0000UL + (Address5 & 0x3FFF_FFFF), 1 << 30);
    }

    [Theory]
    [InlineData(0x0000_8000_0000_0000, 0x0100_0000_0000_0000)]
    [InlineData(0xFFFF_7FFF_FFFF_FFFF, 0xFEFF_FFFF_FFFF_FFFF)]
    [InlineData(0xFFFE_8000_0000_0000, 0xFD00_8000_0000_0000)]
    public void Non_canonical_addresses_are_named(ulong outside4, ulong outside5)
    {
        var walk = Walk(Level4, outside4);
        walk.Result.ShouldBe(GuestWalkResult.NonCanonical);
        walk.Level.ShouldBe((byte)0);
        Walk(Level5, outside5).Result.ShouldBe(GuestWalkResult.NonCanonical);
        Walk(Level5, outside4).Result.ShouldBe(GuestWalkResult.NotPresent, "57 bits reach further");
    }

    [Fact]
    public void The_32_bit_modes_end_at_4_GiB()
    {
        Walk(Bits32, 0x1_0000_0000).Result.ShouldBe(GuestWalkResult.NonCanonical);
        Walk(Pae, 0xFFFF_FFFF_8000_0000).Result.ShouldBe(GuestWalkResult.NonCanonical);
    }

    [Fact]
    public void The_level_that_is_not_present_is_named()
    {
        ulong[] entries = [Root + 0x102 * 8, Second + 0x8D * 8, Third + 0x2B * 8, Fourth + 0x78 * 8];
        ulong[] tables = [Second, Third, Fourth, 0xAB000];
        for (var i = 0; i < 4; i++)
        {
            var walk = Walk(Level4, Address4);
            walk.Result.ShouldBe(GuestWalkResult.NotPresent);
            walk.Level.ShouldBe((byte)(4 - i));
            walk.EntryAddress(4 - i).ShouldBe(entries[i]);
            _memory.Write64(entries[i], tables[i] | All);
        }
        Walk(Level4, Address4).Result.ShouldBe(GuestWalkResult.Mapped);
    }

    [Fact]
    public void A_table_outside_memory_is_named_and_not_read()
    {
        _memory.Write64(Root + 0x102 * 8, 0x7000_0000 | All);
        var walk = Walk(Level4, Address4);
        walk.Result.ShouldBe(GuestWalkResult.NotRam);
        walk.Level.ShouldBe((byte)3);
        Walk(Level4.WithRoot(0xF_FFFF_FFFF_F000), Address4).Result.ShouldBe(GuestWalkResult.NotRam);
        Walk(Level4.WithRoot(0x10_0000), Address4).Level.ShouldBe((byte)4);
    }

    [Theory]
    [InlineData(0x8000_0000_0000_0000)]     // no flush
    [InlineData(0x0000_0000_0000_0806)]     // PCID
    [InlineData(0x6000_0000_0000_0000)]     // LAM
    public void What_is_not_address_in_CR3_does_not_count(ulong bits)
    {
        _memory.Write64(Root + 0x102 * 8, Second | All);
        _memory.Write64(Second + 0x8D * 8, 0x1_4000_0000 | All | Large);
        Walk(Level4.WithRoot(Root | bits), Address4).Result.ShouldBe(GuestWalkResult.Mapped);
    }

    [Fact]
    public void A_table_that_is_its_own_entry_ends_after_as_many_levels_as_there_are()
    {
        // Windows' self-map: every level is the same page.
        _memory.Write64(Root + 0x1ED * 8, Root | All);
        var selfMap = 0xFFFF_0000_0000_0000 | (0x1EDUL << 39) | (0x1EDUL << 30) | (0x1EDUL << 21) | (0x1EDUL << 12);
        var walk = Walk(Level4, selfMap);
        ShouldMap(walk, Root, 4096);
        walk.EntryAddress(1).ShouldBe(Root + 0x1ED * 8UL);
    }

    [Fact]
    public void Any_entry_gives_a_result_and_at_most_five_reads()
    {
        // Random tables that refer to each other: nothing may be read outside of memory (that would throw), or more than once a level.
        var random = new Random(1);
        for (ulong address = 0; address < 0x10_0000; address += 8)
            _memory.Write64(address, (ulong)random.NextInt64() & 0x8000_0000_001F_FFFF);
        foreach (var paging in (GuestPaging[])[Off, Bits32, Pae, Level4, Level5])
        {
            for (var i = 0; i < 20_000; i++)
            {
                var view = new CountingView { Inner = _memory.Open() };
                GuestPageWalk.Translate(ref view, paging, (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64), out var walk);
                view.Reads.ShouldBeLessThanOrEqualTo(walk.RootLevel);
            }
        }
    }

    private struct CountingView : IPhysicalMemory
    {
        public FakeMemory.View Inner;
        public int Reads;

        public byte* Map(ulong address, ulong length)
        {
            Reads++;
            return Inner.Map(address, length);
        }
    }
}
