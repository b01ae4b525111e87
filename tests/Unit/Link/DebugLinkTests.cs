using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using HvKernel.Cpu;
using HvKernel.Link;
using HvKernel.Protocol;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Link;

/// <summary>The target's end of the link over a simulated UART; the console's end is bytes.</summary>
public sealed unsafe class DebugLinkTests : IDisposable
{
    private const ulong AbandonTicks = 1000;

    private readonly GuardedBytes _memory = new(new byte[DebugLink.MemoryBytes]);
    private FakeUart _device = new();
    private DebugLink _link;

    public DebugLinkTests() => Open();

    public void Dispose() => _memory.Dispose();

    private void Open()
    {
        _device = new FakeUart();
        Port.Attach(_device, 0x2F8);
        _link = default;
        _link.Uart.Initialize(0x2F8, 115_200);
        _link.Initialize(_memory.Start);
        _link.AbandonTicks = AbandonTicks;
    }

    private static byte[] Frame(MessageType type, uint sequence, params byte[] payload)
    {
        var bytes = new byte[HvKernel.Protocol.Frame.MaximumBytes];
        payload.CopyTo(bytes, HvKernel.Protocol.Frame.HeaderBytes);
        fixed (byte* frame = bytes)
            return bytes[..HvKernel.Protocol.Frame.Seal(frame, type, sequence, payload.Length)];
    }

    private void FromConsole(params byte[][] parts)
    {
        foreach (var value in parts.SelectMany(part => part))
            _device.Line.Enqueue(value);
    }

    /// <summary>What a console makes of everything that was sent so far; every byte must belong to a frame.</summary>
    private List<(MessageType Type, uint Sequence, byte[] Payload)> AtConsole()
    {
        List<(MessageType, uint, byte[])> found = [];
        using var buffer = new GuardedBytes(new byte[FrameReader.BufferBytes]);
        FrameReader reader = default;
        reader.Initialize(buffer.Start);
        foreach (var value in _device.Sent)
        {
            reader.Add(value);
            for (var result = reader.Next(); result != FrameReadResult.NeedMore; result = reader.Next())
            {
                result.ShouldBe(FrameReadResult.Frame);
                found.Add((reader.Type, reader.Sequence, new ReadOnlySpan<byte>(reader.Payload, reader.PayloadLength).ToArray()));
            }
        }
        return found;
    }

    private void TransmitAll()
    {
        for (var i = 0; !_link.IsIdle && i < 100_000; i++)
            _link.Transmit();
        _link.IsIdle.ShouldBeTrue();
    }

    private void Reply(params byte[] payload)
    {
        payload.CopyTo(new Span<byte>(_link.ReplyPayload, payload.Length));
        _link.Reply(_link.Reader.Type, _link.Reader.Sequence, payload.Length);
    }

    private bool Send(int payloadLength, byte fill, bool urgent = false)
    {
        new Span<byte>(_link.Payload, payloadLength).Fill(fill);
        return urgent ? _link.SendUrgent(MessageType.Stopped, payloadLength) : _link.Send(MessageType.Transitions, payloadLength);
    }

    [Fact]
    public void A_request_arrives_and_its_reply_goes_out()
    {
        _link.TryReceiveRequest().ShouldBeFalse();
        FromConsole(Frame(MessageType.ReadMemory, 7, 1, 2, 3));
        _link.TryReceiveRequest().ShouldBeTrue();
        (_link.Reader.Type, _link.Reader.Sequence, _link.Reader.PayloadLength).ShouldBe((MessageType.ReadMemory, 7u, 3));
        new ReadOnlySpan<byte>(_link.Reader.Payload, 3).ToArray().ShouldBe([1, 2, 3]);
        Reply(9, 8);
        _link.TryReceiveRequest().ShouldBeFalse();
        TransmitAll();
        var reply = AtConsole().ShouldHaveSingleItem();
        (reply.Type, reply.Sequence).ShouldBe((MessageType.ReadMemory | MessageType.ReplyBit, 7u));
        reply.Payload.ShouldBe([9, 8]);
    }

