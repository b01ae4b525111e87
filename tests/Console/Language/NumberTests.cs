using HvDbg.Language;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Language;

public class NumberTests
{
    [Theory]
    [InlineData("1c0", 0x1c0ul)]
    [InlineData("0x1C0", 0x1c0ul)]
    [InlineData("0n448", 448ul)]
    [InlineData("0N448", 448ul)]
    [InlineData("0t17", 15ul)]
    [InlineData("0y101", 5ul)]
    [InlineData("fffff800`3c0e5f30", 0xfffff8003c0e5f30ul)]
    [InlineData("0xffffffff`ffffffff", ulong.MaxValue)]
    [InlineData("0n18446744073709551615", ulong.MaxValue)]
    [InlineData("0n1`000", 1000ul)]
    [InlineData("0", 0ul)]
    [InlineData("0b1", 0xb1ul)]
    [InlineData("ad", 0xadul)]
    public void Numbers_are_hexadecimal_unless_they_say_otherwise(string text, ulong expected)
    {
        Number.Parse(text, 64, out var value).ShouldBe(Number.Fault.None);
        value.ShouldBe(expected);
    }

    [Theory]
    [InlineData("")]
    [InlineData("`")]
    [InlineData("0x")]
    [InlineData("0n")]
    [InlineData("xyz")]
    [InlineData("12g")]
    [InlineData("0nff")]
    [InlineData("0t8")]
    [InlineData("0y2")]
    [InlineData("-1")]
    [InlineData("١")]
    public void What_is_no_number_is_none(string text) => Number.Parse(text, 64, out _).ShouldBe(Number.Fault.NoNumber);

    [Theory]
    [InlineData("100000000", 32)]
    [InlineData("0n4294967296", 32)]
    [InlineData("100", 8)]
    [InlineData("10000000000000000", 64)]
    [InlineData("0n18446744073709551616", 64)]
    [InlineData("0n99999999999999999999999999999", 64)]
    public void A_number_of_too_many_bits_is_told_apart(string text, int bits) => Number.Parse(text, bits, out _).ShouldBe(Number.Fault.TooLarge);

    [Theory]
    [InlineData("ffffffff", 32, uint.MaxValue)]
    [InlineData("ff", 8, 255ul)]
    public void The_largest_numbers_fit(string text, int bits, ulong expected)
    {
        Number.Parse(text, bits, out var value).ShouldBe(Number.Fault.None);
        value.ShouldBe(expected);
    }
}
