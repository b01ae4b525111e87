namespace HvKernel.Guest.Linux;

/// <summary>
/// Finds the kernel's own symbol table in its image, without symbols. The tokens of the name compression have a form that nothing else in
/// the image has; from them the other parts follow, each checked against what is already known, down to the order of all addresses.
/// </summary>
public static unsafe class KallsymsFinder
{
    private const uint Tokens = 256;
    private const uint LongestToken = 128;
    private const uint NamesPerBlock = 256;
    private const uint LongestName = 1024;
    private const uint FewestBlocks = 4;
    private const uint MostSymbols = 1 << 20;

    // Bounds for an image made to mislead; a real one has one set of tables, right at the first try.
    private const int MostTokenTables = 8;
    private const int MostMarkers = 4;

    // Bytes of would-be tokens, and would-be names, that are read in one search. A real image takes some 100,000 of the first, and its own names of
    // the others, 200,000.
    private const int MostTokenBytes = 32 << 20;
    private const int MostNames = 8 << 20;

    /// <summary>Finds and checks the tables. <paramref name="imageBase"/> is the linear address of the image's first byte.</summary>
    public static bool TryFind(in ImageBytes image, ulong imageBase, out KallsymsTables tables)
    {
        uint from = 0;
        var tokenBytes = MostTokenBytes;
        var names = MostNames;
        for (var i = 0; i < MostTokenTables && TryFindTokens(in image, ref from, ref tokenBytes, out tables); i++)
        {
            if (TryFindNames(in image, ref names, ref tables) && TryFindAddresses(in image, imageBase, ref tables))
                return true;
        }
        tables = default;
        return false;
    }

    // Each letter that occurs in any symbol is a token of itself, so the table holds "a\0b\0...z\0": 52 bytes, in which an aligned
    // 8-byte word at a multiple of 32 must lie. Character tables in UTF-16 look alike; the token index tells them apart.
    private static bool TryFindTokens(in ImageBytes image, ref uint from, ref int budget, out KallsymsTables tables)
    {
        const uint Stride = 32;
        const ulong EvenMask = 0xFFE0_FFE0_FFE0_FFE0;
        const ulong EvenLetters = 0x0060_0060_0060_0060;
        const ulong OddMask = 0xE0FF_E0FF_E0FF_E0FF;
        const ulong OddLetters = 0x6000_6000_6000_6000;

        tables = default;
        if (image.Length < Stride)
            return false;
        var start = image.Start;
        var end = image.Length - Stride;
        for (var offset = from; offset <= end && budget > 0; offset += Stride)
        {
            var word = *(ulong*)(start + offset);
            uint letter;
            if ((word & EvenMask) == EvenLetters)
                letter = offset;
            else if ((word & OddMask) == OddLetters)
                letter = offset + 1;
            else
                continue;

            if (TryTokensAround(in image, letter, ref budget, ref tables))
            {
                from = offset + Stride;
                return true;
            }
        }
        return false;
    }

    // `letter` may be where the token of that letter stands. Goes forward to the end of the tokens, reads in the index behind them where
    // the first one must be, and then holds every token against the index.
    private static bool TryTokensAround(in ImageBytes image, uint letter, ref int budget, ref KallsymsTables tables)
    {
        var number = (uint)image.Byte(letter);
        var end = letter;
        for (var i = number; i < Tokens; i++)
        {
            if (!TrySkipToken(in image, ref budget, ref end))
                return false;
        }

        for (uint alignment = 8; alignment >= 4; alignment >>= 1)
        {
            var index = AlignUp(end, alignment);
            uint distance = image.UInt16(index + number * 2);
            if (!image.Contains(index, Tokens * 2) || distance > letter || (letter - distance) % 4 != 0)
                continue;

            var table = letter - distance;
            var position = table;
            uint i = 0;
            while (i < Tokens && image.UInt16(index + i * 2) == position - table && TrySkipToken(in image, ref budget, ref position))
                i++;
            if (i == Tokens && position == end)
            {
                tables.TokenTable = table;
                tables.TokenIndex = index;
                return true;
            }
        }
        return false;
    }

    private static bool TrySkipToken(in ImageBytes image, ref int budget, ref uint position)
    {
        for (uint length = 0; length < LongestToken; length++)
        {
            if (position >= image.Length || --budget < 0)
                return false;
            if (image.Start[position++] == 0)
                return true;
        }
        return false;
    }

    // The markers stand before the tokens: directly, or (form A) with the 3-byte sequence numbers between. They are the only place there
    // where 4-byte values rise from 0 in steps of the size of 256 names.
    private static bool TryFindNames(in ImageBytes image, ref int budget, ref KallsymsTables tables)
    {
        const uint SmallestBlock = NamesPerBlock * 2;
        const uint LargestBlock = NamesPerBlock * 128;

        var lowest = tables.TokenTable > 3 * MostSymbols ? tables.TokenTable - 3 * MostSymbols : 8;
        uint run = 1;
        var tries = 0;
        for (var position = tables.TokenTable - 4; position > lowest && tries < MostMarkers; position -= 4)
        {
            var value = image.UInt32(position);
            if (value == 0)
            {
                if (run > FewestBlocks)
                {
                    if (TryNamesBefore(in image, position, run, ref budget, ref tables))
                        return true;
                    tries++;
                }
                run = 1;
                continue;
            }
            var step = value - image.UInt32(position - 4);
            run = step is >= SmallestBlock and <= LargestBlock ? run + 1 : 1;
        }
        return false;
    }

