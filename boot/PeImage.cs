namespace HvKernel.Boot;

/// <summary>
/// The image's own headers in memory (PE32+, "Microsoft Portable Executable and Common Object File Format Specification"): sections for
/// their access rights, base relocations for the copy, the build identity. Pure.
/// </summary>
public readonly unsafe struct PeImage
{
    private const int ExceptionDirectory = 3;
    private const int RelocationDirectory = 5;
    private const int DebugDirectory = 6;
    private const ushort RelocationDir64 = 10;
    private const uint CodeViewType = 2;
    private const uint Writable = 0x8000_0000;
    private const uint Executable = 0x2000_0000;

    private readonly byte* _base;
    private readonly byte* _headers;

    /// <param name="imageBase">Where the image was loaded, its headers included.</param>
    public PeImage(byte* imageBase)
    {
        _base = imageBase;
        _headers = imageBase + *(uint*)(imageBase + 0x3C);
    }

    public byte* Base => _base;

    /// <summary>Bytes in memory, a multiple of the page size.</summary>
    public uint Bytes => *(uint*)(_headers + 24 + 56);

    public int Sections => *(ushort*)(_headers + 6);

    /// <summary>One section: where it starts and ends, and what may be done there.</summary>
    public void Section(int index, out uint start, out uint end, out bool writable, out bool executable)
    {
        var section = _headers + 24 + *(ushort*)(_headers + 20) + (40 * index);
        start = *(uint*)(section + 12);
        end = start + *(uint*)(section + 8);
        var characteristics = *(uint*)(section + 36);
        writable = (characteristics & Writable) != 0;
        executable = (characteristics & Executable) != 0;
    }

    /// <summary>Offset of the first RUNTIME_FUNCTION, and how many there are; 0 where the directory is missing or outside the image.</summary>
    public void Functions(out uint offset, out uint count)
    {
        const uint EntryBytes = 12;
        var directory = Directory(ExceptionDirectory);
        offset = directory[0];
        count = directory[0] < Bytes && directory[1] <= Bytes - directory[0] ? directory[1] / EntryBytes : 0;
    }

    /// <summary>
    /// Corrects the absolute addresses in a copy of the image: <paramref name="copy"/> holds the same bytes, and they are to be valid at
    /// its own address. False where a relocation is of a kind that cannot be.
    /// </summary>
    public bool Relocate(byte* copy)
    {
        var delta = (ulong)copy - (ulong)_base;
        var directory = Directory(RelocationDirectory);
        var block = _base + directory[0];
        var end = block + directory[1];
        while (block + 8 <= end)
        {
            var size = *(uint*)(block + 4);
            if (size < 8 || block + size > end)
            {
                return false;
            }

            for (uint i = 8; i + 2 <= size; i += 2)
            {
                var entry = *(ushort*)(block + i);
                switch (entry >> 12)
                {
                    case 0:
                        break;
                    case RelocationDir64:
                        *(ulong*)(copy + *(uint*)block + (uint)(entry & 0xFFF)) += delta;
                        break;
                    default:
                        return false;
                }
            }

            block += size;
        }

        return true;
    }

    /// <summary>Sixteen bytes that the linker derived from the image's content; zero where there are none.</summary>
    public void BuildId(byte* target)
    {
        var directory = Directory(DebugDirectory);
        for (uint i = 0; i + 28 <= directory[1]; i += 28)
        {
            var entry = _base + directory[0] + i;
            var data = _base + *(uint*)(entry + 20);
            if (*(uint*)(entry + 12) == CodeViewType && *(uint*)data == 0x5344_5352)
            {
                for (var letter = 0; letter < 16; letter++)
                {
                    target[letter] = data[4 + letter];
                }
            }
        }
    }

    // Address and size of a data directory.
    private uint* Directory(int index) => (uint*)(_headers + 24 + 112 + (8 * index));
}
