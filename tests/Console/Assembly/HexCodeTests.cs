using System;
using System.Linq;
using HvDbg.Client.Assembly;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Assembly;

public class HexCodeTests
{
    [Theory]
    [InlineData("90", "90")]
    [InlineData("90 90 90", "909090")]
    [InlineData("909090", "909090")]
    [InlineData("  90\t90\r\n90\n", "909090")]
    [InlineData("0x90", "90")]
    [InlineData("0x909090", "909090")]
    [InlineData("0x90 0x90 c3", "9090C3")]
    [InlineData("\\x90\\x90\\xC3", "9090C3")]
    [InlineData("x90x90 xc3", "9090C3")]
    [InlineData("0X90 \\X90", "9090")]
    [InlineData("900x90", "9090")]
    [InlineData("0x900xC3", "90C3")]
    [InlineData("00", "00")]
    [InlineData("000x00", "0000")]
    [InlineData("488B5A404881FB484442477402EB0848C7424048444232C3", "488B5A404881FB484442477402EB0848C7424048444232C3")]
    [InlineData("48 8b 5a 40\n4881fb", "488B5A404881FB")]
    public void Bytes_are_read(string text, string expected) => Convert.ToHexString(HexCode.Parse(text)).ShouldBe(expected);

    [Theory]
    [InlineData("", 1, 1, 0, "no machine code: expected bytes as hexadecimal digits, such as 90 90 c3")]
    [InlineData("  \n ", 1, 1, 4, "no machine code: expected bytes as hexadecimal digits, such as 90 90 c3")]
    [InlineData("9", 1, 1, 1, "an odd number of hexadecimal digits: 9 has 1, a byte has two")]
    [InlineData("90 9", 1, 4, 1, "an odd number of hexadecimal digits: 9 has 1, a byte has two")]
    [InlineData("90 909 90", 1, 4, 3, "an odd number of hexadecimal digits: 909 has 3, a byte has two")]
    [InlineData("0x909", 1, 3, 3, "an odd number of hexadecimal digits: 909 has 3, a byte has two")]
    [InlineData("9 0", 1, 1, 1, "an odd number of hexadecimal digits: 9 has 1, a byte has two")]
    [InlineData("nop", 1, 1, 1, "'n' is no hexadecimal digit; for assembly text put 'asm' before")]
    [InlineData("push rax", 1, 1, 1, "'p' is no hexadecimal digit; for assembly text put 'asm' before")]
    [InlineData("90 mov", 1, 4, 1, "'m' is no hexadecimal digit; for assembly text put 'asm' before")]
    [InlineData("90,90", 1, 3, 1, "',' is no hexadecimal digit; for assembly text put 'asm' before")]
    [InlineData("90\n9z", 2, 2, 1, "'z' is no hexadecimal digit; for assembly text put 'asm' before")]
    [InlineData("0x", 1, 1, 2, "expected hexadecimal digits behind 0x")]
    [InlineData("90 \\x", 1, 4, 2, "expected hexadecimal digits behind \\x")]
    [InlineData("\\90", 1, 1, 1, "'\\' is no hexadecimal digit; for assembly text put 'asm' before")]
    [InlineData("90\u000190", 1, 3, 1, "U+0001 is no hexadecimal digit; for assembly text put 'asm' before")]
    public void Other_texts_are_refused_at_their_place(string text, int line, int column, int length, string message)
    {
        var error = Should.Throw<CodeTextException>(() => HexCode.Parse(text));

        (error.Line, error.Column, error.Length, error.Message).ShouldBe((line, column, length, message));
    }

    [Fact]
    public void All_bytes_come_through_in_every_notation()
    {
        var bytes = Enumerable.Range(0, 256).Select(b => (byte)b).ToArray();

        HexCode.Parse(Convert.ToHexString(bytes)).ShouldBe(bytes);
        HexCode.Parse(Convert.ToHexStringLower(bytes)).ShouldBe(bytes);
        HexCode.Parse(string.Join(' ', bytes.Select(b => $"{b:x2}"))).ShouldBe(bytes);
        HexCode.Parse(string.Concat(bytes.Select(b => $"\\x{b:x2}"))).ShouldBe(bytes);
        HexCode.Parse(string.Concat(bytes.Select(b => $"0x{b:x2}"))).ShouldBe(bytes);
        HexCode.Parse(string.Concat(bytes.Select(b => $"x{b:X2}"))).ShouldBe(bytes);
    }
}
