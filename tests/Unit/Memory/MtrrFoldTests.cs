using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

/// <summary>Expected types are reasoned from SDM vol. 3A, "Memory Type Range Registers (MTRRs)" and "MTRR Precedences".</summary>
public sealed unsafe class MtrrFoldTests
{
    private const ulong Kilo = 1UL << 10;
    private const ulong Mega = 1UL << 20;
    private const ulong Giga = 1UL << 30;
    private const ulong Tera = 1UL << 40;
    private const ulong FourKilo = 4 * Kilo;
    private const ulong TwoMega = 2 * Mega;

    private static MemoryType TypeOf(MtrrTable table, ulong address, ulong size) => MtrrFold.TypeOf(table.State, address, size);

    [Theory]
    [InlineData(0x0UL, FourKilo, MemoryType.WriteBack)]
    [InlineData(0x7_F000UL, FourKilo, MemoryType.WriteBack)]            // the last page of the 64-KiB sub-ranges
    [InlineData(0x8_0000UL, FourKilo, MemoryType.WriteBack)]            // the first of the 16-KiB ones
    [InlineData(0x9_F000UL, FourKilo, MemoryType.WriteBack)]
    [InlineData(0xA_0000UL, FourKilo, MemoryType.Uncacheable)]          // video memory
    [InlineData(0xB_F000UL, FourKilo, MemoryType.Uncacheable)]
    [InlineData(0xC_0000UL, FourKilo, MemoryType.WriteProtected)]       // the first of the 4-KiB ones: option ROMs
    [InlineData(0xD_F000UL, FourKilo, MemoryType.WriteProtected)]
    [InlineData(0xE_0000UL, FourKilo, MemoryType.WriteBack)]
    [InlineData(0xF_F000UL, FourKilo, MemoryType.WriteBack)]            // the last page with a fixed range
    [InlineData(0x10_0000UL, FourKilo, MemoryType.WriteBack)]           // behind them
    [InlineData(0x0UL, 512 * Kilo, MemoryType.WriteBack)]
    [InlineData(0x8_0000UL, 512 * Kilo, MemoryType.Mixed)]
    [InlineData(0xA_0000UL, 128 * Kilo, MemoryType.Uncacheable)]
    [InlineData(0x0UL, TwoMega, MemoryType.Mixed)]                      // fixed ranges and others
    [InlineData(0x0UL, Giga, MemoryType.Mixed)]
    [InlineData(TwoMega, TwoMega, MemoryType.WriteBack)]
    [InlineData(Giga, Giga, MemoryType.WriteBack)]
    [InlineData(2 * Giga, Giga, MemoryType.Mixed)]                      // graphics memory at its top
    [InlineData(0xBBE0_0000UL, TwoMega, MemoryType.WriteBack)]          // the last large page below graphics memory
    [InlineData(0xBC00_0000UL, TwoMega, MemoryType.Uncacheable)]
    [InlineData(0xBBFF_F000UL, FourKilo, MemoryType.WriteBack)]
    [InlineData(0xBFE0_0000UL, TwoMega, MemoryType.Uncacheable)]
    [InlineData(3 * Giga, Giga, MemoryType.Uncacheable)]                // devices: UC lies over WB
    [InlineData(0xFEE0_0000UL, FourKilo, MemoryType.Uncacheable)]       // the local APIC
    [InlineData(4 * Giga, Giga, MemoryType.WriteBack)]
    [InlineData(8 * Giga, Giga, MemoryType.WriteBack)]
    [InlineData(9 * Giga, Giga, MemoryType.Uncacheable)]                // the default
    [InlineData(127 * Giga, Giga, MemoryType.Uncacheable)]
    public void A_PC_with_8_GiB(ulong address, ulong size, MemoryType expected) => TypeOf(MtrrTable.Pc(39), address, size).ShouldBe(expected);

    [Theory]
    [InlineData(MemoryType.Uncacheable)]
    [InlineData(MemoryType.WriteCombining)]
    [InlineData(MemoryType.WriteThrough)]
    [InlineData(MemoryType.WriteProtected)]
    [InlineData(MemoryType.WriteBack)]
    public void The_default_type_is_for_what_no_range_covers(MemoryType type)
    {
        var table = new MtrrTable(36, type).Range(Giga, Giga, type == MemoryType.WriteBack ? MemoryType.Uncacheable : MemoryType.WriteBack);
        TypeOf(table, 2 * Giga, Giga).ShouldBe(type);
        TypeOf(table, 0, Giga).ShouldBe(type);
        TypeOf(table, 63 * Giga, Giga).ShouldBe(type);
        TypeOf(table, Giga, Giga).ShouldNotBe(type);
    }

