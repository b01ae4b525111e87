using System;
using HvKernel.Cpu;
using HvKernel.Guests.Lab;

namespace HvKernel.Guests.Conformance;

/// <summary>
/// Lines for COM1. They are collected and then sent a FIFO's depth at a time, the processor asleep between: waiting in a loop for 115,200
/// baud would take an emulator a hundred times longer.
/// </summary>
internal unsafe struct Output
{
    public const int Bytes = 16384;
    private const ushort Base = 0x3F8;
    private const byte HasRoom = 1 << 5;
    private const int FifoBytes = 16;
    private const uint SleepCounts = 100_000;
    private const int MaximumSleeps = 100_000;

    private byte* _buffer;
    private int _count;

    public ulong Lines;

    public void Initialize(byte* buffer)
    {
        _buffer = buffer;
        _count = 0;
        Lines = 0;
    }

    public void Text(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            Byte(text[i]);
        }
    }

    /// <summary>A zero-terminated text.</summary>
    public void Text(byte* text)
    {
        for (; *text != 0; text++)
        {
            Byte(*text);
        }
    }

    public void Byte(byte value)
    {
        if (_count < Bytes)
        {
            _buffer[_count++] = value;
        }
    }

    /// <summary>0x and no leading zeros.</summary>
    public void Hex(ulong value)
    {
        Text("0x"u8);
        var digits = 1;
        for (var rest = value >> 4; rest != 0; rest >>= 4)
        {
            digits++;
        }

        Digits(value, digits);
    }

    public void Digits(ulong value, int digits)
    {
        for (var i = digits - 1; i >= 0; i--)
        {
            var digit = (int)(value >> (4 * i)) & 15;
            Byte((byte)(digit < 10 ? '0' + digit : 'a' + digit - 10));
        }
    }

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

    /// <summary>A blank, the name, an equals sign and the number.</summary>
    public void Field(ReadOnlySpan<byte> name, ulong value)
    {
        Byte((byte)' ');
        Text(name);
        Byte((byte)'=');
        Hex(value);
    }

    /// <summary>The beginning of a check's line.</summary>
    public void Start(ReadOnlySpan<byte> name)
    {
        Lines++;
        Text("check "u8);
        Text(name);
    }

    /// <summary>The end of a line; it is sent.</summary>
    public void End()
    {
        Text("\r\n"u8);
        for (var sent = 0; sent < _count;)
        {
            for (var i = 0; i < MaximumSleeps && (Port.In8(Base + 5) & HasRoom) == 0; i++)
            {
                Machine.Sleep(SleepCounts);
            }

            for (var i = 0; i < FifoBytes && sent < _count; i++)
            {
                Port.Out8(Base, _buffer[sent++]);
            }
        }

        _count = 0;
    }
}
