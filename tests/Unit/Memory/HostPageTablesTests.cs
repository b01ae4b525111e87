using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

/// <summary>The address space of root, walked by SDM vol. 3A, "4-Level Paging and 5-Level Paging" with EFER.NXE and CR0.WP set.</summary>
public sealed unsafe class HostPageTablesTests
{
    private const ulong Mega = 1UL << 20;
    private const ulong Giga = 1UL << 30;

    // HvKernel's own memory in these tests: not at large pages' ends, and over the end of a GiB.
    private const ulong OwnStart = (2 * Giga) - (3 * Mega) - 0x5000;
    private const ulong OwnEnd = (2 * Giga) + Mega + 0x3000;

    private readonly record struct Mapping(ulong Physical, ulong Size, bool Writable, bool Executable);

    private static Mapping? Walk(ulong* table, ulong address)
    {
        var writable = true;
        var executable = true;
        for (var level = 4; ; level--)
        {
            var shift = 12 + (9 * (level - 1));
            var entry = table[address >> shift & 511];
            if ((entry & 1) == 0)
                return null;
            writable &= (entry & 2) != 0;
            executable &= entry >> 63 == 0;
            var isLeaf = level == 1 || (level < 4 && (entry & 0x80) != 0);
            var reserved = level == 4 ? 0x80UL : isLeaf && level > 1 ? (1UL << shift) - 0x2000 : 0;
            if ((entry & reserved) != 0 || (entry & 0x7FF0_0000_0000_0000) != 0)
                Assert.Fail($"entry {entry:x} of level {level} for {address:x}: a reserved bit is set");

            // Cache control bits would make memory uncacheable through PAT.
            if ((entry & 0x18) != 0 || (isLeaf && (entry & (level == 1 ? 0x80UL : 0x1000UL)) != 0))
                Assert.Fail($"entry {entry:x} of level {level} for {address:x} is not write-back");
            if (isLeaf)
                return new Mapping((entry & 0x000F_FFFF_FFFF_F000) | (address & ((1UL << shift) - 1)), 1UL << shift, writable, executable);
            table = (ulong*)(entry & 0x000F_FFFF_FFFF_F000);
        }
    }

    private static IEnumerable<ulong> Samples(ulong end)
    {
        var random = new Random(1);
        for (var i = 0; i < 2000; i++)
            yield return (ulong)random.NextInt64((long)end);
        foreach (var address in new ulong[] { 0, Mega, OwnStart, OwnEnd, Giga, 2 * Giga, end - 4096 })
        {
            yield return address;
            if (address != 0)
                yield return address - 1;
        }
    }

