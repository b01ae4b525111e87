using System;
using System.Buffers.Binary;
using System.Text;

namespace HvKernel.Tests.Boot;

/// <summary>
/// A small EFI application written by hand from "PE Format": code at 1000H, constants at 2000H with a debug directory, data at 3000H with two
/// pages of zeros behind it in memory, base relocations at 6000H.
/// </summary>
public static class SyntheticPe
{
    public const int SizeOfImage = 0x7000;
    public const ulong PreferredBase = 0x1_8000_0000;

    /// <summary>Places of addresses: two in one page, one in a page's last place, one in another page.</summary>
    public static readonly int[] Addresses = [0x2010, 0x2018, 0x2FF8, 0x3000];

    /// <summary>What they point to, as offsets.</summary>
    public static readonly int[] Targets = [0x1000, 0x1004, 0x5FFF, 0];

    public static readonly byte[] Identity = Convert.FromHexString("00112233445566778899AABBCCDDEEFF");

    private const int Headers = 0x80;
    private const int OptionalHeader = Headers + 24;
    private const int SectionHeaders = OptionalHeader + 240;

    private static readonly (string Name, int Bytes, int Address, int FileBytes, int FileOffset, uint Characteristics)[] Sections =
    [
        (".text", 0x800, 0x1000, 0x800, 0x400, 0x6000_0020),
        (".rdata", 0x1000, 0x2000, 0x1000, 0xC00, 0x4000_0040),
        (".data", 0x2800, 0x3000, 0x200, 0x1C00, 0xC000_0040),
        (".reloc", 0x28, 0x6000, 0x200, 0x1E00, 0x4200_0040),
    ];

    /// <summary>The file. A relocation type of 10 is a 64-bit address, the only one of the architecture.</summary>
    public static byte[] Make(int relocationType = 10)
    {
        var file = new byte[0x2000];
        Encoding.ASCII.GetBytes("MZ").CopyTo(file, 0);
        Put32(0x3C, Headers);
        Encoding.ASCII.GetBytes("PE\0\0").CopyTo(file, Headers);
        Put16(Headers + 4, 0x8664);
        Put16(Headers + 6, Sections.Length);
        Put16(Headers + 20, SectionHeaders - OptionalHeader);
        Put16(Headers + 22, 0x22);
        Put16(OptionalHeader, 0x20B);
        Put32(OptionalHeader + 16, 0x1000);
        Put64(OptionalHeader + 24, PreferredBase);
        Put32(OptionalHeader + 32, 0x1000);
        Put32(OptionalHeader + 36, 0x200);
        Put32(OptionalHeader + 56, SizeOfImage);
        Put32(OptionalHeader + 60, 0x400);
        Put16(OptionalHeader + 68, 10);
        Put32(OptionalHeader + 108, 16);
        PutDirectory(5, 0x6000, 40);
        PutDirectory(6, 0x2100, 28);
        for (var i = 0; i < Sections.Length; i++)
            PutSection(SectionHeaders + (40 * i), i);
        for (var i = 0; i < Addresses.Length; i++)
            Put64(Offset(Addresses[i]), PreferredBase + (ulong)Targets[i]);

        // One entry of CodeView data: type 2, its size, address and place in the file; then the data.
        Put32(Offset(0x2100) + 12, 2);
        Put32(Offset(0x2100) + 16, 30);
        Put32(Offset(0x2100) + 20, 0x2200);
        Put32(Offset(0x2100) + 24, Offset(0x2200));
        Encoding.ASCII.GetBytes("RSDS").CopyTo(file, Offset(0x2200));
        Identity.CopyTo(file, Offset(0x2204));
        Put32(Offset(0x2214), 1);
        Encoding.ASCII.GetBytes("a.pdb\0").CopyTo(file, Offset(0x2218));

        // Three blocks: a page, the block's size, entries; each padded by one that does nothing.
        PutBlock(Offset(0x6000), 0x2000, Entry(0x010), Entry(0x018), Entry(0xFF8), 0);
        PutBlock(Offset(0x6010), 0x3000, Entry(0x000), 0);
        PutBlock(Offset(0x601C), 0x5000, 0, 0);
        return file;

        int Entry(int offset) => (relocationType << 12) | offset;

        void Put16(int offset, int value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(offset), (ushort)value);

        void Put32(int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(offset), value);

        void Put64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(offset), value);

        void PutDirectory(int index, int address, int bytes)
        {
            Put32(OptionalHeader + 112 + (8 * index), address);
            Put32(OptionalHeader + 116 + (8 * index), bytes);
        }

        void PutSection(int header, int index)
        {
            var (name, bytes, address, fileBytes, fileOffset, characteristics) = Sections[index];
            Encoding.ASCII.GetBytes(name).CopyTo(file, header);
            Put32(header + 8, bytes);
            Put32(header + 12, address);
            Put32(header + 16, fileBytes);
            Put32(header + 20, fileOffset);
            Put32(header + 36, (int)characteristics);
        }

        void PutBlock(int offset, int page, params int[] entries)
        {
            Put32(offset, page);
            Put32(offset + 4, 8 + (2 * entries.Length));
            for (var i = 0; i < entries.Length; i++)
                Put16(offset + 8 + (2 * i), entries[i]);
        }
    }

    private static int Offset(int address)
    {
        var section = Array.FindLast(Sections, section => section.Address <= address);
        return address - section.Address + section.FileOffset;
    }
}
