using System;

namespace HvKernel.Guests.Lab;

/// <summary>Words and numbers in the load options' UTF-16 text.</summary>
internal static unsafe class OptionText
{
    public static bool TryNumber(char* text, int length, out ulong value)
    {
        value = 0;
        for (var i = 0; i < length; i++)
        {
            if (text[i] is < '0' or > '9' || i == 10)
            {
                return false;
            }

            value = (value * 10) + text[i] - '0';
        }

        return length > 0;
    }

    public static int Find(char* text, int length, char wanted)
    {
        for (var i = 0; i < length; i++)
        {
            if (text[i] == wanted)
            {
                return i;
            }
        }

        return -1;
    }

    public static bool Is(char* text, int length, ReadOnlySpan<byte> word)
    {
        if (length != word.Length)
        {
            return false;
        }

        for (var i = 0; i < length; i++)
        {
            if (text[i] != word[i])
            {
                return false;
            }
        }

        return true;
    }
}
