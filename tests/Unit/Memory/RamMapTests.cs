using System;
using System.Collections;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

public sealed unsafe class RamMapTests
{
    private const int Units = 200;
    private const ulong Unit = 0x1000;

    /// <summary>Ranges against a bit for each page.</summary>
    [Fact]
    public void Any_ranges_in_any_order_are_what_a_set_of_pages_says()
    {
        var range = from start in Gen.Choose(0, Units - 1) from length in Gen.Frequency((8, Gen.Choose(0, 6)), (1, Gen.Choose(0, Units))) select (start, length);
        Prop.ForAll(Arb.From(range.ArrayOf()), ranges =>
        {
            RamMap map = default;
            var set = new BitArray(Units);
            foreach (var (start, length) in ranges)
            {
                var end = Math.Min(start + length, Units);
                map.Add((ulong)start * Unit, (ulong)end * Unit);
                for (var i = start; i < end; i++)
                    set[i] = true;
            }

            var runs = 0;
            for (var i = 0; i < Units; i++)
            {
                runs += set[i] && (i == 0 || !set[i - 1]) ? 1 : 0;
                var whole = true;
                foreach (var length in new[] { 1, 2, 3, 10 })
                {
                    whole = Enumerable.Range(i, length).All(at => at < Units && set[at]);
                    if (map.Contains((ulong)i * Unit, (ulong)length * Unit) != whole)
                        return false;
                }

                // Not by pages: the last byte of one and the first of the next.
                var both = set[i] && i + 1 < Units && set[i + 1];
                if (map.Contains(((ulong)(i + 1) * Unit) - 1, 2) != both || map.Contains(((ulong)(i + 1) * Unit) - 1, 1) != set[i])
                    return false;
            }

            var highest = Enumerable.Range(0, Units).LastOrDefault(i => set[i], -1);
            return map.Count == runs && map.Lost == 0 && map.End == (ulong)(highest + 1) * Unit && IsSortedAndApart(map);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithEndSize(60));
    }

    private static bool IsSortedAndApart(RamMap map)
    {
        for (var i = 0; i < map.Count; i++)
        {
            if (map.Bounds[2 * i] >= map.Bounds[(2 * i) + 1] || (i > 0 && map.Bounds[2 * i] <= map.Bounds[(2 * i) - 1]))
                return false;
        }
        return true;
    }

    [Fact]
    public void An_empty_map_has_nothing()
    {
        RamMap map = default;
        map.End.ShouldBe(0UL);
        map.Contains(0, 1).ShouldBeFalse();
        map.Contains(0x1000, 0x1000).ShouldBeFalse();
    }

    [Fact]
    public void Ranges_that_do_not_fit_are_counted_and_the_others_stay()
    {
        RamMap map = default;
        for (ulong i = 0; i < RamMap.MaximumRanges; i++)
            map.Add(i * 0x2000, (i * 0x2000) + 0x1000);
        map.Count.ShouldBe(RamMap.MaximumRanges);
        map.Lost.ShouldBe(0);
        map.Add(0x1_0000_0000, 0x1_0000_1000);
        map.Lost.ShouldBe(1);
        map.Contains(0x1_0000_0000, 0x1000).ShouldBeFalse();
        for (ulong i = 0; i < RamMap.MaximumRanges; i++)
        {
            map.Contains(i * 0x2000, 0x1000).ShouldBeTrue();
            map.Contains((i * 0x2000) + 0x1000, 1).ShouldBeFalse();
        }

        // One that joins two others needs no place, and makes one.
        map.Add(0x1000, 0x2000);
        map.Lost.ShouldBe(1);
        map.Contains(0, 0x3000).ShouldBeTrue();
        map.Add(0x1_0000_0000, 0x1_0000_1000);
        map.Lost.ShouldBe(1);
        map.Contains(0x1_0000_0000, 0x1000).ShouldBeTrue();
    }

    [Fact]
    public void A_range_that_wraps_is_not_contained()
    {
        RamMap map = default;
        map.Add(0, 0x1000);
        map.Add(0xFFFF_FFFF_FFFF_0000, 0xFFFF_FFFF_FFFF_F000);
        map.Contains(0xFFFF_FFFF_FFFF_E000, 0x1000).ShouldBeTrue();
        map.Contains(0xFFFF_FFFF_FFFF_E000, 0x3000).ShouldBeFalse();
        map.Contains(0, ulong.MaxValue).ShouldBeFalse();
        map.Contains(0xFFFF_FFFF_FFFF_E000, ulong.MaxValue).ShouldBeFalse();
    }

    [Fact]
    public void The_debuggers_memory_is_RAM_without_our_own()
    {
        RamMap map = default;
        map.Add(0, 0xA_0000);
        map.Add(0x10_0000, 0x800_0000);
        var memory = new PhysicalMemory(&map, 0x700_0000, 0x740_0000);
        ((ulong)memory.Map(0x1234, 16)).ShouldBe(0x1234UL);
        ((nint)memory.Map(0xA_0000, 1)).ShouldBe(0);                // a device
        ((nint)memory.Map(0x9_FFFF, 2)).ShouldBe(0);                // into it
        ((nint)memory.Map(0x700_0000, 1)).ShouldBe(0);              // ours
        ((nint)memory.Map(0x73F_FFFF, 1)).ShouldBe(0);
        ((nint)memory.Map(0x6FF_FFFF, 2)).ShouldBe(0);
        ((nint)memory.Map(0x6FF_0000, 0x100_0000)).ShouldBe(0);     // all around ours
        ((ulong)memory.Map(0x6FF_FFFF, 1)).ShouldBe(0x6FF_FFFFUL);
        ((ulong)memory.Map(0x740_0000, 8)).ShouldBe(0x740_0000UL);
        ((nint)memory.Map(ulong.MaxValue, 2)).ShouldBe(0);
    }
}
