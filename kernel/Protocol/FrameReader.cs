namespace HvKernel.Protocol;

/// <summary>What <see cref="FrameReader.Next"/> found at the front of the received bytes.</summary>
public enum FrameReadResult : byte
{
    /// <summary>Nothing decided until more bytes arrive.</summary>
    NeedMore,

    /// <summary>A whole frame with a right checksum.</summary>
    Frame,

    /// <summary>One byte that belongs to no frame: boot text, what a person typed, or damage.</summary>
    Stray,
}

/// <summary>
/// Takes bytes as they come and finds frames in them. Damage never costs more than the damaged frame: when a checksum does not match,
/// only the first byte is given up and the search goes on behind it, so that a frame that starts inside the damaged one is still found.
/// </summary>
public unsafe struct FrameReader
{
    private byte* _buffer;
    private int _start;
    private int _end;

    /// <summary>Frames given up because of a wrong checksum or an impossible length.</summary>
    public uint Damaged;

    /// <summary>Type of the frame that <see cref="Next"/> found.</summary>
    public MessageType Type;

    /// <summary>Sequence number of the frame that <see cref="Next"/> found.</summary>
    public uint Sequence;

    /// <summary>Payload of the frame that <see cref="Next"/> found; valid until the next call that adds bytes.</summary>
    public byte* Payload;

    /// <summary>Bytes at <see cref="Payload"/>.</summary>
    public int PayloadLength;

    /// <summary>The byte that <see cref="Next"/> called stray.</summary>
    public byte Stray;

    /// <summary>Bytes of memory that a reader needs for its buffer: room for a frame behind one that is being given up.</summary>
    public const int BufferBytes = 2 * Frame.MaximumBytes;

    /// <summary>Starts with an empty buffer of <see cref="BufferBytes"/> bytes that the caller owns.</summary>
    public void Initialize(byte* buffer)
    {
        this = default;
        _buffer = buffer;
    }

    /// <summary>Whether a frame has begun and is not complete.</summary>
    public readonly bool InFrame => _end > _start;

    /// <summary>Room for further bytes; at least one after <see cref="Next"/> has answered <see cref="FrameReadResult.NeedMore"/>.</summary>
    public readonly int Room => BufferBytes - (_end - _start);

    /// <summary>Appends one received byte. The caller drains with <see cref="Next"/> until it needs more.</summary>
    public void Add(byte value)
    {
        if (_end == BufferBytes)
        {
            Compact();
            if (_end == BufferBytes)
            {
                return;
            }
        }

        _buffer[_end++] = value;
    }

    /// <summary>Takes the next item from the received bytes.</summary>
    public FrameReadResult Next()
    {
        var available = _end - _start;
        if (available == 0)
        {
            _start = _end = 0;
            return FrameReadResult.NeedMore;
        }

        var front = _buffer + _start;
        for (var i = 0; i < 4 && i < available; i++)
        {
            if (front[i] != (byte)(Frame.Magic >> (8 * i)))
            {
                return GiveUpOne();
            }
        }

        if (available < Frame.HeaderBytes)
        {
            return FrameReadResult.NeedMore;
        }

        int length = *(ushort*)(front + 4);
        if (length > Frame.MaximumPayload || front[7] != 0)
        {
            Damaged++;
            return GiveUpOne();
        }

        var whole = Frame.HeaderBytes + length + Frame.ChecksumBytes;
        if (available < whole)
        {
            return FrameReadResult.NeedMore;
        }

        var expected = *(uint*)(front + Frame.HeaderBytes + length);
        if (Crc32.Of(front + 4, Frame.HeaderBytes - 4 + length) != expected)
        {
            Damaged++;
            return GiveUpOne();
        }

        Type = (MessageType)front[6];
        Sequence = *(uint*)(front + 8);
        Payload = front + Frame.HeaderBytes;
        PayloadLength = length;
        _start += whole;
        return FrameReadResult.Frame;
    }

    /// <summary>
    /// Gives up a frame that has begun and will not be completed (the line went quiet in the middle of it), so that the next one is not
    /// taken for its rest.
    /// </summary>
    public void Abandon()
    {
        if (InFrame)
        {
            Damaged++;
            GiveUpOne();
        }
    }

    private FrameReadResult GiveUpOne()
    {
        Stray = _buffer[_start++];
        return FrameReadResult.Stray;
    }

    private void Compact()
    {
        var length = _end - _start;
        for (var i = 0; i < length; i++)
        {
            _buffer[i] = _buffer[_start + i];
        }

        _start = 0;
        _end = length;
    }
}
