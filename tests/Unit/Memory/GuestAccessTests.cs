using System;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

/// <summary>Error codes by SDM vol. 3A, "Page-Fault Exceptions", over tables made by hand.</summary>
public sealed unsafe class GuestAccessTests : IDisposable
{
    private const ulong All = 7;
    private const ulong Address = 0x1234_5000;
    private const ulong Table = 0x4000;
    private const ulong WriteProtect = 0x1_0000;
    private const ulong Smap = 1 << 21;
    private const int PhysicalBits = 40;

    private readonly FakeMemory _memory = new(0x10_0000);

    public void Dispose() => _memory.Dispose();

    [Theory]
    [InlineData(0UL, false, false, 0u)]
    [InlineData(0UL, true, true, 6u)]
    [InlineData(All, true, true, null)]
    [InlineData(5UL, true, true, 7u)]
    [InlineData(5UL, true, false, 3u)]
    [InlineData(3UL, false, true, 5u)]
    [InlineData(3UL, true, false, null)]
    [InlineData(All | (1UL << 45), false, false, 9u)]
    [InlineData(All | (1UL << 45), true, true, 15u)]
    public void A_page_allows_or_faults(ulong bits, bool isWrite, bool isUser, uint? error)
    {
        Fault(bits, isWrite, isUser, WriteProtect).ShouldBe(error);
    }

    [Fact]
    public void Without_write_protection_the_supervisor_writes_anywhere() => Fault(5, true, false, 0).ShouldBeNull();

    [Theory]
    [InlineData(false, 1u)]
    [InlineData(true, null)]
    public void The_supervisor_leaves_user_pages_alone_under_smap(bool alignmentCheck, uint? error) =>
        Fault(All, false, false, WriteProtect, Smap, alignmentCheck).ShouldBe(error);

    [Fact]
    public void The_second_page_of_an_access_is_where_it_faults()
    {
        Map(All);
        var access = new GuestAccess(new GuestPaging(0x8000_0011, 0x1000, 0x20, 0xD00), true, false, false, PhysicalBits);
        var view = _memory.Open();

        access.Faults(ref view, Address + 0xFFE, 4, out var at, out var error).ShouldBeTrue();
        at.ShouldBe(Address + 0x1000);
        error.ShouldBe(2u);
    }

    private uint? Fault(ulong bits, bool isWrite, bool isUser, ulong cr0, ulong cr4 = 0, bool alignmentCheck = false)
    {
        Map(bits);
        var access = new GuestAccess(new GuestPaging(0x8000_0011 | cr0, 0x1000, 0x20 | cr4, 0xD00), isWrite, isUser, alignmentCheck, PhysicalBits);
        var view = _memory.Open();
        return access.Faults(ref view, Address, 1, out _, out var error) ? error : null;
    }

    private void Map(ulong bits)
    {
        _memory.Write64(0x1000, 0x2000 | All);
        _memory.Write64(0x2000, 0x3000 | All);
        _memory.Write64(0x3000 + (8 * (Address >> 21)), Table | All);
        _memory.Write64(Table + (8 * (Address >> 12 & 511)), 0x8000 | bits);
    }
}
