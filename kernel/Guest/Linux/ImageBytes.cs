using System;

namespace HvKernel.Guest.Linux;

/// <summary>
/// The guest kernel's image as one run of bytes, addressed by offset from its start. Everything in it is the guest's to change at any
/// moment, so each access is checked and nothing read twice is taken to be the same.
/// </summary>
public readonly unsafe struct ImageBytes
{
    public readonly byte* Start;
    public readonly uint Length;

    public ImageBytes(byte* start, uint length)
    {
        Start = start;
        Length = length;
    }

    public bool Contains(uint offset, uint count) => offset <= Length && count <= Length - offset;

    /// <summary>The value at <paramref name="offset"/>; 0 outside the image, as in the next ones.</summary>
    public byte Byte(uint offset) => offset < Length ? Start[offset] : (byte)0;

    public ushort UInt16(uint offset) => Contains(offset, 2) ? *(ushort*)(Start + offset) : (ushort)0;

    public uint UInt32(uint offset) => Contains(offset, 4) ? *(uint*)(Start + offset) : 0;

    public ulong UInt64(uint offset) => Contains(offset, 8) ? *(ulong*)(Start + offset) : 0;

    public bool StartsWith(uint offset, ReadOnlySpan<byte> text)
    {
        if (!Contains(offset, (uint)text.Length))
            return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (Start[offset + (uint)i] != text[i])
                return false;
        }
        return true;
    }
}
