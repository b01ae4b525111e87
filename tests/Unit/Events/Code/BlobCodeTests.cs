using System;
using System.Linq;
using HvKernel.Events.Code;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Events.Code;

/// <summary>What stands in the window for code that was given.</summary>
public sealed unsafe class BlobCodeTests
{
    private const ulong Address = RunnerWindow.Code + 0x4040;
    private const ulong WayBack = RunnerWindow.Text + 0x1234;

    private static byte[] Write(byte[] code, RunManner manner)
    {
        var place = Enumerable.Repeat((byte)0xEE, code.Length + (int)BlobCode.TailBytes + 8).ToArray();
        fixed (byte* at = place)
        fixed (byte* bytes = code)
            BlobCode.Write(at, Address, bytes, (uint)code.Length, manner, WayBack);
        place[^8..].ShouldAllBe(value => value == 0xEE, "nothing is written behind the tail");
        return place[..^8];
    }

    [Theory]
    [InlineData(new byte[] { 0x90, 0x90, 0x90 }, 3)]            // falls out of its end
    [InlineData(new byte[] { 0x90, 0x90, 0xC3 }, 2)]            // its RET is not executed
    [InlineData(new byte[] { 0xC3 }, 0)]
    public void Direct_code_ends_in_a_jump_to_the_way_back(byte[] code, int end)
    {
        var place = Write(code, RunManner.Direct);
        place[..end].ShouldBe(code[..end]);
        place[end].ShouldBe((byte)0xE9);
        var target = Address + (ulong)end + 5 + (ulong)BitConverter.ToInt32(place, end + 1);
        target.ShouldBe(WayBack);
        place[(end + 5)..].ShouldAllBe(value => value == 0xCC);
    }

    [Theory]
    [InlineData(RunManner.Contained)]
    [InlineData(RunManner.Root)]
    public void Other_code_stays_whole_and_gets_a_RET(RunManner manner)
    {
        byte[] code = [0x90, 0xC3];
        var place = Write(code, manner);
        place[..2].ShouldBe(code);
        place[2].ShouldBe((byte)0xC3);
        place[3..].ShouldAllBe(value => value == 0xCC);
    }

    [Theory]
    [InlineData(new byte[] { 0x90, 0xC3 }, RunManner.Direct, true)]
    [InlineData(new byte[] { 0x90 }, RunManner.Direct, false)]
    [InlineData(new byte[] { 0x90, 0xC3 }, RunManner.Contained, false)]
    [InlineData(new byte[] { 0x90, 0xC3 }, RunManner.Root, false)]
    public void A_RET_is_replaced_in_direct_code_only(byte[] code, RunManner manner, bool replaced)
    {
        fixed (byte* bytes = code)
            BlobCode.ReplacesRet(bytes, (uint)code.Length, manner).ShouldBe(replaced);
    }
}