    [Theory]
    [InlineData(MemoryType.Uncacheable, MemoryType.WriteBack, MemoryType.Uncacheable)]
    [InlineData(MemoryType.Uncacheable, MemoryType.WriteThrough, MemoryType.Uncacheable)]
    [InlineData(MemoryType.Uncacheable, MemoryType.WriteCombining, MemoryType.Uncacheable)]
    [InlineData(MemoryType.Uncacheable, MemoryType.WriteProtected, MemoryType.Uncacheable)]
    [InlineData(MemoryType.WriteThrough, MemoryType.WriteBack, MemoryType.WriteThrough)]
    [InlineData(MemoryType.WriteBack, MemoryType.WriteBack, MemoryType.WriteBack)]
    [InlineData(MemoryType.WriteCombining, MemoryType.WriteCombining, MemoryType.WriteCombining)]
    [InlineData(MemoryType.WriteCombining, MemoryType.WriteBack, MemoryType.Uncacheable)]        // undefined: the type that is always correct
    [InlineData(MemoryType.WriteProtected, MemoryType.WriteThrough, MemoryType.Uncacheable)]
    public void Where_ranges_overlap_UC_beats_WT_beats_WB_in_either_order(MemoryType one, MemoryType other, MemoryType expected)
    {
        var table = new MtrrTable(36, MemoryType.WriteProtected).Range(0, 4 * Giga, one).Range(2 * Giga, Giga, other);
        TypeOf(table, 2 * Giga, Giga).ShouldBe(expected);
        TypeOf(table, Giga, Giga).ShouldBe(one);
        table = new MtrrTable(36, MemoryType.WriteProtected).Range(2 * Giga, Giga, other).Range(0, 4 * Giga, one);
        TypeOf(table, 2 * Giga, Giga).ShouldBe(expected);
        TypeOf(table, 3 * Giga, FourKilo).ShouldBe(one);
    }

    [Fact]
    public void Three_ranges_over_each_other()
    {
        TypeOf(Three(MemoryType.WriteBack, MemoryType.WriteThrough, MemoryType.WriteBack), Giga, Giga).ShouldBe(MemoryType.WriteThrough);
        TypeOf(Three(MemoryType.WriteBack, MemoryType.WriteThrough, MemoryType.Uncacheable), Giga, Giga).ShouldBe(MemoryType.Uncacheable);
        TypeOf(Three(MemoryType.WriteBack, MemoryType.WriteCombining, MemoryType.WriteBack), Giga, Giga).ShouldBe(MemoryType.Uncacheable);
        TypeOf(Three(MemoryType.WriteProtected, MemoryType.WriteBack, MemoryType.WriteThrough), Giga, Giga).ShouldBe(MemoryType.Uncacheable);

        static MtrrTable Three(MemoryType first, MemoryType second, MemoryType third) => new MtrrTable(36, MemoryType.WriteBack)
            .Range(0, 4 * Giga, first).Range(0, 2 * Giga, second).Range(Giga, Giga, third);
    }

    [Fact]
    public void With_MTRRs_off_all_memory_is_uncacheable()
    {
        var off = MtrrTable.Pc(39).Off();
        foreach (var address in new ulong[] { 0, 0xF_0000, Giga, 4 * Giga, 100 * Giga })
            TypeOf(off, address, FourKilo).ShouldBe(MemoryType.Uncacheable);
        TypeOf(off, 0, Giga).ShouldBe(MemoryType.Uncacheable);
        TypeOf(new MtrrTable(39, MemoryType.WriteBack).Off(), Giga, Giga).ShouldBe(MemoryType.Uncacheable);
    }

    [Fact]
    public void Without_fixed_ranges_the_first_MiB_is_like_all_other_memory()
    {
        foreach (var table in new[] { MtrrTable.Pc(39).FixedOff(), MtrrTable.Pc(39).WithoutFixed() })
        {
            TypeOf(table, 0xA_0000, FourKilo).ShouldBe(MemoryType.WriteBack);
            TypeOf(table, 0, TwoMega).ShouldBe(MemoryType.WriteBack);
            TypeOf(table, 0, Giga).ShouldBe(MemoryType.WriteBack);
        }
    }

