using System;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

public sealed unsafe class PagePoolTests : IDisposable
{
    private readonly NativePages _pages = new(8);

    public void Dispose() => _pages.Dispose();

    [Fact]
    public void Pages_come_zeroed_in_order_and_none_twice()
    {
        var pool = _pages.Pool();
        pool.Remaining.ShouldBe(8UL * 4096);
        ((ulong)pool.Take(1)).ShouldBe((ulong)_pages.Start);
        ((ulong)pool.Take(3)).ShouldBe((ulong)_pages.Start + 4096);
        ((ulong)pool.Take(4)).ShouldBe((ulong)_pages.Start + (4 * 4096));
        pool.Remaining.ShouldBe(0UL);
        new ReadOnlySpan<byte>(_pages.Start, 8 * 4096).IndexOfAnyExcept((byte)0).ShouldBe(-1);
    }

    [Fact]
    public void A_page_is_touched_only_when_it_is_taken()
    {
        var pool = _pages.Pool();
        pool.Take(2);
        _pages.Start[2 * 4096].ShouldBe((byte)0xCC);
    }

    [Fact]
    public void More_than_is_left_is_refused_and_takes_nothing()
    {
        var pool = _pages.Pool();
        pool.Take(6);
        ((nint)pool.Take(3)).ShouldBe(0);
        pool.Remaining.ShouldBe(2UL * 4096);
        ((nint)pool.Take(2)).ShouldNotBe(0);
        ((nint)pool.Take(1)).ShouldBe(0);
    }

    [Theory]
    [InlineData(1UL << 52)]
    [InlineData((1UL << 52) + 1)]
    [InlineData(ulong.MaxValue)]
    public void A_number_of_pages_whose_bytes_overflow_is_refused(ulong pages)
    {
        var pool = _pages.Pool();
        ((nint)pool.Take(pages)).ShouldBe(0);
        pool.Remaining.ShouldBe(8UL * 4096);
    }

    [Theory]
    [InlineData(0UL, 0UL)]
    [InlineData(1UL, 1UL)]
    [InlineData(4096UL, 1UL)]
    [InlineData(4097UL, 2UL)]
    [InlineData(0x1_0000_0000UL, 0x10_0000UL)]
    public void Bytes_are_rounded_up_to_pages(ulong bytes, ulong pages) => Page.Count(bytes).ShouldBe(pages);
}
