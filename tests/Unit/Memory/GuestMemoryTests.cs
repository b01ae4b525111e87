using System;
using System.Linq;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

/// <summary>Ranges of linear addresses, in 4-level paging: page 0x400000 to frame 0x8000, the next one to frame 0x6000, the third not mapped.</summary>
public sealed unsafe class GuestMemoryTests : IDisposable
{
    private const ulong All = 7;
    private const ulong Linear = 0x40_0000;
    private static readonly GuestPaging Paging = new(0x8000_0011, 0x1000, 0x20, 0xD00);

    private readonly FakeMemory _memory = new(0x1_0000);

    public GuestMemoryTests()
    {
        _memory.Write64(0x1000, 0x2000 | All);
        _memory.Write64(0x2000, 0x3000 | All);
        _memory.Write64(0x3000 + 2 * 8, 0x4000 | All);
        _memory.Write64(0x4000, 0x8000 | All);
        _memory.Write64(0x4000 + 8, 0x6000 | 1);        // read-only, supervisor
        _memory.Write64(0x3000 + 3 * 8, 0x87);          // 0x600000: a 2-MiB page at 0, more than there is RAM
        _memory.Write64(0x1000 + 511 * 8, 0x2000 | All);
        _memory.Write64(0x2000 + 511 * 8, 0x3000 | All);
        _memory.Write64(0x3000 + 511 * 8, 0x5000 | All);
        _memory.Write64(0x5000 + 511 * 8, 0x9000 | All); // the last page of the address space
        for (ulong i = 0; i < 0x1000; i++)
        {
            _memory.Start[0x8000 + i] = (byte)i;
            _memory.Start[0x6000 + i] = (byte)~i;
            _memory.Start[0x9000 + i] = 0x5A;
        }
    }

    public void Dispose() => _memory.Dispose();

    private byte[] Read(ulong address, int length, out ulong done, out GuestWalkResult end)
    {
        var view = _memory.Open();
        var buffer = Enumerable.Repeat((byte)0xEE, length).ToArray();
        fixed (byte* start = buffer)
            done = GuestMemory.Read(ref view, in Paging, address, start, (ulong)length, out end);
        return buffer;
    }

    [Fact]
    public void A_range_over_a_page_boundary_comes_from_both_frames()
    {
        var bytes = Read(Linear + 0xFFB, 13, out var done, out var end);
        done.ShouldBe(13UL);
        end.ShouldBe(GuestWalkResult.Mapped);
        bytes.ShouldBe([0xFB, 0xFC, 0xFD, 0xFE, 0xFF, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0xFA, 0xF9, 0xF8]);
    }

    [Fact]
    public void What_cannot_be_read_ends_the_range_and_says_why()
    {
        var bytes = Read(Linear + 0x1FFE, 8, out var done, out var end);
        done.ShouldBe(2UL);
        end.ShouldBe(GuestWalkResult.NotPresent);
        bytes.ShouldBe([0x01, 0x00, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE]);
    }

    [Fact]
    public void A_large_page_may_end_outside_memory()
    {
        Read(0x60_0000 + 0xFFFE, 4, out var done, out var end);
        done.ShouldBe(2UL);
        end.ShouldBe(GuestWalkResult.NotRam);
    }

    [Fact]
    public void The_address_space_does_not_wrap()
    {
        var bytes = Read(ulong.MaxValue - 3, 8, out var done, out var end);
        done.ShouldBe(4UL);
        end.ShouldBe(GuestWalkResult.NonCanonical);
        bytes[..4].ShouldBe([0x5A, 0x5A, 0x5A, 0x5A]);
    }

    [Fact]
    public void Nothing_is_read_for_no_bytes()
    {
        Read(0xDEAD_0000_0000_0000, 0, out var done, out var end);
        done.ShouldBe(0UL);
        end.ShouldBe(GuestWalkResult.Mapped);
    }

    [Fact]
    public void A_debugger_writes_read_only_pages_too()
    {
        var view = _memory.Open();
        GuestMemory.Write(ref view, in Paging, Linear + 0xFFE, "abcd"u8).ShouldBe(4);
        _memory.Bytes(0x8FFE, 2).ToArray().ShouldBe("ab"u8.ToArray());
        _memory.Bytes(0x6000, 2).ToArray().ShouldBe("cd"u8.ToArray());
        GuestMemory.Write(ref view, in Paging, Linear + 0x1FFD, "wxyz"u8).ShouldBe(3);
    }

    [Theory]
    [InlineData(Linear + 0x10, 0x1716151413121110)]
    [InlineData(Linear + 0xFFD, 0xFBFCFDFEFFFFFEFD)]
    public void Eight_bytes_aligned_or_not(ulong address, ulong expected)
    {
        var view = _memory.Open();
        GuestMemory.TryReadUInt64(ref view, in Paging, address, out var value).ShouldBeTrue();
        value.ShouldBe(expected);
        GuestMemory.TryReadUInt64(ref view, in Paging, Linear + 0x1FFC, out _).ShouldBeFalse();
        GuestMemory.TryReadUInt64(ref view, in Paging, Linear + 0x2000, out _).ShouldBeFalse();
    }
}
