using System;
using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>Text on the first serial port, polled; without state, so it works at any time and at any address.</summary>
internal static class Com1
{
    private const ushort Base = 0x3F8;
    private const byte HasRoom = 1 << 5;
    private const byte AllSent = 1 << 6;
    private const int MaximumPolls = 1_000_000;

    /// <summary>115,200 baud, 8N1, no interrupts.</summary>
    public static void Initialize()
    {
        Port.Out8(Base + 1, 0);
        Port.Out8(Base + 3, 0x80);
        Port.Out8(Base, 1);
        Port.Out8(Base + 1, 0);
        Port.Out8(Base + 3, 0x03);
        Port.Out8(Base + 2, 0x07);
        Port.Out8(Base + 4, 0x03);
    }

    public static void Byte(byte value)
    {
        WaitFor(HasRoom);
        Port.Out8(Base, value);
    }

    /// <summary>Waits until the last byte is on the line: a machine that ends takes what is left with it.</summary>
    public static void Drain() => WaitFor(AllSent);

    public static void Text(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            Byte(text[i]);
        }
    }

    public static void Line(ReadOnlySpan<byte> text)
    {
        Text(text);
        EndLine();
    }

    public static void EndLine()
    {
        Byte((byte)'\r');
        Byte((byte)'\n');
    }

    public static void Decimal(ulong value)
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

    /// <summary>0x and no leading zeros.</summary>
    public static void Hex(ulong value)
    {
        Text("0x"u8);
        var digits = 1;
        for (var rest = value >> 4; rest != 0; rest >>= 4)
        {
            digits++;
        }

        for (var i = digits - 1; i >= 0; i--)
        {
            Digit((int)(value >> (4 * i)) & 15);
        }
    }

    /// <summary>Two digits for each byte, without blanks.</summary>
    public static unsafe void Bytes(byte* bytes, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Digit(bytes[i] >> 4);
            Digit(bytes[i] & 15);
        }
    }

    /// <summary>A blank, the name, an equals sign and the number.</summary>
    public static void HexField(ReadOnlySpan<byte> name, ulong value)
    {
        Name(name);
        Hex(value);
    }

    /// <summary>As <see cref="HexField"/>, in decimal.</summary>
    public static void DecimalField(ReadOnlySpan<byte> name, ulong value)
    {
        Name(name);
        Decimal(value);
    }

    /// <summary>As <see cref="HexField"/>, a word.</summary>
    public static void WordField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Name(name);
        Text(value);
    }

    private static void Name(ReadOnlySpan<byte> name)
    {
        Byte((byte)' ');
        Text(name);
        Byte((byte)'=');
    }

    private static void WaitFor(byte status)
    {
        for (var polls = 0; polls < MaximumPolls && (Port.In8(Base + 5) & status) == 0; polls++)
        {
        }
    }

    private static void Digit(int digit) => Byte((byte)(digit < 10 ? '0' + digit : 'a' + digit - 10));
}
