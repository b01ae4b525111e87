using System;
using FsCheck;
using FsCheck.Fluent;
using HvKernel.Cpu;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Cpu;

/// <summary>Descriptors by SDM vol. 3A, figure "Segment Descriptor"; access rights by SDM vol. 3C, table "Format of Access Rights".</summary>
public sealed unsafe class SegmentDescriptorTests
{
    private const uint Unusable = 0x1_0000;

    private static Segment Decode(ushort selector, params ulong[] table)
    {
        // Nothing behind the limit may be read.
        var bytes = new byte[table.Length * 8];
        Buffer.BlockCopy(table, 0, bytes, 0, bytes.Length);
        using var guarded = new GuardedBytes(bytes);
        return SegmentDescriptor.Decode((ulong*)guarded.Start, (ushort)(bytes.Length - 1), selector);
    }

    private static void ShouldBe(Segment segment, ulong start, uint limit, uint rights)
    {
        segment.Base.ShouldBe(start);
        segment.Limit.ShouldBe(limit);
        segment.AccessRights.ShouldBe(rights);
    }

    [Fact]
    public void Flat_segments_of_a_64_bit_system()
    {
        ulong[] table = [0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF, 0x00CF_FB00_0000_FFFF, 0x00AF_FB00_0000_FFFF];
        ShouldBe(Decode(0x08, table), 0, 0xFFFF_FFFF, 0xA09B);      // G, L, P, code, read, accessed
        ShouldBe(Decode(0x10, table), 0, 0xFFFF_FFFF, 0xC093);      // G, D/B, P, data, write, accessed
        ShouldBe(Decode(0x1B, table), 0, 0xFFFF_FFFF, 0xC0FB);      // DPL 3
        ShouldBe(Decode(0x23, table), 0, 0xFFFF_FFFF, 0xA0FB);
    }

    [Fact]
    public void Base_and_limit_are_scattered()
    {
        // Base 89ABCDEFH, limit 54321H in bytes, 16-bit data segment.
        var segment = Decode(0x08, 0, 0x8905_93AB_CDEF_4321);
        ShouldBe(segment, 0x89AB_CDEF, 0x5_4321, 0x0093);
    }

    [Fact]
    public void The_limit_of_a_granular_segment_counts_pages()
    {
        ShouldBe(Decode(0x08, 0, 0x0080_9300_0000_0000), 0, 0xFFF, 0x8093);
        ShouldBe(Decode(0x08, 0, 0x008F_9300_0000_FFFE), 0, 0xFFFF_EFFF, 0x8093);
    }

    [Fact]
    public void A_loaded_segment_has_been_accessed()
    {
        Decode(0x08, 0, 0x00AF_9A00_0000_FFFF).AccessRights.ShouldBe(0xA09Bu);
        Decode(0x08, 0, 0x00CF_9200_0000_FFFF).AccessRights.ShouldBe(0xC093u);
    }

    [Fact]
    public void A_TSS_has_the_upper_half_of_its_base_in_a_second_entry()
    {
        // A busy 64-bit TSS of 68H bytes at FFFF_FE12_3456_7890H.
        var segment = Decode(0x10, 0, 0, 0x3400_8B56_7890_0067, 0x0000_0000_FFFF_FE12);
        ShouldBe(segment, 0xFFFF_FE12_3456_7890, 0x67, 0x008B);
        segment.Selector.ShouldBe((ushort)0x10);
    }

    [Fact]
    public void An_LDT_is_a_system_segment_too()
    {
        ShouldBe(Decode(0x08, 0, 0x1200_8234_5678_0FFF, 0x0000_0000_0000_0001), 0x1_1234_5678, 0xFFF, 0x0082);
    }

    [Theory]
    [InlineData(0x0000)]
    [InlineData(0x0001)]
    [InlineData(0x0002)]
    [InlineData(0x0003)]
    public void A_null_selector_is_unusable_whatever_stands_in_entry_0(int selector)
    {
        var segment = Decode((ushort)selector, 0x00CF_9300_0000_FFFF);
        ShouldBe(segment, 0, 0, Unusable);
        segment.Selector.ShouldBe((ushort)selector);
    }

    [Theory]
    [InlineData(0x0C)]
    [InlineData(0x04)]      // entry 0 of an LDT is no null selector
    [InlineData(0x0F)]
    public void A_selector_into_the_LDT_is_unusable(int selector) =>
        ShouldBe(Decode((ushort)selector, 0, 0x00CF_9300_0000_FFFF), 0, 0, Unusable);

    [Theory]
    [InlineData(0x10)]
    [InlineData(0x18)]
    [InlineData(0xFFF8)]
    public void A_selector_behind_the_limit_is_unusable(int selector) =>
        ShouldBe(Decode((ushort)selector, 0, 0x00CF_9300_0000_FFFF), 0, 0, Unusable);

    [Fact]
    public void An_entry_that_the_limit_cuts_is_behind_it()
    {
        var table = stackalloc ulong[] { 0, 0x00CF_9300_0000_FFFF };
        SegmentDescriptor.Decode(table, 14, 0x08).AccessRights.ShouldBe(Unusable);
        SegmentDescriptor.Decode(table, 15, 0x08).AccessRights.ShouldBe(0xC093u);
    }

    [Fact]
    public void An_entry_that_is_not_present_is_unusable()
    {
        // No segment register can hold one; the table has changed since it was loaded, and VM entry refuses P = 0 (SDM vol. 3C, "Checks on
        // Guest Segment Registers").
        Decode(0x08, 0, 0x00CF_1300_0000_FFFF).AccessRights.ShouldBe(Unusable);
        Decode(0x08, 0, 0).AccessRights.ShouldBe(Unusable);
    }

    [Fact]
    public void The_privilege_level_asked_for_stays_in_the_selector()
    {
        var segment = Decode(0x0B, 0, 0x00CF_F300_0000_FFFF);
        segment.Selector.ShouldBe((ushort)0x0B);
        segment.AccessRights.ShouldBe(0xC0F3u);
    }

    [Fact]
    public void What_is_encoded_comes_back()
    {
        var cases = from start in Gen.Choose(int.MinValue, int.MaxValue)
                    from limit in Gen.Choose(0, 0xF_FFFF)
                    from type in Gen.Choose(0, 15)
                    from flags in Gen.Choose(0, 15)
                    from level in Gen.Choose(0, 3)
                    select (Base: (ulong)(uint)start, Limit: (ulong)limit, Type: (ulong)type, Flags: (ulong)flags, Dpl: (ulong)level);
        Prop.ForAll(Arb.From(cases), @case =>
        {
            // Limit 15:0, base 23:0, type, S = 1, DPL, P = 1, limit 19:16, AVL, L, D/B, G, base 31:24.
            var descriptor = (@case.Limit & 0xFFFF) | ((@case.Base & 0xFF_FFFF) << 16) | (@case.Type << 40) | (1UL << 44) | (@case.Dpl << 45)
                | (1UL << 47) | ((@case.Limit >> 16) << 48) | (@case.Flags << 52) | ((@case.Base >> 24) << 56);
            var segment = Decode(0x08, 0, descriptor);
            var granular = (@case.Flags & 8) != 0;
            return segment.Base == @case.Base
                && segment.Limit == (granular ? (@case.Limit * 4096) + 4095 : @case.Limit)
                && segment.AccessRights == (@case.Type | 1 | 0x10 | (@case.Dpl << 5) | 0x80 | (@case.Flags << 12));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }
}
