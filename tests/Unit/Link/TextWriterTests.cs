using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;
using TextWriter = HvKernel.Link.TextWriter;

namespace HvKernel.Tests.Link;

public sealed unsafe class TextWriterTests : IDisposable
{
    private delegate void Write(ref TextWriter writer);

    private static readonly ulong[] Edges = [0, 1, 9, 10, 15, 16, 99, 100, 255, 0xFFFF_FFFF, 0x1_0000_0000, 10_000_000_000_000_000_000, ulong.MaxValue];

    private readonly List<string> _pieces = [];
    private GCHandle _handle;

    public TextWriterTests() => _handle = GCHandle.Alloc(_pieces);

    public void Dispose() => _handle.Free();

    private static void Sink(void* context, byte* bytes, int count) =>
        ((List<string>)GCHandle.FromIntPtr((nint)context).Target!).Add(Encoding.Latin1.GetString(bytes, count));

    private string Written(Write write, int capacity = 200, bool flush = true)
    {
        _pieces.Clear();
        using var buffer = new GuardedBytes(new byte[capacity]);
        TextWriter writer = default;
        writer.Initialize(buffer.Start, capacity, (void*)GCHandle.ToIntPtr(_handle), &Sink);
        write(ref writer);
        if (flush)
            writer.Flush();
        return string.Concat(_pieces);
    }

    [Fact]
    public void Hexadecimal_and_decimal_are_what_the_framework_prints()
    {
        var numbers = ArbMap.Default.GeneratorFor<ulong>().Select(value => value);
        var shifted = from value in numbers from shift in Gen.Choose(0, 63) select value >> shift;
        Prop.ForAll(Arb.From(Gen.OneOf(Gen.Elements(Edges), shifted)), value =>
            Written((ref TextWriter w) => w.Hex(value)) == value.ToString("x", CultureInfo.InvariantCulture)
            && Written((ref TextWriter w) => w.Decimal(value)) == value.ToString(CultureInfo.InvariantCulture))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Theory]
    [InlineData(0UL, 1, "0")]
    [InlineData(0UL, 16, "0000000000000000")]
    [InlineData(0xABCUL, 4, "0abc")]
    [InlineData(0xABCUL, 2, "bc")]
    [InlineData(0xFFFF_8000_1234_5678UL, 16, "ffff800012345678")]
    [InlineData(0xFFFF_8000_1234_5678UL, 8, "12345678")]
    public void A_number_of_digits_is_kept_to(ulong value, int digits, string expected) =>
        Written((ref TextWriter w) => w.Hex(value, digits)).ShouldBe(expected);

    [Theory]
    [InlineData("ab", 5, "ab   ")]
    [InlineData("abcde", 5, "abcde")]
    [InlineData("abcdefg", 5, "abcdefg")]
    [InlineData("", 3, "   ")]
    [InlineData("x", 0, "x")]
    public void Text_is_padded_and_never_cut(string text, int width, string expected) =>
        Written((ref TextWriter w) => w.Padded(Encoding.ASCII.GetBytes(text), width)).ShouldBe(expected);

    [Fact]
    public void A_name_ends_at_its_zero_or_its_capacity_and_shows_only_what_can_be_printed()
    {
        Name("abc\0def", 7).ShouldBe("abc");
        Name("abcdef", 3).ShouldBe("abc");
        Name("", 0).ShouldBe("");
        Name("\0", 1).ShouldBe("");
        Name("a\u0001b\u007F\u0080\u00FFc~ \u001F\r\n", 12).ShouldBe("a?b???c~ ???");

        string Name(string bytes, int capacity) => Written((ref TextWriter w) =>
        {
            // Its memory ends with it: one byte more cannot be read.
            using var name = new GuardedBytes(Encoding.Latin1.GetBytes(bytes));
            w.ZeroEnded(name.Start, capacity);
        });
    }

    [Fact]
    public void A_line_is_handed_on_in_one_piece_when_it_ends()
    {
        Written(
            (ref TextWriter w) =>
            {
                w.Text("one "u8);
                w.Hex(0x2A);
                w.EndLine();
                w.Line("two"u8);
                w.Text("not yet"u8);
            },
            flush: false);
        _pieces.ShouldBe(["one 2a\r\n", "two\r\n"]);
    }

    [Fact]
    public void Nothing_is_handed_on_when_there_is_nothing()
    {
        Written((ref TextWriter w) =>
        {
            w.Flush();
            w.Text(""u8);
            w.Flush();
        });
        _pieces.ShouldBeEmpty();
    }

    [Fact]
    public void A_text_longer_than_the_buffer_comes_in_pieces_and_whole()
    {
        var text = string.Concat(Enumerable.Range(0, 1000).Select(i => (char)('!' + (i % 90))));
        foreach (var capacity in new[] { 1, 2, 3, 7, 100, 1000, 1002 })
        {
            Written((ref TextWriter w) => w.Line(Encoding.ASCII.GetBytes(text)), capacity).ShouldBe(text + "\r\n");
            _pieces.ShouldAllBe(piece => piece.Length > 0 && piece.Length <= capacity);
            _pieces.Count.ShouldBe((1002 + capacity - 1) / capacity);
        }
    }
}