    [Fact]
    public void Fixed_ranges_beat_variable_ones()
    {
        var table = new MtrrTable(39, MemoryType.WriteBack).WithFixed(MemoryType.WriteBack).Range(0, Giga, MemoryType.Uncacheable);
        TypeOf(table, 0xF_F000, FourKilo).ShouldBe(MemoryType.WriteBack);
        TypeOf(table, 0x10_0000, FourKilo).ShouldBe(MemoryType.Uncacheable);
    }

    [Fact]
    public void Each_fixed_sub_range_has_its_own_byte()
    {
        // 64 KiB from 0, 16 KiB from 80000H, 4 KiB from C0000H: SDM vol. 3A, table "Address Mapping for Fixed-Range MTRRs".
        var starts = Enumerable.Range(0, 8).Select(i => 0x1_0000UL * (ulong)i)
            .Concat(Enumerable.Range(0, 16).Select(i => 0x8_0000 + (0x4000UL * (ulong)i)))
            .Concat(Enumerable.Range(0, 64).Select(i => 0xC_0000 + (0x1000UL * (ulong)i)))
            .ToArray();
        starts.Length.ShouldBe(MtrrState.FixedSubRanges);
        for (var i = 0; i < starts.Length; i++)
        {
            var state = new MtrrTable(39, MemoryType.WriteBack).WithFixed(MemoryType.Uncacheable).State;
            state.Fixed[i] = (byte)MemoryType.WriteThrough;
            var end = i + 1 < starts.Length ? starts[i + 1] : 0x10_0000;
            for (ulong page = 0; page < 0x10_0000; page += FourKilo)
            {
                var expected = page >= starts[i] && page < end ? MemoryType.WriteThrough : MemoryType.Uncacheable;
                MtrrFold.TypeOf(state, page, FourKilo).ShouldBe(expected);
            }
        }
    }

    [Fact]
    public void Ranges_above_512_GiB()
    {
        var table = new MtrrTable(46, MemoryType.Uncacheable)
            .Range(Tera, 512 * Giga, MemoryType.WriteBack)
            .Range(63 * Tera, Tera, MemoryType.WriteCombining);
        TypeOf(table, Tera, Giga).ShouldBe(MemoryType.WriteBack);
        TypeOf(table, Tera + (511 * Giga), Giga).ShouldBe(MemoryType.WriteBack);
        TypeOf(table, Tera + (512 * Giga), Giga).ShouldBe(MemoryType.Uncacheable);
        TypeOf(table, Tera - Giga, Giga).ShouldBe(MemoryType.Uncacheable);
        TypeOf(table, (64 * Tera) - Giga, Giga).ShouldBe(MemoryType.WriteCombining);
    }

    [Theory]
    [InlineData(36)]
    [InlineData(39)]
    [InlineData(46)]
    [InlineData(52)]
    public void Mask_bits_above_the_physical_width_do_not_take_part(int bits)
    {
        // Some firmware writes all ones there, some zeros.
        foreach (var upper in new ulong[] { 0, ~0UL << bits })
        {
            var table = new MtrrTable(bits, MemoryType.Uncacheable)
                .Raw(Giga | (ulong)MemoryType.WriteBack, upper | (((1UL << bits) - 1) & ~(Giga - 1)) | (1 << 11));
            TypeOf(table, Giga, Giga).ShouldBe(MemoryType.WriteBack);
            TypeOf(table, 0, Giga).ShouldBe(MemoryType.Uncacheable);
            TypeOf(table, 2 * Giga, Giga).ShouldBe(MemoryType.Uncacheable);
        }
    }

    [Fact]
    public void A_mask_with_a_hole_repeats_its_range()
    {
        // Bit 32 does not take part: 1 GiB at 1 GiB, and again 4 GiB further up.
        const ulong Mask = 0xF_FFFF_FFFF & ~(Giga - 1) & ~(4 * Giga);
        var table = new MtrrTable(36, MemoryType.Uncacheable).Raw(Giga | (ulong)MemoryType.WriteBack, Mask | (1 << 11));
        TypeOf(table, Giga, Giga).ShouldBe(MemoryType.WriteBack);
        TypeOf(table, 5 * Giga, Giga).ShouldBe(MemoryType.WriteBack);
        TypeOf(table, 3 * Giga, Giga).ShouldBe(MemoryType.Uncacheable);
        TypeOf(table, 9 * Giga, Giga).ShouldBe(MemoryType.Uncacheable);
    }

