using System;
using HvKernel.Stepping;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Stepping;

/// <summary>The instructions at which steps differ are told from all others.</summary>
public unsafe class InstructionClassTests
{
    [Theory]
    [InlineData("E8 00 00 00 00", InstructionKind.Call, 0)]
    [InlineData("66 E8 00 00", InstructionKind.Call, 0)]
    [InlineData("FF D0", InstructionKind.Call, 0)]
    [InlineData("41 FF D3", InstructionKind.Call, 0)]
    [InlineData("FF 15 00 00 00 00", InstructionKind.Call, 0)]
    [InlineData("2E FF 14 25 00 00 00 00", InstructionKind.Call, 0)]
    [InlineData("48 FF 18", InstructionKind.Call, 0)]
    [InlineData("F2 FF 10", InstructionKind.Call, 0)]
    [InlineData("FF E0", InstructionKind.Other, 0)]
    [InlineData("FF 25 00 00 00 00", InstructionKind.Other, 0)]
    [InlineData("FF C0", InstructionKind.Other, 0)]
    [InlineData("FF 30", InstructionKind.Other, 0)]
    [InlineData("C3", InstructionKind.Return, 0)]
    [InlineData("F3 C3", InstructionKind.Return, 0)]
    [InlineData("C2 08 00", InstructionKind.Return, 0)]
    [InlineData("48 CB", InstructionKind.Return, 0)]
    [InlineData("48 CF", InstructionKind.InterruptReturn, 0)]
    [InlineData("48 0F 07", InstructionKind.Return, 0)]
    [InlineData("0F 35", InstructionKind.Return, 0)]
    [InlineData("0F 05", InstructionKind.SystemCall, 2)]
    [InlineData("48 0F 05", InstructionKind.SystemCall, 3)]
    [InlineData("CD 80", InstructionKind.SystemCall, 2)]
    [InlineData("CC", InstructionKind.SystemCall, 1)]
    [InlineData("0F 34", InstructionKind.Other, 0)]
    [InlineData("0F 0B", InstructionKind.Other, 0)]
    [InlineData("F3 A4", InstructionKind.RepeatedString, 2)]
    [InlineData("F3 48 AB", InstructionKind.RepeatedString, 3)]
    [InlineData("F2 AE", InstructionKind.RepeatedString, 2)]
    [InlineData("67 66 F3 A5", InstructionKind.RepeatedString, 4)]
    [InlineData("F3 6E", InstructionKind.RepeatedString, 2)]
    [InlineData("A4", InstructionKind.Other, 0)]
    [InlineData("F3 90", InstructionKind.Other, 0)]
    [InlineData("F3 0F 1E FA", InstructionKind.Other, 0)]
    [InlineData("F3 0F B8 C0", InstructionKind.Other, 0)]
    [InlineData("E9 00 00 00 00", InstructionKind.Other, 0)]
    [InlineData("0F A2", InstructionKind.Other, 0)]
    [InlineData("F4", InstructionKind.Other, 0)]
    [InlineData("", InstructionKind.Other, 0)]
    [InlineData("F3", InstructionKind.Other, 0)]
    [InlineData("0F", InstructionKind.Other, 0)]
    [InlineData("FF", InstructionKind.Other, 0)]
    [InlineData("66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 E8", InstructionKind.Other, 0)]
    public void In_64_bit_code(string bytes, InstructionKind kind, int length) => Check(bytes, 64, kind, length);

    [Theory]
    [InlineData("40 E8 00 00 00 00", 32, InstructionKind.Other, 0)]
    [InlineData("9A 00 00 00 00 08 00", 32, InstructionKind.Call, 0)]
    [InlineData("9A 00 00 00 00 08 00", 64, InstructionKind.Other, 0)]
    [InlineData("E8 00 00", 16, InstructionKind.Call, 0)]
    [InlineData("CF", 16, InstructionKind.InterruptReturn, 0)]
    [InlineData("CD 10", 16, InstructionKind.SystemCall, 2)]
    [InlineData("F3 AB", 32, InstructionKind.RepeatedString, 2)]
    public void In_other_code(string bytes, int bits, InstructionKind kind, int length) => Check(bytes, bits, kind, length);

    private static void Check(string bytes, int bits, InstructionKind kind, int length)
    {
        var code = Convert.FromHexString(bytes.Replace(" ", ""));
        fixed (byte* start = new byte[16])
        {
            code.CopyTo(new Span<byte>(start, 16));
            var found = InstructionClass.Of(start, code.Length, bits);
            found.Kind.ShouldBe(kind);
            ((int)found.Length).ShouldBe(length);
        }
    }
}