    [Theory]
    [InlineData(4 * Giga, 4 * Giga, true)]
    [InlineData(4 * Giga, 4 * Giga, false)]
    [InlineData((4 * Giga) + 4096, 5 * Giga, true)]         // rounded up to a GiB
    [InlineData((4 * Giga) + 4096, 5 * Giga, false)]
    [InlineData(1025 * Giga, 1025 * Giga, true)]            // three entries of the root
    public void All_memory_is_its_own_address_writable_and_never_executable(ulong end, ulong mapped, bool hasGigabytePages)
    {
        using var pages = new NativePages(HostPageTables.PagesNeeded(end, hasGigabytePages, 0));
        var pool = pages.Pool();
        var root = HostPageTables.Build(end, hasGigabytePages, ref pool);
        ((nint)root).ShouldNotBe(0);
        foreach (var address in Samples(mapped))
        {
            var mapping = Walk(root, address);
            if (mapping != new Mapping(address, hasGigabytePages ? Giga : 2 * Mega, Writable: true, Executable: false))
                Assert.Fail($"{address:x}: {mapping}");
        }

        Walk(root, mapped).ShouldBeNull();
        Walk(root, mapped + (513 * Giga)).ShouldBeNull();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pages_of_our_own_have_the_access_they_were_given(bool hasGigabytePages)
    {
        using var pages = new NativePages(HostPageTables.PagesNeeded(4 * Giga, hasGigabytePages, OwnEnd - OwnStart));
        var pool = pages.Pool();
        var root = HostPageTables.Build(4 * Giga, hasGigabytePages, ref pool);
        ulong code = OwnStart + 0x10_0000, constants = code + 0x8000, guard = constants + 0x2000, atTheEnd = OwnEnd - 0x1000;
        Protect(OwnStart, OwnEnd, HostAccess.ReadWrite, ref pool);
        Protect(code, constants, HostAccess.ReadExecute, ref pool);
        Protect(constants, guard, HostAccess.ReadOnly, ref pool);
        Protect(guard, guard + 0x1000, HostAccess.Guard, ref pool);
        Protect(atTheEnd, OwnEnd, HostAccess.ReadOnly, ref pool);
        for (var page = OwnStart; page < OwnEnd; page += 4096)
        {
            Mapping? expected = new Mapping(page | 0xABC, 4096, Writable: true, Executable: false);
            if (page >= code && page < constants)
                expected = expected.Value with { Writable = false, Executable = true };
            else if ((page >= constants && page < guard) || page >= atTheEnd)
                expected = expected.Value with { Writable = false };
            else if (page == guard)
                expected = null;
            Walk(root, page | 0xABC).ShouldBe(expected);
        }

        // Around it nothing has changed but the size of the pages.
        foreach (var address in Samples(4 * Giga).Where(address => address is < OwnStart or >= OwnEnd))
        {
            var mapping = Walk(root, address);
            if (mapping is not { Writable: true, Executable: false } || mapping.Value.Physical != address)
                Assert.Fail($"{address:x}: {mapping}");
        }

        void Protect(ulong start, ulong end, HostAccess access, ref PagePool pool) =>
            HostPageTables.Protect(root, start, end, access, ref pool).ShouldBeTrue();
    }

    [Fact]
    public void After_any_changes_no_page_is_writable_and_executable_and_each_has_the_last_access()
    {
        var change = from start in Gen.Choose(0, (int)((OwnEnd - OwnStart) / 4096) - 1)
                     from length in Gen.Choose(1, 600)
                     from access in Gen.Elements(HostAccess.ReadWrite, HostAccess.ReadOnly, HostAccess.ReadExecute, HostAccess.Guard)
                     select (Start: start, Length: length, Access: access);
        var cases = from changes in change.ArrayOf() from hasGigabytePages in Gen.Elements(true, false) select (changes, hasGigabytePages);
        using var pages = new NativePages(HostPageTables.PagesNeeded(3 * Giga, false, OwnEnd - OwnStart));
        Prop.ForAll(Arb.From(cases), @case =>
        {
            var pool = pages.Pool();
            var root = HostPageTables.Build(3 * Giga, @case.hasGigabytePages, ref pool);
            var model = new HostAccess[(OwnEnd - OwnStart) / 4096];
            foreach (var (start, length, access) in @case.changes)
            {
                var end = Math.Min(start + length, model.Length);
                if (!HostPageTables.Protect(root, OwnStart + ((ulong)start * 4096), OwnStart + ((ulong)end * 4096), access, ref pool))
                    return false;
                Array.Fill(model, access, start, end - start);
            }
            return Enumerable.Range(0, model.Length).All(i =>
            {
                var address = OwnStart + ((ulong)i * 4096);
                var mapping = Walk(root, address);
                return model[i] switch
                {
                    HostAccess.Guard => mapping is null,
                    HostAccess.ReadOnly => mapping is { Writable: false, Executable: false } && mapping.Value.Physical == address,
                    HostAccess.ReadExecute => mapping is { Writable: false, Executable: true } && mapping.Value.Physical == address,
                    _ => mapping is { Writable: true, Executable: false } && mapping.Value.Physical == address,
                };
            });
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(12));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pool_that_is_too_small_by_any_number_of_pages_answers_null_or_false(bool hasGigabytePages)
    {
        using var pages = new NativePages(HostPageTables.PagesNeeded(3 * Giga, hasGigabytePages, OwnEnd - OwnStart));
        var pool = pages.Pool();
        var root = HostPageTables.Build(3 * Giga, hasGigabytePages, ref pool);
        var built = pages.Taken(pool);
        HostPageTables.Protect(root, OwnStart, OwnEnd, HostAccess.ReadWrite, ref pool).ShouldBeTrue();
        var all = pages.Taken(pool);
        all.ShouldBeGreaterThan(built);
        for (ulong available = 0; available < all; available++)
        {
            var small = pages.Pool(available);
            var tables = HostPageTables.Build(3 * Giga, hasGigabytePages, ref small);
            ((nint)tables == 0).ShouldBe(available < built);
            if (tables != null)
                HostPageTables.Protect(tables, OwnStart, OwnEnd, HostAccess.ReadWrite, ref small).ShouldBeFalse();
        }
    }

    [Fact]
    public void Pages_needed_are_enough_wherever_our_own_memory_lies()
    {
        var cases = from endPages in Gen.Choose(1, 20 << 18)
                    from ownPages in Gen.Choose(1, 1 << 14)
                    from place in Gen.Choose(0, int.MaxValue)
                    from hasGigabytePages in Gen.Elements(true, false)
                    select (End: (ulong)Math.Max(endPages, ownPages + 1) * 4096, Own: (ulong)ownPages * 4096, Place: (ulong)place, hasGigabytePages);
        Prop.ForAll(Arb.From(cases), @case =>
        {
            var start = @case.Place % ((@case.End - @case.Own) / 4096) * 4096;
            using var pages = new NativePages(HostPageTables.PagesNeeded(@case.End, @case.hasGigabytePages, @case.Own));
            var pool = pages.Pool();
            var root = HostPageTables.Build(@case.End, @case.hasGigabytePages, ref pool);
            return root != null && HostPageTables.Protect(root, start, start + @case.Own, HostAccess.ReadWrite, ref pool);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }
}
