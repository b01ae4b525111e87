using System;

namespace HvKernel.Guests.Conformance;

/// <summary>The load options: at most one mode, and the range that an attack is aimed at.</summary>
internal static unsafe class Options
{
    /// <summary>False where a word is none of ours. The text ends at a zero or after <paramref name="length"/> characters.</summary>
    public static bool Parse(char* text, int length, Guest* guest)
    {
        for (var i = 0; i < length && text[i] != 0;)
        {
            if (text[i] == ' ')
            {
                i++;
                continue;
            }

            var word = i;
            while (i < length && text[i] != 0 && text[i] != ' ')
            {
                i++;
            }

            if (!Word(text + word, i - word, guest))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Word(char* word, int length, Guest* guest)
    {
        if (Is(word, length, "attack"u8))
        {
            guest->Mode = Mode.Attack;
        }
        else if (Is(word, length, "attack-triplefault"u8))
        {
            guest->Mode = Mode.TripleFault;
        }
        else if (Is(word, length, "attack-init"u8))
        {
            guest->Mode = Mode.Init;
        }
        else if (Is(word, length, "tables"u8))
        {
            guest->Mode = Mode.Tables;
        }
        else
        {
            var start = "reserved="u8;
            var i = 0;
            return length > start.Length && Is(word, start.Length, start)
                && Number(word + start.Length, length - start.Length, ref i, out guest->AttackStart)
                && start.Length + i < length && word[start.Length + i++] == '-'
                && Number(word + start.Length, length - start.Length, ref i, out guest->AttackEnd)
                && start.Length + i == length;
        }

        return true;
    }

    private static bool Is(char* word, int length, ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (i >= length || word[i] != name[i])
            {
                return false;
            }
        }

        return length == name.Length;
    }

    private static bool Number(char* text, int length, ref int i, out ulong value)
    {
        value = 0;
        if (i + 2 >= length || text[i] != '0' || text[i + 1] != 'x')
        {
            return false;
        }

        for (i += 2; i < length; i++)
        {
            var c = text[i] | 0x20;
            var digit = c is >= '0' and <= '9' ? c - '0' : c is >= 'a' and <= 'f' ? c - 'a' + 10 : -1;
            if (digit < 0)
            {
                break;
            }

            value = (value << 4) | (uint)digit;
        }

        return true;
    }
}
