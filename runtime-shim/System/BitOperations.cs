using System.Runtime.CompilerServices;

namespace System.Numerics;

/// <summary>Bit counting without POPCNT and LZCNT: the image is compiled for the x86-64 baseline.</summary>
public static class BitOperations
{
    /// <summary>Bits that are set.</summary>
    public static int PopCount(ulong value)
    {
        value -= (value >> 1) & 0x5555_5555_5555_5555;
        value = (value & 0x3333_3333_3333_3333) + ((value >> 2) & 0x3333_3333_3333_3333);
        value = (value + (value >> 4)) & 0x0F0F_0F0F_0F0F_0F0F;
        return (int)((value * 0x0101_0101_0101_0101) >> 56);
    }

    /// <summary>Bits that are set.</summary>
    public static int PopCount(uint value) => PopCount((ulong)value);

    /// <summary>Index of the lowest set bit; 64 for 0.</summary>
    public static int TrailingZeroCount(ulong value) => value == 0 ? 64 : PopCount((value & (0 - value)) - 1);

    /// <summary>Index of the lowest set bit; 32 for 0.</summary>
    public static int TrailingZeroCount(uint value) => value == 0 ? 32 : TrailingZeroCount((ulong)value);

    /// <summary>Zero bits above the highest set bit; 64 for 0.</summary>
    public static int LeadingZeroCount(ulong value) => value == 0 ? 64 : 63 - Log2(value);

    /// <summary>Zero bits above the highest set bit; 32 for 0.</summary>
    public static int LeadingZeroCount(uint value) => value == 0 ? 32 : 31 - Log2(value);

    /// <summary>Index of the highest set bit; 0 for 0.</summary>
    public static int Log2(ulong value)
    {
        value |= value >> 1;
        value |= value >> 2;
        value |= value >> 4;
        value |= value >> 8;
        value |= value >> 16;
        value |= value >> 32;
        return value == 0 ? 0 : PopCount(value) - 1;
    }

    /// <summary>Index of the highest set bit; 0 for 0.</summary>
    public static int Log2(uint value) => Log2((ulong)value);
}