    [Fact]
    public void A_mask_with_a_hole_inside_a_page_makes_a_pattern()
    {
        // Bits 35:21 and 12 take part: in the large page at 2 MiB, each page with an even number.
        var table = new MtrrTable(36, MemoryType.WriteBack).Raw(TwoMega | (ulong)MemoryType.Uncacheable, 0xF_FFE0_1000 | (1 << 11));
        TypeOf(table, TwoMega, TwoMega).ShouldBe(MemoryType.Mixed);
        TypeOf(table, TwoMega, 8 * Kilo).ShouldBe(MemoryType.Mixed);
        for (ulong page = 0; page < 512; page++)
            TypeOf(table, TwoMega + (page * FourKilo), FourKilo).ShouldBe(page % 2 == 0 ? MemoryType.Uncacheable : MemoryType.WriteBack);
        TypeOf(table, 0, TwoMega).ShouldBe(MemoryType.WriteBack);
        TypeOf(table, 2 * TwoMega, TwoMega).ShouldBe(MemoryType.WriteBack);
    }

    [Fact]
    public void A_range_that_is_not_valid_does_not_count()
    {
        var table = new MtrrTable(36, MemoryType.WriteBack).Raw(0 | (ulong)MemoryType.Uncacheable, 0xF_C000_0000);
        TypeOf(table, 0, Giga).ShouldBe(MemoryType.WriteBack);
    }

    [Fact]
    public void UC_over_part_of_a_WB_range_makes_it_mixed_at_every_size_that_is_cut()
    {
        var table = new MtrrTable(36, MemoryType.WriteBack).Range(Giga + (512 * Mega) + FourKilo, FourKilo, MemoryType.Uncacheable);
        for (var size = Giga; size > FourKilo; size >>= 1)
        {
            var around = (Giga + (512 * Mega) + FourKilo) & ~(size - 1);
            TypeOf(table, around, size).ShouldBe(MemoryType.Mixed);
            TypeOf(table, around + size, size).ShouldBe(MemoryType.WriteBack);
        }
    }

    [Fact]
    public void A_range_under_a_whole_UC_range_is_not_mixed()
    {
        // However the pieces below it differ, UC wins all over: the order of the registers does not matter.
        var one = new MtrrTable(36, MemoryType.WriteBack).Range(0, Giga, MemoryType.Uncacheable).Range(0, Mega, MemoryType.WriteThrough);
        var other = new MtrrTable(36, MemoryType.WriteBack).Range(0, Mega, MemoryType.WriteThrough).Range(0, Giga, MemoryType.Uncacheable);
        TypeOf(one, 0, Giga).ShouldBe(MemoryType.Uncacheable);
        TypeOf(other, 0, Giga).ShouldBe(MemoryType.Uncacheable);
    }

    [Fact]
    public void All_sixteen_ranges_are_looked_at()
    {
        var table = new MtrrTable(36, MemoryType.WriteBack);
        for (ulong i = 0; i < MtrrState.MaximumVariable; i++)
            table.Range(i * Giga, Giga, MemoryType.WriteThrough);
        for (ulong i = 0; i < MtrrState.MaximumVariable; i++)
            TypeOf(table, i * Giga, Giga).ShouldBe(MemoryType.WriteThrough);
        TypeOf(table, 16 * Giga, Giga).ShouldBe(MemoryType.WriteBack);
    }

