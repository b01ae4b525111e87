using System;
using HvKernel.Events.Code;
using HvKernel.Memory;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Events.Code;

/// <summary>Guest page 0x400000 to frame 0x8000 for writing, the next to frame 0x6000 for reading, the third not mapped; 64 more from 0x500000 on.</summary>
public sealed unsafe class BlobSpaceTests : IDisposable
{
    private const ulong ErrorPresent = 1;
    private const ulong ErrorWrite = 2;
    private const ulong ErrorUser = 4;
    private const ulong ErrorFetch = 16;
    private const ulong Window = 0x1234_5007;
    private const ulong Linear = 0x40_0000;
    private const ulong Further = 0x50_0000;
    private const ulong NoExecute = 1UL << 63;
    private static readonly GuestPaging Paging = new(0x8000_0011, 0x1000, 0x20, 0xD00);

    private readonly FakeMemory _memory = new(0x2_0000);
    private readonly NativePages _pages = new(BlobSpace.PagesNeeded);
    private BlobSpace _space;

    public BlobSpaceTests()
    {
        _memory.Write64(0x1000, 0x2000 | 7);
        _memory.Write64(0x2000, 0x3000 | 7);
        _memory.Write64(0x3000 + (2 * 8), 0x4000 | 7);
        _memory.Write64(0x4000, 0x8000 | 7);
        _memory.Write64(0x4000 + 8, 0x6000 | 5);
        _memory.Write64(0x4000 + (3 * 8), 0x7FFF_F000 | 7);     // no RAM
        for (ulong i = 0; i < 64; i++)
            _memory.Write64(0x4000 + ((0x100 + i) * 8), 0xA000 | 7);
        var pool = _pages.Pool();
        _space.Build(Window, ref pool).ShouldBeTrue();
        _pages.Taken(pool).ShouldBe(BlobSpace.PagesNeeded);
    }

    public void Dispose()
    {
        _memory.Dispose();
        _pages.Dispose();
    }

    private BlobAccess Resolve(ulong address, ulong errorCode)
    {
        var view = _memory.Open();
        return _space.Resolve(ref view, Paging, address, errorCode);
    }

    /// <summary>What a processor would find in the space: the last-level entry, or 0.</summary>
    private ulong Entry(ulong address)
    {
        var table = _space.Root;
        for (var shift = 39; shift > 12; shift -= 9)
        {
            var entry = table[(address >> shift) & 511];
            if ((entry & 1) == 0)
                return 0;
            (entry & 7).ShouldBe(7UL, "upper entries forbid nothing");
            _pages.Owns(entry & ~0xFFFUL).ShouldBeTrue();
            table = (ulong*)(entry & ~0xFFFUL);
        }
        return table[(address >> 12) & 511];
    }

    private ulong Frame(ulong physical)
    {
        var view = _memory.Open();
        return (ulong)view.Map(physical, 1);
    }

    [Fact]
    public void A_read_maps_the_guests_frame_for_reading_and_never_for_execution()
    {
        Resolve(Linear + 0x123, ErrorUser).ShouldBe(BlobAccess.Mapped);
        Entry(Linear).ShouldBe(0x8000UL | 5 | NoExecute);
    }

    [Fact]
    public void A_write_to_a_page_that_was_read_maps_it_again()
    {
        Resolve(Linear, ErrorUser);
        Resolve(Linear, ErrorUser | ErrorPresent | ErrorWrite).ShouldBe(BlobAccess.Mapped);
        Entry(Linear).ShouldBe(0x8000UL | 7 | NoExecute);
    }

    [Fact]
    public void The_guests_own_write_protection_holds()
    {
        Resolve(Linear + 0x1000, ErrorWrite).ShouldBe(BlobAccess.Refused);
        Entry(Linear + 0x1000).ShouldBe(0UL);
        Resolve(Linear + 0x1000, 0).ShouldBe(BlobAccess.Mapped);
        Resolve(Linear + 0x1000, ErrorWrite | ErrorPresent).ShouldBe(BlobAccess.Refused);
        Entry(Linear + 0x1000).ShouldBe(0x6000UL | 5 | NoExecute);
    }

    [Theory]
    [InlineData(Linear + 0x2000, 0UL)]                          // not mapped by the guest
    [InlineData(Linear + 0x3000, 0UL)]                          // mapped to what is no RAM, as HvKernel's own memory is
    [InlineData(Linear, ErrorFetch)]                            // the guest's code would run with HvKernel's rights
    [InlineData(RunnerWindow.Base + 0x40_0000, 0UL)]            // the window is no guest's
    [InlineData(0x0001_0000_0000_0000UL, 0UL)]                  // not canonical
    public void What_cannot_be_had_is_refused(ulong address, ulong errorCode)
    {
        Resolve(address, errorCode).ShouldBe(BlobAccess.Refused);
        _space.Root[0].ShouldBe(0UL);
        _space.Root[RunnerWindow.Slot].ShouldBe(Window);
    }

    [Fact]
    public void The_guest_sees_what_was_used_and_what_was_changed()
    {
        Resolve(Linear, 0);
        (*(ulong*)Frame(0x4000) & 0x60).ShouldBe(0x20UL);       // accessed
        Resolve(Linear, ErrorWrite | ErrorPresent);
        (*(ulong*)Frame(0x4000) & 0x60).ShouldBe(0x60UL);       // and dirty
    }

    [Fact]
    public void After_a_run_nothing_is_left_but_the_window()
    {
        Resolve(Linear, 0);
        Resolve(Further, ErrorWrite);
        _space.Reset();
        for (var i = 0; i < 512; i++)
            _space.Root[i].ShouldBe(i == RunnerWindow.Slot ? Window : 0UL);

        // The tables are used again: nothing of the last run may show.
        Resolve(Linear + 0x1000, 0);
        Entry(Linear).ShouldBe(0UL);
        Entry(Further).ShouldBe(0UL);
        Entry(Linear + 0x1000).ShouldNotBe(0UL);
    }

    [Fact]
    public void Code_that_touches_more_pages_than_there_are_tables_goes_on()
    {
        // Each in a page table of its own: the guest's tables are the same for all, by an entry in each of its directories.
        for (ulong i = 0; i < 512; i++)
            _memory.Write64(0x3000 + (i * 8), 0x4000 | 7);
        for (ulong i = 0; i < 500; i++)
        {
            var address = i << 21;
            Resolve(address, ErrorWrite).ShouldBe(BlobAccess.Mapped);
            Entry(address).ShouldBe(0x8000UL | 7 | NoExecute, $"page {i}");
        }
    }

    [Fact]
    public void A_pool_that_is_too_small_is_refused()
    {
        for (ulong pages = 0; pages < BlobSpace.PagesNeeded; pages++)
        {
            var pool = _pages.Pool(pages);
            BlobSpace space = default;
            space.Build(Window, ref pool).ShouldBeFalse();
        }
    }
}
