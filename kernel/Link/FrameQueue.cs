namespace HvKernel.Link;

/// <summary>
/// A bounded queue of whole frames in memory that the caller owns. A frame that does not fit is refused, never cut. Pure.
/// </summary>
public unsafe struct FrameQueue
{
    /// <summary>Bytes that the queue adds to each frame.</summary>
    public const int LengthBytes = 2;

    private byte* _bytes;
    private uint _capacity;
    private uint _head;
    private uint _tail;
    private uint _used;
    private uint _leftInFrame;

    /// <summary>Starts empty over <paramref name="capacity"/> bytes.</summary>
    public void Initialize(byte* bytes, uint capacity)
    {
        this = default;
        _bytes = bytes;
        _capacity = capacity;
    }

    /// <summary>Bytes that are free, those that come with each frame (<see cref="LengthBytes"/>) not counted.</summary>
    public readonly uint Room => _capacity - _used;

    /// <summary>Whether nothing is left to send.</summary>
    public readonly bool IsEmpty => _used == 0;

    /// <summary>Whether the last byte taken was inside a frame.</summary>
    public readonly bool InFrame => _leftInFrame != 0;

    /// <summary>Appends a frame; false where there is no room for all of it.</summary>
    public bool TryAdd(byte* frame, int length)
    {
        if (_capacity - _used < (uint)length + LengthBytes)
        {
            return false;
        }

        Put((byte)length);
        Put((byte)(length >> 8));
        var untilEnd = _capacity - _tail;
        var first = (uint)length < untilEnd ? (uint)length : untilEnd;
        Copy(_bytes + _tail, frame, first);
        Copy(_bytes, frame + first, (uint)length - first);
        _tail = At(_tail + (uint)length);
        _used += (uint)length;
        return true;
    }

    /// <summary>The next byte for the line; false where the queue is empty.</summary>
    public bool TryTake(out byte value)
    {
        if (_used == 0)
        {
            value = 0;
            return false;
        }

        if (_leftInFrame == 0)
        {
            _leftInFrame = Get();
            _leftInFrame |= (uint)Get() << 8;
        }

        value = Get();
        _leftInFrame--;
        return true;
    }

    /// <summary>Removes the oldest frame of which no byte was taken, and copies it; false where there is none.</summary>
    public bool TryDiscard(byte* copy, out int length)
    {
        length = 0;
        if (_used == _leftInFrame)
        {
            return false;
        }

        var next = At(_head + _leftInFrame);
        length = _bytes[next] | (_bytes[At(next + 1)] << 8);
        for (uint i = 0; i < (uint)length; i++)
        {
            copy[i] = _bytes[At(next + LengthBytes + i)];
        }

        // The rest of the frame in front moves up, from its end.
        var removed = (uint)length + LengthBytes;
        for (var i = _leftInFrame; i > 0; i--)
        {
            _bytes[At(_head + i - 1 + removed)] = _bytes[At(_head + i - 1)];
        }

        _head = At(_head + removed);
        _used -= removed;
        return true;
    }

    private static void Copy(byte* destination, byte* source, uint length)
    {
        uint i = 0;
        for (; i + 8 <= length; i += 8)
        {
            *(ulong*)(destination + i) = *(ulong*)(source + i);
        }

        for (; i < length; i++)
        {
            destination[i] = source[i];
        }
    }

    private readonly uint At(uint index) => index >= _capacity ? index - _capacity : index;

    private void Put(byte value)
    {
        _bytes[_tail] = value;
        _tail = _tail + 1 == _capacity ? 0 : _tail + 1;
        _used++;
    }

    private byte Get()
    {
        var value = _bytes[_head];
        _head = _head + 1 == _capacity ? 0 : _head + 1;
        _used--;
        return value;
    }
}
