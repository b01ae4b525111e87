using System;
using System.Text;
using HvKernel.Guest.Linux;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Guest;

/// <summary>Type descriptions made by hand: both versions of the format, and damaged ones.</summary>
public sealed unsafe class BtfTests
{
    private static readonly (byte, byte)[] KnownLayout = new (byte, byte)[22];

    private static ImageBytes Image(GuardedBytes bytes) => new(bytes.Start, (uint)bytes.Length);

    private static uint Find(in Btf btf, string name)
    {
        var id = new uint[1];
        btf.FindAll(BtfKind.Struct, Encoding.ASCII.GetBytes(name), id);
        return id[0];
    }

    private static uint? Member(in Btf btf, string type, string path)
        => btf.TryMember(Find(in btf, type), Encoding.ASCII.GetBytes(path), out var offset) ? offset : null;

    private static BtfBuilder Sample()
    {
        var b = new BtfBuilder();
        var integer = b.Integer("int");
        b.Type(2, "", integer);
        b.Raw(3, "", 0, 0, integer, integer, 4);
        var inner = b.Type(4, "inner", 8, false, ("first", integer, 0), ("second", integer, 32));
        var union = b.Type(5, "", 8, false, ("as_int", integer, 0), ("as_inner", inner, 0));
        var named = b.Type(8, "inner_t", b.Type(10, "", b.Type(9, "", inner)));
        b.Raw(13, "", integer, 2, 0, integer, 0, integer);
        b.Raw(6, "colours", 4, 2, 0, 1, 0, 2);
        b.Raw(19, "large", 8, 1, 0, 1, 2);
        b.Raw(17, "tag", inner, 0, 0xFFFF_FFFF);
        b.Type(7, "forward", 0);
        b.Type(12, "function", 0);
        b.Type(16, "double", 8);
        b.Type(18, "user", inner);
        b.Type(4, "outer", 64, false, ("a", integer, 0), ("", union, 64), ("b", named, 128));

        // With the flag set, the upper 8 bits of an offset are the width of a bit field.
        b.Type(4, "bits", 8, true, ("flag", integer, (3u << 24) | 5), ("whole", integer, 32), ("", union, 64));
        var variable = b.Raw(14, "runqueues", integer, 0, 1);
        var other = b.Raw(14, "this_cpu_off", integer, 0, 1);
        b.Type(15, ".data..percpu", 0, false, ("", other, 0x40), ("", variable, 0x1230));
        return b;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Members_are_found_in_both_versions_of_the_format(bool newer)
    {
        using var bytes = new GuardedBytes(Sample().Build(newer ? KnownLayout : null));
        var image = Image(bytes);
        Btf.TryOpen(in image, 0, out var btf).ShouldBeTrue();
        btf.TypeCount.ShouldBe(21u);
        btf.Size.ShouldBe((uint)bytes.Length);
        Member(in btf, "outer", "a").ShouldBe(0u);
        Member(in btf, "outer", "as_int").ShouldBe(8u);
        Member(in btf, "outer", "as_inner.second").ShouldBe(12u);
        Member(in btf, "outer", "b").ShouldBe(16u);
        Member(in btf, "outer", "b.second").ShouldBe(20u);
        Member(in btf, "bits", "flag").ShouldBe(0u);
        Member(in btf, "bits", "whole").ShouldBe(4u);
        Member(in btf, "bits", "as_inner.second").ShouldBe(12u);
        Member(in btf, "outer", "second").ShouldBeNull("a named member's members are not its parent's");
        Member(in btf, "outer", "a.b").ShouldBeNull();
        Member(in btf, "outer", "as_in").ShouldBeNull();
        Member(in btf, "colours", "a").ShouldBeNull();
        btf.SizeOfStruct(Find(in btf, "outer")).ShouldBe(64u);
        btf.SizeOfStruct(1).ShouldBe(0u);
        btf.TryPerCpuVariable("runqueues"u8, out var offset).ShouldBeTrue();
        offset.ShouldBe(0x1230u);
        btf.TryPerCpuVariable("runqueue"u8, out _).ShouldBeFalse();
    }

    [Fact]
    public void Many_names_are_looked_up_in_one_pass()
    {
        using var bytes = new GuardedBytes(Sample().Build());
        var image = Image(bytes);
        Btf.TryOpen(in image, 0, out var btf).ShouldBeTrue();
        var ids = new uint[4];
        btf.FindAll(BtfKind.Struct, "bits\0nothing\0inner\0outer\0"u8, ids).ShouldBe(3);
        ids.ShouldBe([Find(in btf, "bits"), 0u, Find(in btf, "inner"), Find(in btf, "outer")]);
        ids.ShouldBe([18u, 0u, 4u, 17u]);
        btf.FindAll(BtfKind.Union, "outer\0"u8, new uint[1]).ShouldBe(0);
        btf.FindAll(BtfKind.Struct, "outer\0"u8, new uint[17]).ShouldBe(0, "more than there is room for");
    }

    [Fact]
    public void A_kind_of_the_future_is_passed_over_if_its_size_is_described()
    {
        var b = new BtfBuilder();
        b.Raw(21, "news", 0, 2, 1, 2, 3, 4, 5);     // 4 bytes once, 8 bytes for each of two
        var integer = b.Integer("int");
        b.Type(4, "after", 4, false, ("member", integer, 0));
        var layout = (ValueTuple<byte, byte>[])KnownLayout.Clone();
        layout[21] = (4, 8);
        using (var bytes = new GuardedBytes(b.Build(layout)))
        {
            var image = Image(bytes);
            Btf.TryOpen(in image, 0, out var btf).ShouldBeTrue();
            Member(in btf, "after", "member").ShouldBe(0u);
        }
        using (var bytes = new GuardedBytes(b.Build()))
        {
            var image = Image(bytes);
            Btf.TryOpen(in image, 0, out _).ShouldBeFalse();
        }
    }

    [Fact]
    public void One_of_very_many_types_is_found()
    {
        // More than there are marks for at the first spacing, and the second.
        const int Count = 200_000;
        var b = new BtfBuilder();
        var integer = b.Integer("int");
        for (var i = 2; i < Count; i++)
            b.Type(2, "", integer);
        var inner = b.Type(4, "", 8, false, ("deep", integer, 32));
        b.Type(4, "last", 8, false, ("", inner, 64));
        using var bytes = new GuardedBytes(b.Build());
        var image = Image(bytes);
        Btf.TryOpen(in image, 0, out var btf).ShouldBeTrue();
        btf.TypeCount.ShouldBe(Count + 1u);
        Member(in btf, "last", "deep").ShouldBe(12u);
    }

    [Fact]
    public void Types_that_contain_themselves_end()
    {
        var b = new BtfBuilder();
        b.Type(8, "loop_t", 1);
        b.Type(4, "loop", 8, false, ("member", 1, 0));
        b.Type(4, "endless", 8, false, ("", 3, 0), ("", 3, 0), ("", 3, 0), ("", 3, 0), ("", 3, 0), ("", 3, 0), ("", 3, 0), ("", 3, 0));
        using var bytes = new GuardedBytes(b.Build());
        var image = Image(bytes);
        Btf.TryOpen(in image, 0, out var btf).ShouldBeTrue();
        Member(in btf, "loop", "member.x").ShouldBeNull();
        Member(in btf, "endless", "x").ShouldBeNull();
    }

    [Fact]
    public void It_is_searched_for_on_4_byte_steps_past_what_only_begins_like_it()
    {
        var content = new byte[0x4000];
        BitConverter.TryWriteBytes(content.AsSpan(0x100), 0x0001_EB9F);
        BitConverter.TryWriteBytes(content.AsSpan(0x204), 0x0001_EB9F);
        Sample().Build().CopyTo(content.AsSpan(0x2004));
        using var bytes = new GuardedBytes(content);
        var image = Image(bytes);
        Btf.TryFind(in image, out var offset, out _).ShouldBeTrue();
        offset.ShouldBe(0x2004u);

        var nothing = new ImageBytes(bytes.Start, 0x2000);
        Btf.TryFind(in nothing, out _, out _).ShouldBeFalse();
        Btf.TryFind(new ImageBytes(bytes.Start, 3), out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void Damaged_types_are_read_within_bounds_and_in_bounded_time()
    {
        var random = new Random(11);
        var whole = Sample().Build(KnownLayout);
        for (var round = 0; round < 20_000; round++)
        {
            var damaged = whole.AsSpan(0, round % 2 == 0 ? whole.Length : random.Next(whole.Length)).ToArray();
            for (var i = random.Next(6); i > 0 && damaged.Length > 4; i--)
                damaged[random.Next(4, damaged.Length)] = (byte)random.Next(256);
            using var bytes = new GuardedBytes(damaged);
            var image = Image(bytes);
            if (!Btf.TryOpen(in image, 0, out var btf))
                continue;
            Member(in btf, "outer", "as_inner.second");
            Member(in btf, "bits", "as_inner.second");
            btf.TryPerCpuVariable("runqueues"u8, out _);
            btf.SizeOfStruct((uint)random.Next());

            // And what changes after it was opened.
            for (var i = 0; i < 8; i++)
                bytes.Start[random.Next(bytes.Length)] = (byte)random.Next(256);
            Member(in btf, "outer", "as_inner.second");
            btf.TryPerCpuVariable("runqueues"u8, out _);
        }
    }
}