    // The names end at the markers. Where they begin is told by the number of symbols in front of them, which must agree with the number of
    // markers; then the walk over all names must meet every marker and end here.
    private static bool TryNamesBefore(in ImageBytes image, uint markers, uint blocks, ref int budget, ref KallsymsTables tables)
    {
        var lastBlock = image.UInt32(markers + (blocks - 1) * 4);
        if (lastBlock >= markers)
            return false;
        var highest = markers - lastBlock;
        var reach = NamesPerBlock * LongestName;
        var lowest = highest > reach ? highest - reach : 8;
        for (var names = highest & ~3u; names >= lowest; names -= 4)
        {
            // A 4-byte number, and where the parts are aligned to 8 bytes, 4 bytes more.
            for (uint gap = 4; gap <= 8; gap += 4)
            {
                var count = image.UInt32(names - gap);
                if (count > MostSymbols || (count + NamesPerBlock - 1) / NamesPerBlock != blocks)
                    continue;
                tables.Count = count;
                tables.Names = names;
                tables.NamesEnd = markers;
                tables.Markers = markers;
                if (NamesMeetMarkers(in image, in tables, ref budget))
                    return true;
            }
        }
        return false;
    }

    private static bool NamesMeetMarkers(in ImageBytes image, in KallsymsTables tables, ref int budget)
    {
        var position = tables.Names;
        for (uint i = 0; i < tables.Count; i++)
        {
            if (i % NamesPerBlock == 0 && image.UInt32(tables.Markers + i / NamesPerBlock * 4) != position - tables.Names)
                return false;
            if (position + 2 > tables.NamesEnd || --budget < 0)
                return false;
            uint length = image.Start[position++];
            if ((length & 0x80) != 0)
                length = (length & 0x7F) | ((uint)image.Start[position++] << 7);
            if (length is 0 or > LongestName)
                return false;
            position += length;
        }
        return position <= tables.NamesEnd && tables.NamesEnd - position < 8;
    }

    private static bool TryFindAddresses(in ImageBytes image, ulong imageBase, ref KallsymsTables tables)
    {
        var size = tables.Count * 4;
        var afterTokens = tables.TokenIndex + Tokens * 2;
        var afterMarkers = tables.Markers + (tables.Count + NamesPerBlock - 1) / NamesPerBlock * 4;

        for (var form = KallsymsForm.A; form <= KallsymsForm.C; form++)
        {
            tables.Form = form;
            tables.RelativeBase = 0;
            switch (form)
            {
                case KallsymsForm.A:
                    // Offsets, base, number of symbols, names, each aligned to 8 bytes.
                    if (tables.Names < 16 + AlignUp(size, 8))
                        continue;
                    tables.Addresses = tables.Names - 16 - AlignUp(size, 8);
                    tables.RelativeBase = image.UInt64(tables.Names - 16);
                    tables.Sequences = AlignUp(afterMarkers, 8);
                    break;
                case KallsymsForm.C:
                    tables.Addresses = AlignUp(afterTokens, 4);
                    tables.Sequences = tables.Addresses + size;
                    break;
                default:
                    tables.Addresses = AlignUp(afterTokens, 8);
                    tables.RelativeBase = image.UInt64(AlignUp(tables.Addresses + size, 8));
                    tables.Sequences = AlignUp(tables.Addresses + size, 8) + 8;
                    break;
            }
            if (!image.Contains(tables.Addresses, size) || !AreAddresses(in image, imageBase, in tables))
                continue;
            if (!AreSequences(in image, in tables))
                tables.Sequences = 0;
            return true;
        }
        return false;
    }

    // All ascending, and most of them in or just behind the image (the uninitialised data may end in pages that are not mapped), and
    // spread: zeros, taken for entries of form C, would each be the address of itself.
    private static bool AreAddresses(in ImageBytes image, ulong imageBase, in KallsymsTables tables)
    {
        const ulong Slack = 64 << 20;

        const uint SmallestMean = 8;

        ulong previous = 0;
        ulong first = 0;
        uint inside = 0;
        for (uint i = 0; i < tables.Count; i++)
        {
            var address = Kallsyms.AddressOf(in image, imageBase, in tables, i);
            if (address < previous)
                return false;
            if (address - imageBase <= image.Length + Slack && inside++ == 0)
                first = address;
            previous = address;
        }
        return inside > tables.Count / 2 && previous - first > (ulong)tables.Count * SmallestMean;
    }

    // Each number below the count, and their sum that of all numbers: a permutation as good as certainly.
    private static bool AreSequences(in ImageBytes image, in KallsymsTables tables)
    {
        if (!image.Contains(tables.Sequences, tables.Count * 3))
            return false;
        ulong sum = 0;
        for (uint i = 0; i < tables.Count; i++)
        {
            var number = Kallsyms.SequenceAt(in image, in tables, i);
            if (number >= tables.Count)
                return false;
            sum += number;
        }
        return sum == (ulong)tables.Count * (tables.Count - 1) / 2;
    }

    private static uint AlignUp(uint value, uint alignment) => (value + alignment - 1) & ~(alignment - 1);
}
