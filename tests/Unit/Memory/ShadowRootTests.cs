using System;
using System.Linq;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

public sealed unsafe class ShadowRootTests : IDisposable
{
    private const ulong Present = 1;
    private const ulong Accessed = 1 << 5;
    private const ulong NoExecute = 1UL << 63;

    private readonly NativePages _pages = new(3);
    private readonly ulong* _guest;
    private readonly ulong* _forUser;
    private readonly ulong* _forKernel;

    public ShadowRootTests()
    {
        var pool = _pages.Pool();
        _guest = (ulong*)pool.Take(1);
        _forUser = (ulong*)pool.Take(1);
        _forKernel = (ulong*)pool.Take(1);
    }

    public void Dispose() => _pages.Dispose();

    private void Sync() => ShadowRoot.Sync(_guest, _forUser, _forKernel);

    [Fact]
    public void Each_copy_forbids_execution_in_one_half_and_changes_nothing_else()
    {
        var random = new Random(1);
        for (var i = 0; i < 512; i++)
        {
            _guest[i] = (ulong)random.NextInt64() * 2 + (ulong)(i % 3 == 0 ? 0 : 1);
        }

        var before = Enumerable.Range(0, 512).Select(i => _guest[i]).ToArray();
        Sync();

        for (var i = 0; i < 512; i++)
        {
            _guest[i].ShouldBe(before[i]);
            var restricted = (before[i] & Present) != 0 ? before[i] | NoExecute : before[i];
            _forUser[i].ShouldBe(i < 256 ? before[i] : restricted);
            _forKernel[i].ShouldBe(i < 256 ? restricted : before[i]);
        }
    }

    [Fact]
    public void What_the_guest_changes_shows_in_both_copies()
    {
        _guest[3] = 0x1000 | Present;
        Sync();
        _guest[3] = 0x2000 | Present | 2;
        _guest[300] = 0x3000 | Present;
        Sync();
        (_forUser[3], _forKernel[3]).ShouldBe((0x2003UL, 0x2003UL | NoExecute));
        (_forUser[300], _forKernel[300]).ShouldBe((0x3001UL | NoExecute, 0x3001UL));
        _guest[3] = 0;
        Sync();
        (_forUser[3], _forKernel[3]).ShouldBe((0UL, 0UL));
    }

    [Theory]
    [InlineData(7, true)]
    [InlineData(7, false)]
    [InlineData(400, true)]
    [InlineData(400, false)]
    public void An_accessed_bit_that_was_set_in_a_copy_goes_back_to_the_guest(int index, bool inUserCopy)
    {
        _guest[index] = 0x5000 | Present;
        Sync();
        (inUserCopy ? _forUser : _forKernel)[index] |= Accessed;
        Sync();
        _guest[index].ShouldBe(0x5000 | Present | Accessed);
        (_forUser[index] & Accessed).ShouldBe(Accessed);
        (_forKernel[index] & Accessed).ShouldBe(Accessed);
    }

    [Fact]
    public void An_accessed_bit_of_an_entry_that_the_guest_has_replaced_is_not_the_new_ones()
    {
        _guest[7] = 0x5000 | Present;
        Sync();
        _forUser[7] |= Accessed;
        _guest[7] = 0x6000 | Present;
        Sync();
        _guest[7].ShouldBe(0x6000 | Present);
        _guest[7] = 0;
        _forUser[7] |= Accessed;
        Sync();
        _guest[7].ShouldBe(0UL);
    }

    [Fact]
    public void A_walk_that_may_not_write_to_a_copy_sets_the_bit_in_all_three()
    {
        _guest[200] = 0x5000 | Present;
        Sync();
        ShadowRoot.SetAccessed(_guest, _forUser, _forKernel, 200);
        _guest[200].ShouldBe(0x5000 | Present | Accessed);
        _forUser[200].ShouldBe(0x5000 | Present | Accessed);
        _forKernel[200].ShouldBe(0x5000 | Present | Accessed | NoExecute);
    }
}
