using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using HvDbg.Client;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Link;

public class FramingTests
{
    [Fact]
    public unsafe void The_checksum_is_the_one_of_Ethernet_and_zlib()
    {
        // The check value that every catalogue of CRC parameters lists for CRC-32/ISO-HDLC.
        fixed (byte* digits = Encoding.ASCII.GetBytes("123456789"))
        {
            Crc32.Of(digits, 9).ShouldBe(0xCBF43926u);
            Crc32.Finish(Crc32.Update(Crc32.Update(Crc32.Start, digits, 4), digits + 4, 5)).ShouldBe(0xCBF43926u);
        }
    }

    [Fact]
    public void A_frame_has_the_bytes_that_the_document_gives_as_its_example()
    {
        var frame = Frames.Make(MessageType.Hello, 0x11223344, Wire.Bytes(new HelloRequest { ProtocolVersion = 4 }));
        Convert.ToHexString(frame.AsSpan(0, 20)).ShouldBe("7F48564B" + "0800" + "01" + "00" + "44332211" + "04000000" + "00000000");
        var checksum = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(20));
        checksum.ShouldBe(ReferenceCrc(frame.AsSpan(4, 16)));
        Resources.Read("protocol.md").ShouldContain(string.Join(' ', frame.Select(value => value.ToString("X2", null))));
    }

    /// <summary>
    /// Good frames between all kinds of damage: each good one arrives, in order, once, however the bytes are cut into pieces.
    /// </summary>
    [Fact]
    public void Every_undamaged_frame_is_delivered_whatever_stands_around_it()
    {
        Prop.ForAll(Arb.From(Streams), stream =>
        {
            var found = Frames.Decode(Cut(stream.Bytes, stream.Seed)).Found;
            return found.Count == stream.Good.Count
                && found.Zip(stream.Good).All(pair => pair.First.Sequence == pair.Second.Sequence
                    && pair.First.Type == pair.Second.Type
                    && pair.First.Payload.AsSpan().SequenceEqual(pair.Second.Payload));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400).WithEndSize(60));
    }

    [Fact]
    public void Random_bytes_never_throw_never_loop_and_never_make_a_frame()
    {
        var bytes = Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf();
        var withMagic = Gen.Frequency((9, Gen.Choose(0, 255).Select(value => new[] { (byte)value })), (1, Gen.Constant(Magic)))
            .ArrayOf()
            .Select(parts => parts.SelectMany(part => part).ToArray());
        Prop.ForAll(Arb.From(Gen.OneOf(bytes, withMagic)), noise =>
        {
            var collected = Frames.Decode([noise]);
            return collected.Found.Count == 0 && collected.Stray.Count <= noise.Length;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(5000));
    }

    [Fact]
    public void A_hundred_thousand_random_bytes_cost_nothing_but_themselves()
    {
        var noise = new byte[100_000];
        new Random(7).NextBytes(noise);
        var good = Frames.Make(MessageType.Status, 5, [1, 2, 3]);
        var collected = Frames.Decode([noise, good]);
        collected.Found.ShouldHaveSingleItem().Payload.ShouldBe([1, 2, 3]);
    }

    [Fact]
    public void Text_between_frames_arrives_as_it_is()
    {
        var collected = Frames.Decode([
            Encoding.ASCII.GetBytes("boot\r\n"), Frames.Make(MessageType.Text, 1, []), Encoding.ASCII.GetBytes("panic")]);
        Encoding.ASCII.GetString([.. collected.Stray]).ShouldBe("boot\r\npanic");
        collected.Found.Count.ShouldBe(1);
        collected.Damaged.ShouldBe(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Frame.MaximumPayload)]
    public void Payloads_of_all_lengths_up_to_the_longest_pass(int length)
    {
        var payload = new byte[length];
        new Random(length).NextBytes(payload);
        Frames.Decode([Frames.Make(MessageType.ReadMemory, 9, payload)]).Found.ShouldHaveSingleItem().Payload.ShouldBe(payload);
    }

    private static byte[] Magic => [0x7F, (byte)'H', (byte)'V', (byte)'K'];

    private sealed record Good(MessageType Type, uint Sequence, byte[] Payload);

    private sealed record Stream(byte[] Bytes, List<Good> Good, int Seed);

    private static Gen<Stream> Streams =>
        from seed in Gen.Choose(0, int.MaxValue)
        from kinds in Gen.Choose(0, 5).NonEmptyListOf()
        select Build(kinds.ToArray(), seed);

    private static Stream Build(int[] kinds, int seed)
    {
        var random = new Random(seed);
        var bytes = new List<byte>();
        var good = new List<Good>();
        foreach (var kind in kinds)
        {
            var payload = new byte[random.Next(3) == 0 ? random.Next(Frame.MaximumPayload + 1) : random.Next(40)];
            random.NextBytes(payload);
            var item = new Good((MessageType)random.Next(1, 256), (uint)random.Next(), payload);
            var frame = Frames.Make(item.Type, item.Sequence, payload);
            switch (kind)
            {
                case 0 or 1:
                    bytes.AddRange(frame);
                    good.Add(item);
                    break;
                case 2:
                    // Twice.
                    bytes.AddRange(frame);
                    bytes.AddRange(frame);
                    good.Add(item);
                    good.Add(item);
                    break;
                case 3:
                    // Cut short, anywhere before the checksum: what follows completes a checksum of which less is missing
                    // once in 256 times, and is then taken for the frame's own rest.
                    bytes.AddRange(frame.Take(random.Next(frame.Length - Frame.ChecksumBytes + 1)));
                    break;
                case 4:
                    // One bit turned over, anywhere: a CRC-32 finds every single one.
                    frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
                    bytes.AddRange(frame);
                    break;
                default:
                    var noise = new byte[random.Next(50)];
                    random.NextBytes(noise);
                    bytes.AddRange(noise);
                    if (random.Next(2) == 0)
                    {
                        bytes.AddRange(Magic);
                    }

                    break;
            }
        }

        return new Stream([.. bytes], good, seed);
    }

    private static IEnumerable<byte[]> Cut(byte[] bytes, int seed)
    {
        var random = new Random(seed);
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(bytes.Length - at, random.Next(1, 300));
            yield return bytes[at..(at + length)];
            at += length;
        }
    }

    /// <summary>The textbook form, bit by bit.</summary>
    private static uint ReferenceCrc(ReadOnlySpan<byte> data)
    {
        var register = uint.MaxValue;
        foreach (var value in data)
        {
            register ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                register = (register & 1) != 0 ? (register >> 1) ^ 0xEDB88320 : register >> 1;
            }
        }

        return ~register;
    }
}
