using System;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>A 64-bit executable that is linked to fixed addresses.</summary>
public sealed class ElfFile
{
    private const int ProgramHeaderBytes = 56;
    private const uint Load = 1;
    private const uint Executable = 1;

    private readonly byte[] _bytes;

    public ElfFile(byte[] bytes)
    {
        _bytes = bytes;
        if (BitConverter.ToUInt32(bytes) != 0x464C_457F || BitConverter.ToUInt16(bytes, 16) != 2)
        {
            throw new BootException("not an ELF file with fixed addresses (ET_EXEC)");
        }
    }

    /// <summary>Virtual address of the first instruction.</summary>
    public ulong Entry => BitConverter.ToUInt64(_bytes, 24);

    /// <summary>The file's bytes for a virtual address in an executable segment; fewer than asked for at its end, none outside of all.</summary>
    public byte[] Code(ulong address, int length)
    {
        var table = (int)BitConverter.ToUInt64(_bytes, 32);
        for (var i = 0; i < BitConverter.ToUInt16(_bytes, 56); i++)
        {
            var header = table + (i * ProgramHeaderBytes);
            var offset = BitConverter.ToUInt64(_bytes, header + 8);
            var start = BitConverter.ToUInt64(_bytes, header + 16);
            var size = BitConverter.ToUInt64(_bytes, header + 32);
            if (BitConverter.ToUInt32(_bytes, header) == Load && (BitConverter.ToUInt32(_bytes, header + 4) & Executable) != 0
                && address >= start && address < start + size)
            {
                var count = (int)Math.Min((ulong)length, start + size - address);
                return _bytes.AsSpan((int)(offset + address - start), count).ToArray();
            }
        }

        return [];
    }
}
