using System;
using System.Collections.Generic;
using System.Linq;
using HvKernel.Protocol;

namespace HvKernel.Fuzzing;

/// <summary>A piece of what comes over the line.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Bytes">Its bytes.</param>
public sealed record LinePiece(string Kind, byte[] Bytes)
{
    public const string Valid = "frame";
}

/// <summary>
/// <see cref="FrameReader"/> and <see cref="Frame.Seal"/>: frames between and inside of damage. Each whole frame is found, in order, and
/// every byte comes out once.
/// </summary>
public sealed unsafe class FrameTarget : FuzzTarget<LinePiece>
{
    // No byte of the magic, and as many as the longest frame that may have begun.
    private const byte Quiet = 0x55;

    private readonly GuardedArea _buffer = new(FrameReader.BufferBytes);
    private readonly GuardedArea _sealed = new(Frame.MaximumBytes);

    public override string Name => "frames";

    protected override LinePiece[] Generate(FuzzRandom random)
    {
        var pieces = new LinePiece[random.Between(1, 8)];
        for (var i = 0; i < pieces.Length; i++)
            pieces[i] = Piece(random, 2);
        return pieces;
    }

    protected override string Run(LinePiece[] input, FuzzRandom random)
    {
        var wanted = new List<(int Start, int Length)>();
        var line = new List<byte>();
        foreach (var piece in input)
        {
            if (piece.Kind == LinePiece.Valid)
                wanted.Add((line.Count, piece.Bytes.Length));
            line.AddRange(piece.Bytes);
        }

        line.AddRange(Enumerable.Repeat(Quiet, Frame.MaximumBytes));
        var found = Read([.. line]);
        var completed = false;
        foreach (var (start, length) in wanted)
        {
            if (found.Contains((start, length)))
                continue;

            // A frame that lost its last byte is whole if that byte is the one which the next frame begins with: nobody can tell.
            completed = found.Any(f => f.Start < start && f.Start + f.Length > start);
            FuzzFailureException.Unless(completed, $"the frame at byte {start} was not found");
        }

        return completed ? "a cut one completed by the next" : found.Count == wanted.Count ? $"{Math.Min(found.Count, 4)} found" : "more found than were put there";
    }

    protected override string Describe(LinePiece[] input) =>
        string.Join("\n", input.Select(p => $"{p.Kind}: {Convert.ToHexString(p.Bytes)}"));

    protected override void Dispose(bool disposing)
    {
        _buffer.Dispose();
        _sealed.Dispose();
    }

    private List<(int Start, int Length)> Read(byte[] line)
    {
        FrameReader reader = default;
        reader.Initialize(_buffer.Last(FrameReader.BufferBytes));
        var found = new List<(int Start, int Length)>();
        var taken = 0;
        foreach (var value in line)
        {
            FuzzFailureException.Unless(reader.Room > 0, "there is no room for another byte");
            reader.Add(value);
            for (FrameReadResult result; (result = reader.Next()) != FrameReadResult.NeedMore;)
            {
                if (result == FrameReadResult.Stray)
                {
                    FuzzFailureException.Unless(reader.Stray == line[taken], $"byte {taken} came out as another one");
                    taken++;
                    continue;
                }

                var length = Frame.HeaderBytes + reader.PayloadLength + Frame.ChecksumBytes;
                FuzzFailureException.Unless(reader.PayloadLength is >= 0 and <= Frame.MaximumPayload && taken + length <= line.Length, "a frame of an impossible length");
                var frame = line.AsSpan(taken, length);
                FuzzFailureException.Unless(
                    frame.Slice(Frame.HeaderBytes, reader.PayloadLength).SequenceEqual(new ReadOnlySpan<byte>(reader.Payload, reader.PayloadLength)),
                    $"the frame at byte {taken} came out with another payload");
                FuzzFailureException.Unless(
                    (byte)reader.Type == frame[6] && reader.Sequence == BitConverter.ToUInt32(frame[8..]), $"the frame at byte {taken} came out with another header");
                FuzzFailureException.Unless(Checksum(frame[4..^4]) == BitConverter.ToUInt32(frame[^4..]), $"the frame at byte {taken} has a wrong checksum");
                found.Add((taken, length));
                taken += length;
            }
        }

        FuzzFailureException.Unless(taken == line.Length, $"{line.Length - taken} bytes are kept although a whole frame's length of quiet followed");
        return found;
    }

    private LinePiece Piece(FuzzRandom random, int depth)
    {
        switch (random.Below(8))
        {
            case 0 or 1 or 2:
                return new LinePiece(LinePiece.Valid, Valid(random, depth));
            case 3:
                var damaged = Valid(random, depth);
                for (var i = random.Between(1, 3); i > 0; i--)
                    damaged[random.Below(damaged.Length)] ^= (byte)(1 << random.Below(8));
                return new LinePiece("damaged", damaged);
            case 4:
                var cut = Valid(random, depth);
                return new LinePiece("cut", random.OneIn(2) ? cut[..random.Below(cut.Length)] : cut[random.Below(cut.Length)..]);
            case 5:
                var impossible = Valid(random, depth);
                var length = (ushort)random.Odd();
                impossible[4] = (byte)length;
                impossible[5] = (byte)(length >> 8);
                return new LinePiece("length", impossible);
            case 6:
                return new LinePiece("magics", [.. Enumerable.Range(0, random.Between(1, 20)).SelectMany(_ => BitConverter.GetBytes(Frame.Magic)[..random.Between(1, 4)])]);
            default:
                return new LinePiece("noise", random.Bytes(random.Below(200)));
        }
    }

    private byte[] Valid(FuzzRandom random, int depth)
    {
        var payload = random.Below(4) switch
        {
            0 when depth > 0 => Nested(random, depth),
            1 when random.OneIn(8) => random.Bytes(random.Between(Frame.MaximumPayload - 20, Frame.MaximumPayload)),
            _ => random.Bytes(random.Below(60)),
        };
        var whole = Frame.HeaderBytes + payload.Length + Frame.ChecksumBytes;
        var frame = _sealed.Last(whole);
        payload.CopyTo(new Span<byte>(frame + Frame.HeaderBytes, payload.Length));
        var length = Frame.Seal(frame, (MessageType)random.Next(), (uint)random.Next(), payload.Length);
        FuzzFailureException.Unless(length == whole, "a sealed frame has another length");
        return new Span<byte>(frame, whole).ToArray();
    }

    private byte[] Nested(FuzzRandom random, int depth)
    {
        var inner = Piece(random, depth - 1).Bytes;
        return inner.Length <= Frame.MaximumPayload ? inner : inner[..Frame.MaximumPayload];
    }

    // By the polynomial, bit by bit where it is short, so that it is not the code under test.
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB8_8320 : 0);
        }

        return ~crc;
    }
}
