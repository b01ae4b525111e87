using System;

namespace HvKernel.Guests.Lab;

/// <summary>Settings of scenarios with several processors.</summary>
internal unsafe struct ThreadSettings
{
    public const int MaximumThreads = 32;
    private const int Kinds = 5;
    private const ulong DefaultEach = 10;
    private const ulong MaximumEach = 1_000_000;

    /// <summary>A thread gives its processor away after so many transitions.</summary>
    public ulong Each;

    /// <summary>Bits by <see cref="ScenarioKind"/>, from <c>syscall</c> to <c>timer</c>: what a thread does by turns.</summary>
    public byte Does;

    /// <summary>Threads of the process under test; 0: as many as processors.</summary>
    public byte Threads;

    /// <summary>Threads of its neighbour, which always migrate.</summary>
    public byte Others;

    /// <summary>A processor without threads halts until another one sends it an interrupt, and does not spin.</summary>
    public bool HaltsIdle;

    public void Initialize()
    {
        this = default;
        Each = DefaultEach;
        Does = 1;
    }

    /// <summary>Takes a setting. False: there is none of that name; else <paramref name="known"/> says whether its value was one.</summary>
    public bool Setting(char* name, int length, char* value, int valueLength, out bool known)
    {
        ulong number;
        if (OptionText.Is(name, length, "threads"u8))
        {
            known = OptionText.TryNumber(value, valueLength, out number) && number <= MaximumThreads;
            Threads = (byte)number;
            return true;
        }

        if (OptionText.Is(name, length, "others"u8))
        {
            known = OptionText.TryNumber(value, valueLength, out number) && number <= MaximumThreads;
            Others = (byte)number;
            return true;
        }

        if (OptionText.Is(name, length, "each"u8))
        {
            known = OptionText.TryNumber(value, valueLength, out Each) && Each is > 0 and <= MaximumEach;
            return true;
        }

        if (OptionText.Is(name, length, "idle"u8))
        {
            HaltsIdle = OptionText.Is(value, valueLength, "halt"u8);
            known = HaltsIdle || OptionText.Is(value, valueLength, "spin"u8);
            return true;
        }

        if (OptionText.Is(name, length, "does"u8))
        {
            known = TryKinds(value, valueLength);
            return true;
        }

        known = false;
        return false;
    }

    // Names with plus signs between.
    private bool TryKinds(char* text, int length)
    {
        Does = 0;
        for (var start = 0; start <= length;)
        {
            var end = start;
            while (end < length && text[end] != '+')
            {
                end++;
            }

            var before = Does;
            for (var kind = 0; kind < Kinds; kind++)
            {
                if (OptionText.Is(text + start, end - start, Names.Of((ScenarioKind)kind)))
                {
                    Does |= (byte)(1 << kind);
                }
            }

            if (Does == before)
            {
                return false;
            }

            start = end + 1;
        }

        return true;
    }
}
