using System;

namespace HvKernel.Guests.Acpi;

/// <summary>
/// The load options: <c>[processors=N] [suspend] next=\PATH [the next program's own]</c>. Words are parted by blanks; what stands behind the path
/// is not looked at. Pure.
/// </summary>
internal unsafe struct Options
{
    /// <summary>What the tables have room for.</summary>
    public const int MaximumProcessors = 64;

    /// <summary>How many there are where the firmware does not tell.</summary>
    public int Processors;

    /// <summary>Whether the tables offer suspend to RAM.</summary>
    public bool Suspend;
    public char* Next;
    public int NextLength;

    /// <summary>The next program's load options; never null once parsed.</summary>
    public char* Rest;

    /// <summary>In characters, with the zero that ends them where there is one.</summary>
    public int RestLength;

    /// <summary>The word that is none of ours; empty where the path is missing.</summary>
    public char* Bad;
    public int BadLength;

    /// <summary>False where a word is unknown or there is no path.</summary>
    public bool Parse(char* text, int capacity)
    {
        Processors = 1;
        var length = 0;
        while (length < capacity && text[length] != 0)
        {
            length++;
        }

        for (var start = 0; start < length;)
        {
            var end = start;
            while (end < length && text[end] > ' ')
            {
                end++;
            }

            if (Begins(text, start, end, "next="u8))
            {
                Next = text + start + 5;
                NextLength = end - start - 5;
                Rest = text + (end < length ? end + 1 : end);
                RestLength = (int)(text + capacity - Rest);
                Bad = text + start;
                BadLength = end - start;
                return NextLength > 1 && Next[0] == '\\';
            }

            // A shell gives the program's own name first.
            var isName = start == 0 && end > 4 && text[end - 4] == '.';
            if (end > start && !isName && !TrySuspend(text, start, end) && !TryProcessors(text, start, end))
            {
                Bad = text + start;
                BadLength = end - start;
                return false;
            }

            start = end + 1;
        }

        return false;
    }

    private bool TrySuspend(char* text, int start, int end)
    {
        var named = end - start == 7 && Begins(text, start, end, "suspend"u8);
        Suspend |= named;
        return named;
    }

    private bool TryProcessors(char* text, int start, int end)
    {
        if (!Begins(text, start, end, "processors="u8))
        {
            return false;
        }

        Processors = 0;
        for (var i = start + 11; i < end; i++)
        {
            if (text[i] is < '0' or > '9' || Processors > MaximumProcessors)
            {
                return false;
            }

            Processors = (10 * Processors) + text[i] - '0';
        }

        return Processors is > 0 and <= MaximumProcessors;
    }

    private static bool Begins(char* text, int start, int end, ReadOnlySpan<byte> name)
    {
        if (end - start < name.Length)
        {
            return false;
        }

        for (var i = 0; i < name.Length; i++)
        {
            if (text[start + i] != name[i])
            {
                return false;
            }
        }

        return true;
    }
}
