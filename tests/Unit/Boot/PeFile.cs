using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using HvKernel.Memory;

namespace HvKernel.Tests.Boot;

/// <summary>
/// A PE file as firmware loads it: headers and sections at their addresses, the rest zero. What it contains is read by the framework's own
/// reader, which knows nothing of ours.
/// </summary>
public sealed unsafe class PeFile : IDisposable
{
    private readonly PEReader _reader;
    private readonly byte* _image;

    public PeFile(byte[] file)
    {
        _reader = new PEReader(new MemoryStream(file));
        Size = _reader.PEHeaders.PEHeader!.SizeOfImage;
        _image = (byte*)NativeMemory.AlignedAlloc((nuint)Size, Page.Bytes);
        NativeMemory.Clear(_image, (nuint)Size);
        file.AsSpan(0, _reader.PEHeaders.PEHeader.SizeOfHeaders).CopyTo(Image);
        foreach (var section in _reader.PEHeaders.SectionHeaders)
        {
            var bytes = Math.Min(section.SizeOfRawData, section.VirtualSize);
            file.AsSpan(section.PointerToRawData, bytes).CopyTo(Image[section.VirtualAddress..]);
        }
    }

    public byte* Start => _image;

    public int Size { get; }

    public Span<byte> Image => new(_image, Size);

    public PEHeaders Headers => _reader.PEHeaders;

    /// <summary>The identity that the debug directory has, or null.</summary>
    public byte[]? BuildId
    {
        get
        {
            foreach (var entry in _reader.ReadDebugDirectory())
            {
                if (entry.Type == DebugDirectoryEntryType.CodeView)
                    return _reader.ReadCodeViewDebugDirectoryData(entry).Guid.ToByteArray();
            }
            return null;
        }
    }

    /// <summary>Offsets of the 64-bit addresses that base relocations name (PE format, "The .reloc Section"), in order.</summary>
    public List<int> Relocations()
    {
        List<int> found = [];
        var directory = Headers.PEHeader!.BaseRelocationTableDirectory;
        if (directory.Size == 0)
            return found;
        var table = new BinaryReader(new MemoryStream(Image.Slice(directory.RelativeVirtualAddress, directory.Size).ToArray()));
        while (table.BaseStream.Position < directory.Size)
        {
            var page = table.ReadInt32();
            var size = table.ReadInt32();
            for (var i = 0; i < (size - 8) / 2; i++)
            {
                var entry = table.ReadUInt16();
                if (entry >> 12 == 10)
                    found.Add(page + (entry & 0xFFF));
            }
        }
        return found;
    }

    public void Dispose()
    {
        _reader.Dispose();
        NativeMemory.AlignedFree(_image);
    }
}
