using System;

namespace HvKernel.Guest.Linux;

/// <summary>
/// Looks up symbols in the guest kernel's own table. It reads the guest's memory at each call and keeps nothing, so it may be made when needed
/// from what <see cref="LinuxGuest"/> holds. Modules are not in it.
/// </summary>
public readonly unsafe struct Kallsyms
{
    private const uint NamesPerBlock = 256;

    private readonly ImageBytes _image;
    private readonly ulong _imageBase;
    private readonly KallsymsTables _tables;

    public Kallsyms(in ImageBytes image, ulong imageBase, in KallsymsTables tables)
    {
        _image = image;
        _imageBase = imageBase;
        _tables = tables;
    }

    public uint Count => _tables.Count;

    /// <summary>The address of symbol <paramref name="index"/>; symbols are numbered in ascending order of address.</summary>
    public ulong AddressOf(uint index) => AddressOf(in _image, _imageBase, in _tables, index);

    /// <summary>
    /// Writes the name of symbol <paramref name="index"/>, without a zero at the end and cut where <paramref name="name"/> ends, and returns
    /// its length there; <paramref name="type"/> is nm's letter for it.
    /// </summary>
    public int NameOf(uint index, Span<byte> name, out byte type)
    {
        var decoder = DecoderAt(index);
        type = decoder.Next();
        var length = 0;
        while (length < name.Length)
        {
            var letter = decoder.Next();
            if (letter == 0)
                break;
            name[length++] = letter;
        }
        return length;
    }

    /// <summary>
    /// Finds the symbol called <paramref name="name"/>; of several the lowest. By the sorted index where the kernel has it: some 18 names
    /// are decoded; otherwise one name after the other.
    /// </summary>
    public bool TryFind(ReadOnlySpan<byte> name, out ulong address)
    {
        address = 0;
        if (!(_tables.Sequences != 0 ? TryFindSorted(name, out var index) : TryFindInOrder(name, out index)))
            return false;
        address = AddressOf(index);
        return true;
    }

    /// <summary>
    /// Finds the symbol at or before <paramref name="address"/>: of several at one address the first, as the kernel itself does.
    /// <paramref name="offset"/> is the distance from it. Returns false outside the kernel's image.
    /// </summary>
    public bool TryResolve(ulong address, out uint index, out ulong offset)
    {
        index = 0;
        offset = 0;
        if (_tables.Count == 0 || address - _imageBase >= _image.Length || address < AddressOf(0))
            return false;

        uint low = 0;
        var high = _tables.Count;
        while (high - low > 1)
        {
            var middle = low + (high - low) / 2;
            if (AddressOf(middle) <= address)
                low = middle;
            else
                high = middle;
        }
        var start = AddressOf(low);
        while (low > 0 && AddressOf(low - 1) == start)
            low--;
        index = low;
        offset = address - start;
        return start >= _imageBase;
    }

    internal static ulong AddressOf(in ImageBytes image, ulong imageBase, in KallsymsTables tables, uint index)
    {
        if (index >= tables.Count)
            return 0;
        var at = tables.Addresses + index * 4;
        var entry = image.UInt32(at);
        return tables.Form switch
        {
            KallsymsForm.A or KallsymsForm.B => (int)entry >= 0 ? entry : tables.RelativeBase - 1 - (ulong)(long)(int)entry,
            KallsymsForm.BUnsigned => tables.RelativeBase + entry,
            KallsymsForm.C => imageBase + at + (ulong)(long)(int)entry,
            _ => 0,
        };
    }

    internal static uint SequenceAt(in ImageBytes image, in KallsymsTables tables, uint index)
    {
        var at = tables.Sequences + index * 3;
        return ((uint)image.Byte(at) << 16) | ((uint)image.Byte(at + 1) << 8) | image.Byte(at + 2);
    }

    private bool TryFindSorted(ReadOnlySpan<byte> name, out uint index)
    {
        // The lowest of those that are not before the name: symbols of one name are sorted by number.
        uint low = 0;
        var high = _tables.Count;
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            if (Compare(SequenceAt(in _image, in _tables, middle), name) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        index = SequenceAt(in _image, in _tables, low);
        return low < _tables.Count && Compare(index, name) == 0;
    }

    private bool TryFindInOrder(ReadOnlySpan<byte> name, out uint index)
    {
        var position = _tables.Names;
        for (index = 0; index < _tables.Count; index++)
        {
            var decoder = new NameDecoder(in _image, in _tables, ref position);
            if (Compare(ref decoder, name) == 0)
                return true;
        }
        return false;
    }

    private int Compare(uint index, ReadOnlySpan<byte> name)
    {
        var decoder = DecoderAt(index);
        return Compare(ref decoder, name);
    }

    private static int Compare(ref NameDecoder decoder, ReadOnlySpan<byte> name)
    {
        decoder.Next();
        for (var i = 0; i < name.Length; i++)
        {
            var letter = decoder.Next();
            if (letter != name[i])
                return letter - name[i];
        }
        return decoder.Next();
    }

    private NameDecoder DecoderAt(uint index)
    {
        var position = _tables.NamesEnd;
        if (index < _tables.Count)
            position = _tables.Names + _image.UInt32(_tables.Markers + index / NamesPerBlock * 4);
        for (var i = index % NamesPerBlock; i > 0; i--)
            NameDecoder.Skip(in _image, in _tables, ref position);
        return new NameDecoder(in _image, in _tables, ref position);
    }

    /// <summary>Gives the letters of one name. Ends with zeros, after a bounded number of letters whatever the tables hold.</summary>
    private struct NameDecoder
    {
        private const uint MostLetters = 1024;

        private readonly ImageBytes _image;
        private readonly uint _tokenTable;
        private readonly uint _tokenIndex;
        private uint _position;
        private uint _left;
        private uint _token;
        private uint _letters;

        /// <summary>Starts at the name at <paramref name="position"/>, and moves that on to the next one.</summary>
        public NameDecoder(in ImageBytes image, in KallsymsTables tables, ref uint position)
        {
            _image = image;
            _tokenTable = tables.TokenTable;
            _tokenIndex = tables.TokenIndex;
            _left = Length(in image, in tables, ref position);
            _position = position;
            position += _left;
            _token = 0;
            _letters = 0;
        }

        public static void Skip(in ImageBytes image, in KallsymsTables tables, ref uint position)
        {
            var length = Length(in image, in tables, ref position);
            position += length;
        }

        public byte Next()
        {
            while (_letters++ < MostLetters)
            {
                if (_token != 0)
                {
                    var letter = _image.Byte(_token);
                    if (letter != 0)
                    {
                        _token++;
                        return letter;
                    }
                    _token = 0;
                }
                if (_left == 0)
                    return 0;
                _left--;
                _token = _tokenTable + _image.UInt16(_tokenIndex + _image.Byte(_position++) * 2u);
            }
            return 0;
        }

        private static uint Length(in ImageBytes image, in KallsymsTables tables, ref uint position)
        {
            if (position >= tables.NamesEnd)
                return 0;
            uint length = image.Byte(position++);
            if ((length & 0x80) != 0)
                length = (length & 0x7F) | ((uint)image.Byte(position++) << 7);
            return length;
        }
    }
}
