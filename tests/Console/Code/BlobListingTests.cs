using System;
using System.Linq;
using HvDbg.Client.Assembly;
using HvDbg.Client.Code;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Code;

public class BlobListingTests
{
    [Fact]
    public void Every_byte_is_in_one_line_with_its_offset()
    {
        var lines = BlobListing.Of(HexCode.Parse("488B5A404881FB484442477402EB0848C7424048444232C3"));

        lines.Select(l => $"{l.Offset:x2} {Convert.ToHexString(l.Bytes)} {l.Text}").ShouldBe(
        [
            "00 488B5A40 mov rbx, qword ptr [rdx+0x40]",
            "04 4881FB48444247 cmp rbx, 0x47424448",
            "0b 7402 je short 0xf",
            "0d EB08 jmp short 0x17",
            "0f 48C7424048444232 mov qword ptr [rdx+0x40], 0x32424448",
            "17 C3 ret",
        ]);
    }

    [Fact]
    public void Data_between_reachable_code_does_not_swallow_it()
    {
        // 48 B8 would take the eight bytes behind it.
        var lines = BlobListing.Of(HexCode.Parse("EB02 48B8 90 C3"));

        lines.Select(l => l.Text).ShouldBe(["jmp short 0x4", "db 0x48", "db 0xb8", "nop", "ret"]);
    }

    [Fact]
    public void Bytes_that_are_no_instruction_are_data() =>
        BlobListing.Of(HexCode.Parse("06 90 48")).Select(l => l.Text).ShouldBe(["db 0x06", "nop", "db 0x48"]);

    [Fact]
    public void Addresses_are_counted_from_the_base() =>
        BlobListing.Of(HexCode.Parse("EB00 C3"), 0x7000).Select(l => (l.Offset, l.Text)).ShouldBe([(0, "jmp short 0x7002"), (2, "ret")]);

    [Fact]
    public void Nothing_is_no_line() => BlobListing.Of([]).ShouldBeEmpty();
}
