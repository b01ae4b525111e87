using System;
using System.Buffers.Binary;
using System.IO;
using System.Text;

namespace HvDbg.Client;

/// <summary>
/// The container of a program database: numbered streams in blocks (LLVM documentation, "The MSF File Format"). A file that is damaged gives an
/// <see cref="InvalidDataException"/>, and no other.
/// </summary>
internal sealed class MsfFile
{
    private const int MagicBytes = 32;
    private const int HeaderBytes = MagicBytes + 24;
    private const uint Absent = 0xFFFF_FFFF;

    private readonly byte[] _file;
    private readonly int _blockBytes;
    private readonly int[] _sizes;
    private readonly int[][] _blocks;

    public MsfFile(byte[] file)
    {
        _file = file;
        if (file.Length < HeaderBytes || !file.AsSpan(0, 24).SequenceEqual("Microsoft C/C++ MSF 7.00"u8))
        {
            throw new InvalidDataException("no program database");
        }

        _blockBytes = Word(MagicBytes);
        if (_blockBytes is not (512 or 1024 or 2048 or 4096))
        {
            throw new InvalidDataException("a block size that there is not");
        }

        // The directory's blocks are listed in one block of their own.
        var directoryBytes = Word(MagicBytes + 12);
        var directoryBlocks = new int[Count(directoryBytes)];
        for (var i = 0; i < directoryBlocks.Length; i++)
        {
            directoryBlocks[i] = Word(Offset(Word(MagicBytes + 20)) + (4 * i));
        }

        var directory = Join(directoryBlocks, directoryBytes);
        var reader = new PdbReader(directory);
        var streams = reader.Length();
        _sizes = new int[streams];
        for (var i = 0; i < streams; i++)
        {
            var size = reader.UInt32();
            _sizes[i] = size == Absent ? 0 : checked((int)size);
        }

        _blocks = new int[streams][];
        for (var i = 0; i < streams; i++)
        {
            _blocks[i] = new int[Count(_sizes[i])];
            for (var block = 0; block < _blocks[i].Length; block++)
            {
                _blocks[i][block] = (int)reader.UInt32();
            }
        }
    }

    /// <summary>The bytes of a stream.</summary>
    public byte[] Stream(int number) => number >= 0 && number < _sizes.Length
        ? Join(_blocks[number], _sizes[number])
        : throw new InvalidDataException($"no stream {number}");

    private byte[] Join(int[] blocks, int bytes)
    {
        var joined = new byte[bytes];
        for (var i = 0; i < blocks.Length; i++)
        {
            var start = i * _blockBytes;
            var count = Math.Min(_blockBytes, bytes - start);
            var offset = Offset(blocks[i]);
            if (offset > _file.Length - count)
            {
                throw new InvalidDataException("a block behind the end of the file");
            }

            _file.AsSpan(offset, count).CopyTo(joined.AsSpan(start));
        }

        return joined;
    }

    private int Count(int bytes) => bytes is >= 0 and <= int.MaxValue - 4096 && bytes <= _file.Length
        ? (bytes + _blockBytes - 1) / _blockBytes
        : throw new InvalidDataException("a stream that is longer than the file");

    private int Offset(int block) => block >= 0 && block <= _file.Length / _blockBytes
        ? block * _blockBytes
        : throw new InvalidDataException("a block behind the end of the file");

    private int Word(int offset) => offset <= _file.Length - 4
        ? BinaryPrimitives.ReadInt32LittleEndian(_file.AsSpan(offset))
        : throw new InvalidDataException("the file ends early");
}

/// <summary>Reads the little-endian values of a stream in order.</summary>
internal ref struct PdbReader(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;

    public int Position { get; private set; }

    public readonly int Left => _data.Length - Position;

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    /// <summary>A count or a length, which cannot be more than there are bytes left.</summary>
    public int Length()
    {
        var value = UInt32();
        return value <= (uint)Left ? (int)value : throw new InvalidDataException("a length behind the end of its stream");
    }

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count < 0 || count > Left)
        {
            throw new InvalidDataException("the stream ends early");
        }

        var bytes = _data.Slice(Position, count);
        Position += count;
        return bytes;
    }

    /// <summary>Text up to its zero.</summary>
    public string Text()
    {
        var rest = _data[Position..];
        var end = rest.IndexOf((byte)0);
        if (end < 0)
        {
            throw new InvalidDataException("a text without end");
        }

        Position += end + 1;
        return Encoding.UTF8.GetString(rest[..end]);
    }

    /// <summary>Skips to the next multiple of four.</summary>
    public void Align() => Bytes(Math.Min(-Position & 3, Left));
}
