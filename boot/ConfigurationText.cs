using System;

namespace HvKernel.Boot;

/// <summary>Values of the configuration, out of its text.</summary>
internal static unsafe class ConfigurationText
{
    public static ConfigurationError TryYesNo(ReadOnlySpan<byte> value, ref bool flag)
    {
        var yes = Same(value, "yes"u8);
        if (!yes && !Same(value, "no"u8))
        {
            return ConfigurationError.NotYesOrNo;
        }

        flag = yes;
        return ConfigurationError.None;
    }

    public static ConfigurationError Copy(ReadOnlySpan<byte> value, char* target, int capacity)
    {
        if (value.Length >= capacity)
        {
            return ConfigurationError.TooLong;
        }

        // A zero would cut the value, and what is not ASCII has no one meaning in a file of unknown encoding.
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] is (< 0x20 and not (byte)'\t') or > 0x7E)
            {
                return ConfigurationError.NotPrintable;
            }
        }

        for (var i = 0; i < value.Length; i++)
        {
            target[i] = (char)value[i];
        }

        target[value.Length] = '\0';
        return ConfigurationError.None;
    }

    public static bool TryNumber(ReadOnlySpan<byte> text, out uint number)
    {
        ulong value = 0;
        number = 0;
        var isHex = text.Length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
        if (text.Length == 0)
        {
            return false;
        }

        for (var i = isHex ? 2 : 0; i < text.Length; i++)
        {
            var letter = text[i] | 0x20;
            uint digit;
            if (text[i] is >= (byte)'0' and <= (byte)'9')
            {
                digit = (uint)text[i] - '0';
            }
            else if (isHex && letter is >= 'a' and <= 'f')
            {
                digit = (uint)letter - 'a' + 10;
            }
            else
            {
                return false;
            }

            value = (value * (isHex ? 16UL : 10UL)) + digit;
            if (value > uint.MaxValue)
            {
                return false;
            }
        }

        number = (uint)value;
        return true;
    }

    public static bool Same(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        if (one.Length != other.Length)
        {
            return false;
        }

        for (var i = 0; i < one.Length; i++)
        {
            if (one[i] != other[i])
            {
                return false;
            }
        }

        return true;
    }

    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        var start = 0;
        var end = text.Length;
        while (start < end && text[start] is (byte)' ' or (byte)'\t' or (byte)'\r')
        {
            start++;
        }

        while (end > start && text[end - 1] is (byte)' ' or (byte)'\t' or (byte)'\r')
        {
            end--;
        }

        return text.Slice(start, end - start);
    }
}
