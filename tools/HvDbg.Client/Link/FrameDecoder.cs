using System;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>Takes what a <see cref="FrameDecoder"/> finds.</summary>
public interface IFrameSink
{
    /// <summary>A whole frame with a right checksum. The payload is valid during the call only.</summary>
    void OnFrame(MessageType type, uint sequence, ReadOnlySpan<byte> payload);

    /// <summary>A byte outside frames.</summary>
    void OnStray(byte value);
}

/// <summary>The protocol's <see cref="FrameReader"/> with memory of its own.</summary>
public sealed unsafe class FrameDecoder
{
    private readonly byte[] _memory = GC.AllocateArray<byte>(FrameReader.BufferBytes, pinned: true);
    private FrameReader _reader;

    public FrameDecoder()
    {
        fixed (byte* memory = _memory)
        {
            // The array is pinned for good, so the pointer stays right outside of this block.
            _reader.Initialize(memory);
        }
    }

    /// <summary>Frames given up because of damage.</summary>
    public uint Damaged => _reader.Damaged;

    /// <summary>Whether a frame has begun and is not complete.</summary>
    public bool InFrame => _reader.InFrame;

    /// <summary>Takes received bytes and hands on what they complete.</summary>
    public void Feed(ReadOnlySpan<byte> data, IFrameSink sink)
    {
        foreach (var value in data)
        {
            _reader.Add(value);
            Drain(sink);
        }
    }

    /// <summary>The line went quiet inside a frame: nothing more belongs to what was received so far.</summary>
    public void GiveUpUnfinished(IFrameSink sink)
    {
        while (_reader.InFrame)
        {
            _reader.Abandon();
            Drain(sink);
        }
    }

    private void Drain(IFrameSink sink)
    {
        while (true)
        {
            switch (_reader.Next())
            {
                case FrameReadResult.Frame:
                    sink.OnFrame(_reader.Type, _reader.Sequence, new ReadOnlySpan<byte>(_reader.Payload, _reader.PayloadLength));
                    break;
                case FrameReadResult.Stray:
                    sink.OnStray(_reader.Stray);
                    break;
                default:
                    return;
            }
        }
    }
}
