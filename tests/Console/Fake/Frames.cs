using System;
using System.Collections.Generic;
using HvDbg.Client;
using HvKernel.Protocol;

namespace HvDbg.Tests.Fake;

/// <summary>Frames as bytes.</summary>
internal static class Frames
{
    internal static unsafe byte[] Make(MessageType type, uint sequence, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[Frame.HeaderBytes + payload.Length + Frame.ChecksumBytes];
        payload.CopyTo(frame.AsSpan(Frame.HeaderBytes));
        fixed (byte* start = frame)
        {
            Frame.Seal(start, type, sequence, payload.Length);
        }

        return frame;
    }

    /// <summary>Takes everything out of some bytes, as if the line went quiet behind them.</summary>
    internal static Collector Decode(IEnumerable<byte[]> chunks)
    {
        var collector = new Collector();
        var decoder = new FrameDecoder();
        foreach (var chunk in chunks)
        {
            decoder.Feed(chunk, collector);
        }

        decoder.GiveUpUnfinished(collector);
        collector.Damaged = (int)decoder.Damaged;
        return collector;
    }

    internal sealed class Collector : IFrameSink
    {
        internal List<(MessageType Type, uint Sequence, byte[] Payload)> Found { get; } = [];

        internal List<byte> Stray { get; } = [];

        internal int Damaged { get; set; }

        public void OnFrame(MessageType type, uint sequence, ReadOnlySpan<byte> payload) => Found.Add((type, sequence, payload.ToArray()));

        public void OnStray(byte value) => Stray.Add(value);
    }
}