    [Fact]
    public void A_request_that_is_repeated_is_answered_again_and_not_carried_out_again()
    {
        var request = Frame(MessageType.WriteMemory, 7, 1);
        FromConsole(request);
        _link.TryReceiveRequest().ShouldBeTrue();
        Reply(5);
        FromConsole(request, request);
        _link.TryReceiveRequest().ShouldBeFalse();
        TransmitAll();
        var replies = AtConsole();
        replies.Count.ShouldBe(3);
        replies.ShouldAllBe(reply => reply.Sequence == 7 && reply.Payload.SequenceEqual(new byte[] { 5 }));
    }

    [Fact]
    public void What_is_no_repetition_is_carried_out()
    {
        FromConsole(Frame(MessageType.WriteMemory, 7, 1));
        _link.TryReceiveRequest().ShouldBeTrue();
        Reply(5);
        FromConsole(Frame(MessageType.ReadMemory, 7, 1));           // another request of the same number
        _link.TryReceiveRequest().ShouldBeTrue();
        Reply(5);
        FromConsole(Frame(MessageType.ReadMemory, 8, 1));           // the next number
        _link.TryReceiveRequest().ShouldBeTrue();
        Reply(5);
        _link.ForgetReply();
        FromConsole(Frame(MessageType.ReadMemory, 8, 1));           // a console that numbers anew
        _link.TryReceiveRequest().ShouldBeTrue();
    }

    [Fact]
    public void Hello_is_carried_out_every_time()
    {
        for (var i = 0; i < 3; i++)
        {
            FromConsole(Frame(MessageType.Hello, 1, 1, 0, 0, 0));
            _link.TryReceiveRequest().ShouldBeTrue();
            Reply(1);
        }
    }

    [Fact]
    public void Requests_that_come_together_are_taken_one_after_the_other()
    {
        FromConsole([.. Enumerable.Range(0, 20).Select(i => Frame(MessageType.ReadMemory, (uint)i, (byte)i))]);
        for (var i = 0; i < 20; i++)
        {
            _link.TryReceiveRequest().ShouldBeTrue();
            _link.Reader.Sequence.ShouldBe((uint)i);
            Reply((byte)i);
        }
        _link.TryReceiveRequest().ShouldBeFalse();
    }

    [Fact]
    public void Rubbish_on_the_line_is_taken_in_pieces_and_the_next_request_arrives()
    {
        var random = new Random(5);
        for (var i = 0; i < 100_000; i++)
            _device.Line.Enqueue((byte)random.Next(256));

        // One call ends although the line never does.
        _link.TryReceiveRequest().ShouldBeFalse();
        _device.Line.Count.ShouldBeInRange(50_000, 99_999);
        while (_device.Line.Count > 0)
            _link.TryReceiveRequest().ShouldBeFalse();

        // What looks like the beginning of a frame is given up when the line is quiet.
        Processor.Advance(AbandonTicks);
        _link.TryReceiveRequest().ShouldBeFalse();
        FromConsole(Frame(MessageType.ReadMemory, 3, 1));
        _link.TryReceiveRequest().ShouldBeTrue();
        _link.Reader.Sequence.ShouldBe(3u);
    }

    [Fact]
    public void A_frame_that_comes_slowly_is_waited_for()
    {
        foreach (var part in Frame(MessageType.ReadMemory, 3, new byte[200]).Chunk(7))
        {
            _link.TryReceiveRequest().ShouldBeFalse();
            Processor.Advance(AbandonTicks - 1);
            FromConsole(part);
        }
        _link.TryReceiveRequest().ShouldBeTrue();
        _link.Reader.PayloadLength.ShouldBe(200);
    }

