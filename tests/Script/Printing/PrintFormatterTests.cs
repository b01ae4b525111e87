using System;
using System.Text;
using HvDbg.Client;
using HvDbg.Client.Script.Printing;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests.Printing;

/// <summary>What messages look like; the expected texts are those that C's printf gives.</summary>
public sealed class PrintFormatterTests
{
    private static PrintedArgument Word(ulong value) => new(PrintArgumentKind.Word, value, [], PrintedStringEnd.Zero);

    private static string One(PrintPiece piece, PrintedArgument argument) =>
        PrintFormatter.Text(new PrintFormat([new("<"), piece, new(">")]), [argument]);

    [Theory]
    [InlineData('d', 4, "", 0, null, 0xFFFF_FFFF_FFFF_FFFF, "<-1>")]
    [InlineData('d', 4, "", 0, null, 0x1_0000_0005, "<5>")]
    [InlineData('i', 8, "", 0, null, 0x8000_0000_0000_0000, "<-9223372036854775808>")]
    [InlineData('d', 2, "", 8, null, 0x8000, "<  -32768>")]
    [InlineData('d', 1, "0", 6, null, 0xFF, "<-00001>")]
    [InlineData('d', 4, "+", 0, null, 7, "<+7>")]
    [InlineData('d', 4, "- ", 5, null, 7, "< 7   >")]
    [InlineData('d', 4, "0", 6, 3, 7, "<   007>")]
    [InlineData('u', 4, "", 0, null, 0xFFFF_FFFF_FFFF_FFFF, "<4294967295>")]
    [InlineData('u', 8, "", 0, null, 0xFFFF_FFFF_FFFF_FFFF, "<18446744073709551615>")]
    [InlineData('x', 4, "", 0, null, 0x1234_5678_9ABC_DEF0, "<9abcdef0>")]
    [InlineData('x', 8, "0", 18, null, 0xAB, "<0000000000000000ab>")]
    [InlineData('x', 8, "#0", 8, null, 0xAB, "<0x0000ab>")]
    [InlineData('x', 8, "#", 0, null, 0, "<0>")]
    [InlineData('o', 8, "", 0, null, 8, "<10>")]
    [InlineData('o', 8, "#", 0, null, 0xFFFF_FFFF_FFFF_FFFF, "<01777777777777777777777>")]
    [InlineData('u', 8, "", 0, 0, 0, "<>")]
    [InlineData('c', 1, "", 3, null, 0x141, "<  A>")]
    [InlineData('c', 1, "", 0, null, 0x1B, "<?>")]
    [InlineData('p', 8, "", 0, null, 0xFFFF_8880_0000_1000, "<ffff888000001000>")]
    public void A_number_is_shown_as_its_specifier_says(char conversion, int bytes, string flags, int width, int? precision, ulong word, string expected) =>
        One(new PrintPiece("", PrintArgumentKind.Word, conversion, bytes) { Flags = flags, Width = width, Precision = precision }, Word(word)).ShouldBe(expected);

    [Theory]
    [InlineData("", 0, null, 1.5, "<1.500000>")]
    [InlineData("", 0, 2, -0.005, "<-0.01>")]
    [InlineData("0", 9, 1, -2.25, "<-000002.2>")]
    [InlineData("", 0, 0, 1e21, "<1000000000000000000000>")]
    [InlineData("", 5, null, double.PositiveInfinity, "<  inf>")]
    public void A_fraction_has_as_many_digits_as_were_asked_for(string flags, int width, int? precision, double value, string expected) =>
        One(
            new PrintPiece("", PrintArgumentKind.Double, 'f') { Flags = flags, Width = width, Precision = precision },
            new PrintedArgument(PrintArgumentKind.Double, BitConverter.DoubleToUInt64Bits(value), [], PrintedStringEnd.Zero)).ShouldBe(expected);

    [Fact]
    public void Strings_say_where_they_could_not_be_read_and_do_nothing_to_the_terminal()
    {
        var plain = new PrintPiece("", PrintArgumentKind.String, 's');
        One(plain, Text("bash"u8, PrintedStringEnd.Zero)).ShouldBe("<bash>");
        One(plain with { Width = 6 }, Text("bash"u8, PrintedStringEnd.Zero)).ShouldBe("<  bash>");
        One(plain with { Width = 6, Flags = "-" }, Text("bash"u8, PrintedStringEnd.Zero)).ShouldBe("<bash  >");
        One(plain with { Precision = 2 }, Text("bash"u8, PrintedStringEnd.Zero)).ShouldBe("<ba>");
        One(plain, Text("long"u8, PrintedStringEnd.Cut)).ShouldBe("<long…>");
        One(plain, Text("abc"u8, PrintedStringEnd.Unreadable)).ShouldBe("<abc<1003 cannot be read>>");
        One(plain, Text("\x1B[2J"u8, PrintedStringEnd.Zero)).ShouldBe("<?[2J>");
        One(plain with { Argument = PrintArgumentKind.WideString }, new(PrintArgumentKind.WideString, 0, [.. Encoding.Unicode.GetBytes("wéit")], PrintedStringEnd.Zero))
            .ShouldBe("<wéit>");

        static PrintedArgument Text(ReadOnlySpan<byte> bytes, PrintedStringEnd end) => new(PrintArgumentKind.String, 0x1000, [.. bytes], end);
    }

    [Fact]
    public void The_languages_own_printing_has_its_forms()
    {
        PrintFormatter.Text(new PrintFormat([new("", PrintArgumentKind.Word, 'X')]), [Word(0xABC)]).ShouldBe("abc\n");
        PrintFormatter.Text(new PrintFormat([new("", PrintArgumentKind.Word, 'F')]), [Word(0xFFFF_FFFF_FFFF_FF41)]).ShouldBe("""
            hex      ffffffffffffff41
            decimal  18446744073709551425 (-191)
            octal    1777777777777777777501
            binary   11111111 11111111 11111111 11111111 11111111 11111111 11111111 01000001
            chars    .......A
            float    NaN
            double   NaN

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Arguments_go_by_their_order_and_a_missing_one_is_shown_as_such()
    {
        var format = new PrintFormat([new("", PrintArgumentKind.Word, 'x', 8), new(" and "), new("", PrintArgumentKind.Word, 'x', 8)]);
        PrintFormatter.Text(format, [Word(1), Word(2)]).ShouldBe("1 and 2");
        PrintFormatter.Text(format, [Word(1)]).ShouldBe("1 and ?");
        PrintFormatter.Raw([Word(0x1F), new(PrintArgumentKind.String, 5, [.. "x"u8], PrintedStringEnd.Zero)]).ShouldBe("1f \"x\"");
    }
}
