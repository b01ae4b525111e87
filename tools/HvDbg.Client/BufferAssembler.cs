using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>
/// Puts the parts of buffers together. All parts of one delivery follow each other in the stream, several may share a frame, and frames may
/// be lost: what is not complete when another delivery begins never will be.
/// </summary>
internal sealed class BufferAssembler(Action<TargetEvent> publish)
{
    private BufferPart _first;
    private byte[] _bytes = [];
    private int _received;
    private bool _open;

    /// <summary>The payload of one frame.</summary>
    internal void Add(ReadOnlySpan<byte> payload)
    {
        while (MemoryMarshal.TryRead<BufferPart>(payload, out var part))
        {
            payload = payload[Unsafe.SizeOf<BufferPart>()..];
            if (part.Bytes > payload.Length || part.TotalBytes > LinkProtocol.MaximumBuffer || part.Offset > part.TotalBytes - part.Bytes)
            {
                GiveUp();
                return;
            }

            Add(part, payload[..(int)part.Bytes]);
            payload = payload[(int)part.Bytes..];
        }
    }

    /// <summary>What was begun will not go on.</summary>
    internal void GiveUp()
    {
        if (_open)
        {
            _open = false;
            publish(new BufferLostEvent(_first.EventId, _first.Action, _first.Tick, _received, _bytes.Length));
        }
    }

    private void Add(in BufferPart part, ReadOnlySpan<byte> bytes)
    {
        if (!_open || !Continues(part))
        {
            GiveUp();
            _first = part;
            _bytes = new byte[part.TotalBytes];
            _received = 0;
            _open = true;
        }

        bytes.CopyTo(_bytes.AsSpan((int)part.Offset));
        _received += bytes.Length;
        if (part.Offset + part.Bytes < part.TotalBytes)
        {
            return;
        }

        if (_received != _bytes.Length)
        {
            GiveUp();
            return;
        }

        _open = false;
        publish(new BufferEvent(
            _first.EventId,
            _first.Action,
            _first.Context,
            _first.Processor,
            _first.Tick,
            _first.Address,
            ImmutableCollectionsMarshal.AsImmutableArray(_bytes)));
    }

    private bool Continues(in BufferPart part) =>
        part.EventId == _first.EventId && part.Action == _first.Action && part.Processor == _first.Processor && part.Tick == _first.Tick
        && part.TotalBytes == _first.TotalBytes && part.Offset >= _received;
}
