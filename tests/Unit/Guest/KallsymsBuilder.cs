using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using HvKernel.Guest.Linux;

namespace HvKernel.Tests.Guest;

/// <summary>
/// Lays out a symbol table as the kernel's scripts/kallsyms.c does, in each of its historical forms, inside an image of other bytes.
/// Written from the format's description, apart from the code that reads it.
/// </summary>
public sealed class KallsymsBuilder
{
    public const ulong ImageBase = 0xFFFF_FFFF_9A00_0000;

    private readonly byte[] _image;
    private int _position;

    private KallsymsBuilder(int size, int start)
    {
        _image = new byte[size];
        _position = start;
    }

    /// <summary>Symbols ascending by address; names with the type's letter in front.</summary>
    public static List<(ulong Address, string TypedName)> Symbols(Random random, int count, bool perCpu)
    {
        string[] words = ["task", "mm", "init", "sched", "vm", "page", "irq", "Free", "do", "get", "put", "x86", "probe", "write", "jkqz", "bdflhow", "cnpuv", "y"];
        var symbols = new List<(ulong, string)>(count);
        ulong address = 0;
        for (var i = 0; i < count; i++)
        {
            if (!perCpu || i == count / 20)
                address = Math.Max(address, ImageBase);
            var name = new StringBuilder(random.Next(3) switch { 0 => "T", 1 => "d", _ => "t" });
            for (var part = random.Next(1, 5); part >= 0; part--)
                name.Append(words[random.Next(words.Length)]).Append('_');
            name.Append(i % 97 == 0 ? "twin" : i.ToString("x", System.Globalization.CultureInfo.InvariantCulture));

            // So long a name has two bytes of length even when its tokens are long.
            if (i == count / 2)
                name.Append(string.Concat(Enumerable.Range(0, 400).Select(n => (char)('a' + n * 7 % 26))));
            symbols.Add((address, name.ToString()));
            if (random.Next(10) != 0)
                address += (ulong)random.Next(1, 0x80);
        }
        return symbols;
    }

    public static byte[] Build(KallsymsForm form, List<(ulong Address, string TypedName)> symbols, int start, int size)
    {
        var builder = new KallsymsBuilder(size, start);
        var alignment = form == KallsymsForm.C ? 4 : 8;
        var tokens = Tokens(symbols);
        var (names, markers) = Compress(symbols, tokens);
        var sequence = Enumerable.Range(0, symbols.Count).OrderBy(i => symbols[i].TypedName[1..], StringComparer.Ordinal).ThenBy(i => i).ToArray();
        var relativeBase = symbols.First(s => s.Address >= ImageBase).Address;

        void Align()
        {
            while (builder._position % alignment != 0)
                builder._image[builder._position++] = 0;
        }

        void Addresses()
        {
            Align();
            foreach (var (address, _) in symbols)
            {
                builder.UInt32(form switch
                {
                    KallsymsForm.C => (uint)(address - (ImageBase + (ulong)builder._position)),
                    KallsymsForm.BUnsigned => (uint)(address - relativeBase),
                    _ => address < ImageBase ? (uint)address : (uint)(-1 - (long)(address - relativeBase)),
                });
            }
            if (form == KallsymsForm.C)
                return;
            Align();
            builder.UInt64(relativeBase);
        }

        void Sequences()
        {
            Align();
            foreach (var number in sequence)
                builder.Bytes([(byte)(number >> 16), (byte)(number >> 8), (byte)number]);
        }

        void NamesAndMarkers()
        {
            Align();
            builder.UInt32((uint)symbols.Count);
            Align();
            builder.Bytes(names);
            Align();
            foreach (var marker in markers)
                builder.UInt32(marker);
        }

        void TokenParts()
        {
            Align();
            var offsets = new List<ushort>();
            var first = builder._position;
            foreach (var token in tokens)
            {
                offsets.Add((ushort)(builder._position - first));
                builder.Bytes(Encoding.ASCII.GetBytes(token + '\0'));
            }
            Align();
            foreach (var offset in offsets)
                builder.Bytes([(byte)offset, (byte)(offset >> 8)]);
        }

        if (form == KallsymsForm.A)
        {
            Addresses();
            NamesAndMarkers();
            Sequences();
            TokenParts();
        }
        else
        {
            NamesAndMarkers();
            TokenParts();
            Addresses();
            Sequences();
        }
        return builder._image;
    }

    // Every letter that occurs is a token at its own number; the other numbers hold pairs and triples.
    private static string[] Tokens(List<(ulong Address, string TypedName)> symbols)
    {
        var letters = symbols.SelectMany(s => s.TypedName).ToHashSet();
        var pieces = symbols.SelectMany(s => Enumerable.Range(0, s.TypedName.Length - 3).Select(i => s.TypedName.Substring(i, 2 + i % 2)))
            .GroupBy(p => p).OrderByDescending(g => g.Count()).Select(g => g.Key).Take(256).ToArray();
        var next = 0;
        return [.. Enumerable.Range(0, 256).Select(i => letters.Contains((char)i) ? ((char)i).ToString() : pieces[next++ % pieces.Length])];
    }

    private static (byte[] Names, List<uint> Markers) Compress(List<(ulong Address, string TypedName)> symbols, string[] tokens)
    {
        var names = new List<byte>();
        var markers = new List<uint>();
        for (var i = 0; i < symbols.Count; i++)
        {
            if (i % 256 == 0)
                markers.Add((uint)names.Count);
            var left = symbols[i].TypedName.AsSpan();
            var numbers = new List<byte>();
            while (left.Length > 0)
            {
                var best = left[0];
                for (var t = 0; t < 256; t++)
                {
                    if (tokens[t].Length > tokens[best].Length && left.StartsWith(tokens[t], StringComparison.Ordinal))
                        best = (char)t;
                }
                numbers.Add((byte)best);
                left = left[tokens[best].Length..];
            }
            if (numbers.Count < 128)
                names.Add((byte)numbers.Count);
            else
                names.AddRange([(byte)((numbers.Count & 0x7F) | 0x80), (byte)(numbers.Count >> 7)]);
            names.AddRange(numbers);
        }
        return ([.. names], markers);
    }

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_image.AsSpan(_position));
        _position += bytes.Length;
    }

    private void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_image.AsSpan(_position), value);
        _position += 4;
    }

    private void UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_image.AsSpan(_position), value);
        _position += 8;
    }
}
