using System;

namespace HvKernel.Protocol;

/// <summary>
/// CRC-32 as Ethernet, zlib and PNG use it: polynomial 0x04C11DB7 reflected, initial value and final XOR all ones.
/// Check value of the nine ASCII digits "123456789": 0xCBF43926.
/// </summary>
public static class Crc32
{
    /// <summary>The value to start <see cref="Update"/> with.</summary>
    public const uint Start = 0xFFFF_FFFF;

    // One entry for each value of four bits, little-endian: small enough to stay in the cache beside the guest's own lines.
    private static ReadOnlySpan<byte> NibbleTable =>
    [
        0x00, 0x00, 0x00, 0x00, 0x64, 0x10, 0xB7, 0x1D, 0xC8, 0x20, 0x6E, 0x3B, 0xAC, 0x30, 0xD9, 0x26,
        0x90, 0x41, 0xDC, 0x76, 0xF4, 0x51, 0x6B, 0x6B, 0x58, 0x61, 0xB2, 0x4D, 0x3C, 0x71, 0x05, 0x50,
        0x20, 0x83, 0xB8, 0xED, 0x44, 0x93, 0x0F, 0xF0, 0xE8, 0xA3, 0xD6, 0xD6, 0x8C, 0xB3, 0x61, 0xCB,
        0xB0, 0xC2, 0x64, 0x9B, 0xD4, 0xD2, 0xD3, 0x86, 0x78, 0xE2, 0x0A, 0xA0, 0x1C, 0xF2, 0xBD, 0xBD,
    ];

    /// <summary>Folds <paramref name="length"/> bytes into a running value; <see cref="Finish"/> makes the checksum of it.</summary>
    public static unsafe uint Update(uint running, byte* data, int length)
    {
        fixed (byte* table = NibbleTable)
        {
            var entries = (uint*)table;
            for (var i = 0; i < length; i++)
            {
                running ^= data[i];
                running = (running >> 4) ^ entries[running & 15];
                running = (running >> 4) ^ entries[running & 15];
            }
        }

        return running;
    }

    /// <summary>The checksum that goes on the line.</summary>
    public static uint Finish(uint running) => ~running;

    /// <summary>The checksum of one range of bytes.</summary>
    public static unsafe uint Of(byte* data, int length) => Finish(Update(Start, data, length));
}