    [Fact]
    public void A_frame_whose_rest_was_lost_swallows_nothing_after_a_while()
    {
        // A head that promises 2048 bytes, and then a whole request that could be among them.
        var head = Frame(MessageType.WriteMemory, 1, new byte[2048])[..50];
        FromConsole(head, Frame(MessageType.ReadMemory, 2, 1));
        _link.TryReceiveRequest().ShouldBeFalse();
        Processor.Advance(AbandonTicks);
        _link.TryReceiveRequest().ShouldBeTrue();
        _link.Reader.Sequence.ShouldBe(2u);
        _link.Reader.Damaged.ShouldBe(1u);
    }

    [Fact]
    public void Urgent_frames_overtake_at_the_next_frames_end_and_never_inside_one()
    {
        Send(100, 1).ShouldBeTrue();
        Send(100, 2).ShouldBeTrue();
        _link.Transmit();                                   // sixteen bytes of the first
        Send(10, 3, urgent: true).ShouldBeTrue();
        TransmitAll();
        AtConsole().Select(frame => frame.Payload[0]).ShouldBe([1, 3, 2]);
    }

    [Fact]
    public void What_does_not_fit_is_counted_and_leaves_a_gap_in_the_numbers()
    {
        var sent = 0;
        while (Send(2000, 1))
            sent++;
        sent.ShouldBe(DebugLink.BulkBytes / (2000 + HvKernel.Protocol.Frame.HeaderBytes + HvKernel.Protocol.Frame.ChecksumBytes + 2));
        _link.Dropped.ShouldBe(1UL);
        Send(2000, 1).ShouldBeFalse();
        _link.Dropped.ShouldBe(2UL);

        // A flood of messages cannot keep a reply out.
        FromConsole(Frame(MessageType.ReadMemory, 7));
        _link.TryReceiveRequest().ShouldBeTrue();
        Reply(5);
        TransmitAll();
        var frames = AtConsole();
        frames[0].Type.ShouldBe(MessageType.ReadMemory | MessageType.ReplyBit);
        Send(1, 1).ShouldBeTrue();
        TransmitAll();
        AtConsole()[^1].Sequence.ShouldBe(frames[^1].Sequence + 3);
    }

    [Fact]
    public void A_transmitter_that_is_busy_is_not_waited_for()
    {
        Send(100, 1).ShouldBeTrue();
        _device.TransmitsLeft = 0;
        _link.Transmit();
        _device.Sent.ShouldBeEmpty();
        _device.TransmitsLeft = int.MaxValue;
        _link.Transmit();
        _device.Sent.Count.ShouldBe(16);
    }

    [Fact]
    public void Without_a_UART_nothing_arrives_and_nothing_waits()
    {
        Port.Attach(new DeafDevice(0xFF), 0x2F8);
        _link.Uart.Initialize(0x2F8, 115_200);
        _link.TryReceiveRequest().ShouldBeFalse();
        Send(100, 1).ShouldBeTrue();
        _link.Transmit();
        _link.IsIdle.ShouldBeFalse();
    }

    /// <summary>Messages of both kinds and bytes on the wire in any mixture: the console finds only whole frames, each kind in its order.</summary>
    [Fact]
    public void Frames_of_both_queues_stay_whole_and_in_order()
    {
        var step = from kind in Gen.Choose(0, 4) from length in Gen.Choose(1, 60) select (kind, length);
        Prop.ForAll(Arb.From(step.ArrayOf()), steps =>
        {
            Open();
            List<uint> urgent = [], bulk = [];
            foreach (var (kind, length) in steps)
            {
                if (kind >= 2)
                {
                    _link.Transmit();
                    continue;
                }
                (kind == 0 ? urgent : bulk).Add(_link.NextSequence);
                if (!Send(length, (byte)length, urgent: kind == 0))
                    return false;
            }
            TransmitAll();
            var frames = AtConsole();
            return frames.Where(frame => frame.Type == MessageType.Stopped).Select(frame => frame.Sequence).SequenceEqual(urgent)
                && frames.Where(frame => frame.Type == MessageType.Transitions).Select(frame => frame.Sequence).SequenceEqual(bulk)
                && frames.All(frame => frame.Payload.All(value => value == frame.Payload.Length));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(80));
    }
}
