using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace HvDbg.Display;

/// <summary>How <c>db</c>, <c>dc</c>, <c>dd</c> and <c>dq</c> group sixteen bytes.</summary>
public enum DumpUnit
{
    /// <summary>Bytes and characters.</summary>
    Byte,

    /// <summary>Double words and characters.</summary>
    DoubleWordWithText,

    /// <summary>Double words.</summary>
    DoubleWord,

    /// <summary>Quad words, with a backtick in the middle.</summary>
    QuadWord,
}

/// <summary>Memory dumps in HyperDbg's layout: sixteen bytes a line.</summary>
public static class HexDump
{
    private const int RowBytes = 16;

    /// <summary>Bytes of one item.</summary>
    public static int SizeOf(DumpUnit unit) => unit switch { DumpUnit.Byte => 1, DumpUnit.QuadWord => 8, _ => 4 };

    /// <summary>The lines of a dump. Where fewer than <paramref name="length"/> bytes could be read, the rest of the last line shows as '?'.</summary>
    public static IEnumerable<string> Lines(ulong address, byte[] bytes, int length, DumpUnit unit)
    {
        for (var start = 0; start < bytes.Length; start += RowBytes)
        {
            var here = Math.Min(RowBytes, length - start);
            var known = Math.Min(here, bytes.Length - start);
            yield return Row(unchecked(address + (ulong)start), bytes.AsSpan(start, known), here, unit);
        }
    }

    private static string Row(ulong address, ReadOnlySpan<byte> bytes, int length, DumpUnit unit)
    {
        var size = SizeOf(unit);
        var text = new StringBuilder(Format.Address(address)).Append(' ');
        for (var at = 0; at < RowBytes; at += size)
        {
            text.Append(' ').Append(at < length ? Item(bytes, at, size) : new string(' ', Width(size)));
        }

        if (unit is DumpUnit.Byte or DumpUnit.DoubleWordWithText)
        {
            text.Append("  ");
            for (var at = 0; at < length; at++)
            {
                text.Append(at >= bytes.Length ? '?' : bytes[at] is >= 0x20 and < 0x7F ? (char)bytes[at] : '.');
            }
        }

        return text.ToString().TrimEnd();
    }

    private static int Width(int size) => size == 8 ? 17 : size * 2;

    private static string Item(ReadOnlySpan<byte> bytes, int at, int size)
    {
        if (at + size > bytes.Length)
        {
            return size == 8 ? "????????`????????" : new string('?', size * 2);
        }

        var item = bytes.Slice(at, size);
        return size switch
        {
            1 => item[0].ToString("X2", CultureInfo.InvariantCulture),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(item).ToString("X8", CultureInfo.InvariantCulture),
            _ => string.Create(
                CultureInfo.InvariantCulture,
                $"{BinaryPrimitives.ReadUInt32LittleEndian(item[4..]):X8}`{BinaryPrimitives.ReadUInt32LittleEndian(item):X8}"),
        };
    }
}
