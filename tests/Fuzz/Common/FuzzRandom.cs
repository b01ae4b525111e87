using System;

namespace HvKernel.Fuzzing;

/// <summary>Random numbers that depend on a seed alone, also between versions of the runtime (SplitMix64).</summary>
public sealed class FuzzRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E37_79B9_7F4A_7C15;
        return Mix(_state);
    }

    /// <summary>From 0 to one below <paramref name="bound"/>; 0 where that is 0.</summary>
    public int Below(int bound) => bound <= 0 ? 0 : (int)(((Next() >> 32) * (ulong)bound) >> 32);

    /// <summary>From one to the other, both included.</summary>
    public int Between(int lowest, int highest) => lowest + Below(highest - lowest + 1);

    /// <summary>True once in so many times.</summary>
    public bool OneIn(int times) => Below(times) == 0;

    public T Of<T>(ReadOnlySpan<T> choices) => choices[Below(choices.Length)];

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }

    public void Fill(Span<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)Next();
    }

    /// <summary>A 64-bit number as programs get them wrong: small, around a power of two, all ones, or anything.</summary>
    public ulong Odd()
    {
        switch (Below(6))
        {
            case 0:
                return (ulong)Below(64);
            case 1:
                return (1UL << Below(64)) + (ulong)Between(-2, 2);
            case 2:
                return ulong.MaxValue - (ulong)Below(64);
            case 3:
                return 0UL - (1UL << Below(64));
            case 4:
                return Next() >> Below(64);
            default:
                return Next();
        }
    }

    /// <summary>The seed of one case of a run: any case can be made alone.</summary>
    public static ulong SeedOf(ulong seed, string name, long number)
    {
        var mixed = seed;
        foreach (var letter in name)
            mixed = Mix(mixed ^ letter);
        return Mix(mixed + (ulong)number);
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
