using System;

namespace HvKernel.Link;

/// <summary>
/// Assembles readable text in memory that the caller owns and hands it to a sink a line at a time. Pure but for the sink.
/// </summary>
public unsafe struct TextWriter
{
    private byte* _buffer;
    private int _capacity;
    private int _length;
    private void* _context;
    private delegate*<void*, byte*, int, void> _sink;

    /// <summary>Writes to <paramref name="sink"/>(<paramref name="context"/>, bytes, count) whenever a line ends or the buffer is full.</summary>
    public void Initialize(byte* buffer, int capacity, void* context, delegate*<void*, byte*, int, void> sink)
    {
        _buffer = buffer;
        _capacity = capacity;
        _length = 0;
        _context = context;
        _sink = sink;
    }

    /// <summary>Appends ASCII text.</summary>
    public void Text(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            Byte(text[i]);
        }
    }

    /// <summary>Appends ASCII text up to its first zero byte, at most <paramref name="capacity"/> bytes; other than printable bytes become '?'.</summary>
    public void ZeroEnded(byte* text, int capacity)
    {
        for (var i = 0; i < capacity && text[i] != 0; i++)
        {
            Byte(text[i] is >= 0x20 and < 0x7F ? text[i] : (byte)'?');
        }
    }

    /// <summary>Appends text and blanks up to a width.</summary>
    public void Padded(ReadOnlySpan<byte> text, int width)
    {
        Text(text);
        for (var i = text.Length; i < width; i++)
        {
            Byte((byte)' ');
        }
    }

    /// <summary>Appends a number in hexadecimal without leading zeros.</summary>
    public void Hex(ulong value)
    {
        var digits = 1;
        for (var rest = value >> 4; rest != 0; rest >>= 4)
        {
            digits++;
        }

        Hex(value, digits);
    }

    /// <summary>Appends the lowest <paramref name="digits"/> hexadecimal digits.</summary>
    public void Hex(ulong value, int digits)
    {
        for (var i = digits - 1; i >= 0; i--)
        {
            var digit = (int)(value >> (4 * i)) & 15;
            Byte((byte)(digit < 10 ? '0' + digit : 'a' + digit - 10));
        }
    }

    /// <summary>Appends a number in decimal.</summary>
    public void Decimal(ulong value)
    {
        var divisor = 1UL;
        while (value / divisor >= 10)
        {
            divisor *= 10;
        }

        for (; divisor != 0; divisor /= 10)
        {
            Byte((byte)('0' + (value / divisor % 10)));
        }
    }

    /// <summary>Appends one byte.</summary>
    public void Byte(byte value)
    {
        if (_length == _capacity)
        {
            Flush();
        }

        _buffer[_length++] = value;
    }

    /// <summary>Ends the line and hands it to the sink.</summary>
    public void EndLine()
    {
        Byte((byte)'\r');
        Byte((byte)'\n');
        Flush();
    }

    /// <summary>Text and the end of its line.</summary>
    public void Line(ReadOnlySpan<byte> text)
    {
        Text(text);
        EndLine();
    }

    /// <summary>Hands what was appended to the sink.</summary>
    public void Flush()
    {
        if (_length > 0)
        {
            _sink(_context, _buffer, _length);
            _length = 0;
        }
    }
}