    [Fact]
    public void One_type_for_a_range_is_the_type_of_each_of_its_pages_and_a_page_is_never_mixed()
    {
        Prop.ForAll(Arb.From(Cases), @case =>
        {
            var type = MtrrFold.TypeOf(@case.Mtrrs, @case.Address, @case.Size);
            return type == MemoryType.Mixed
                ? @case.Size > FourKilo
                : Pages(@case).All(page => MtrrTable.TypeOfPage(@case.Mtrrs, page) == type);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Fact]
    public void The_type_of_a_page_is_the_one_of_the_SDMs_rules()
    {
        Prop.ForAll(Arb.From(Cases), @case => Pages(@case).Take(64).All(page =>
            MtrrFold.TypeOf(@case.Mtrrs, page, FourKilo) == MtrrTable.TypeOfPage(@case.Mtrrs, page)))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    private sealed class Case(MtrrState mtrrs, ulong address, ulong size)
    {
        public readonly MtrrState Mtrrs = mtrrs;

        public ulong Address => address;

        public ulong Size => size;

        public override string ToString()
        {
            var text = $"{size:x} bytes at {address:x}; {Mtrrs.PhysicalAddressBits} bits, default {Mtrrs.DefaultType:x}, fixed {Mtrrs.HasFixed}";
            for (var i = 0; i < Mtrrs.VariableCount; i++)
                text += $", {Mtrrs.Variable[2 * i]:x}/{Mtrrs.Variable[(2 * i) + 1]:x}";
            return text;
        }
    }

    private static readonly Gen<MemoryType> Types = Gen.Elements(
        MemoryType.Uncacheable, MemoryType.WriteCombining, MemoryType.WriteThrough, MemoryType.WriteProtected, MemoryType.WriteBack);

    // Registers of all kinds: proper ranges, any base with any mask, masks with holes; crowded into a few GiB, so that they meet.
    private static readonly Gen<Case> Cases =
        from bits in Gen.Elements(33, 36, 39, 46)
        from defaultType in Types
        from fixedTypes in Types.ArrayOf(MtrrState.FixedSubRanges)
        from switches in Gen.Choose(0, 15)
        from ranges in (from type in Types
                        from seed in Gen.Choose(int.MinValue, int.MaxValue)
                        from kind in Gen.Choose(0, 5)
                        select (Type: type, Seed: seed, Kind: kind)).ArrayOf(6)
        from count in Gen.Choose(0, 6)
        from sizeBits in Gen.Frequency((3, Gen.Choose(12, 21)), (1, Gen.Choose(22, 30)))
        from place in Gen.Choose(int.MinValue, int.MaxValue)
        select Make(bits, defaultType, fixedTypes, switches, ranges[..count], sizeBits, place);

    private static Case Make(int bits, MemoryType defaultType, MemoryType[] fixedTypes, int switches, (MemoryType, int, int)[] ranges, int sizeBits, int place)
    {
        var table = new MtrrTable(bits, defaultType);
        if ((switches & 3) != 0)
        {
            table.WithFixed(fixedTypes[0]);
            for (ulong i = 0; i < MtrrState.FixedSubRanges; i++)
            {
                // Half of the tables have a first MiB of few types, so that ranges in it can be uniform.
                if ((switches & 4) != 0)
                    table.Fixed(i * 0x2E8C, (i + 1) * 0x2E8C, fixedTypes[i]);
            }
        }

        if ((switches & 3) == 1)
            table.FixedOff();
        if ((switches & 3) == 2)
            table.WithoutFixed();
        foreach (var (type, seed, kind) in ranges)
        {
            var random = new Random(seed);
            var rangeBits = random.Next(12, 33);
            var start = (ulong)random.NextInt64(1L << 33) & ~0xFFFUL;
            var mask = ((1UL << bits) - 1) & (~0UL << rangeBits);
            if (kind == 0)
                mask &= ~(1UL << random.Next(12, bits));
            if (kind == 1)
                mask &= (ulong)random.NextInt64(1L << bits);
            table.Raw((start & mask) | (ulong)type, (mask & ~0xFFFUL) | (kind == 2 ? 0 : 1UL << 11));
        }

        var state = (switches == 8 ? table.Off() : table).State;
        var size = 1UL << sizeBits;
        var address = (ulong)new Random(place).NextInt64(place % 4 == 0 ? 1L << 21 : 1L << 33) & ~(size - 1);
        return new Case(state, address, size);
    }

    // Every page of a small range; of a large one some at random, and those on both sides of each register's ends.
    private static IEnumerable<ulong> Pages(Case @case)
    {
        var pages = @case.Size / FourKilo;
        if (pages <= 512)
            return Enumerable.Range(0, (int)pages).Select(i => @case.Address + ((ulong)i * FourKilo));
        var random = new Random((int)@case.Address);
        var chosen = Enumerable.Range(0, 200).Select(_ => @case.Address + ((ulong)random.NextInt64((long)pages) * FourKilo)).ToList();
        var mtrrs = @case.Mtrrs;
        for (var i = 0; i < mtrrs.VariableCount; i++)
        {
            var mask = mtrrs.Variable[(2 * i) + 1] & ~0xFFFUL;
            var start = mtrrs.Variable[2 * i] & ~0xFFFUL;
            var inside = @case.Address | (start & (@case.Size - 1));
            chosen.AddRange([inside, inside - FourKilo, inside + (mask & (0 - mask)), inside + (mask & (0 - mask)) - FourKilo]);
        }
        return chosen.Where(page => page - @case.Address < @case.Size);
    }
}
