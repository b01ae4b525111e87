using System.Linq;
using HvDbg.Client;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Link;

public class QuietSequenceTests
{
    private const byte Escape = 0x1B;

    [Theory]
    [InlineData(MessageType.Hello, 0u)]
    [InlineData(MessageType.Hello, 0x1B00_0000u)]
    [InlineData(MessageType.Status, 0x0012_1AF0u)]
    public void What_may_reach_a_firmware_holds_no_key_that_opens_its_menu(MessageType type, uint sequence)
    {
        var payload = type == MessageType.Hello ? Wire.Bytes(new HelloRequest { ProtocolVersion = LinkProtocol.Version }) : [];
        for (var i = 0; i < 2000; i++)
        {
            var next = QuietSequence.After(sequence, type, payload);
            next.ShouldNotBe(0u);
            next.ShouldNotBe(sequence);
            Frames.Make(type, next, payload).Contains(Escape).ShouldBeFalse($"sequence {next:x8}");
            sequence = next;
        }
    }

    [Fact]
    public void Requests_of_a_target_that_answers_are_numbered_one_after_the_other()
    {
        QuietSequence.After(0x1A, MessageType.ReadMsr, []).ShouldBe(0x1Bu);
        QuietSequence.After(uint.MaxValue, MessageType.ReadMsr, []).ShouldBe(1u);
    }

    [Fact]
    public void A_payload_that_holds_the_byte_itself_is_sent_all_the_same() =>
        QuietSequence.After(1, MessageType.Hello, [Escape]).ShouldNotBe(0u);
}
