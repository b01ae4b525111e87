using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace HvDbg.Client;

/// <summary>A function of the image, or a place that assembly names.</summary>
/// <param name="Offset">Where it begins in the image.</param>
/// <param name="Name">As the linker knows it.</param>
internal readonly record struct ImageFunction(uint Offset, string Name);

/// <summary>Where the code of a source line begins in the image.</summary>
internal readonly record struct ImageLine(uint Offset, string File, int Line);

/// <summary>
/// What the linker writes about functions and source lines into the program database of an image (LLVM documentation, "The PDB File Format"; the CodeView
/// records in it: microsoft/microsoft-pdb). Types, variables and everything else are left alone.
/// </summary>
internal sealed class ProgramDatabase
{
    private const int InformationStream = 1;
    private const int DebugStream = 3;
    private const int DebugHeaderBytes = 64;
    private const int SectionHeadersEntry = 5;
    private const ushort NoStream = 0xFFFF;
    private const uint LinesSubsection = 0xF2;
    private const uint FilesSubsection = 0xF4;
    private const ushort PublicSymbol = 0x110E;
    private const ushort LocalProcedure = 0x110F;
    private const ushort GlobalProcedure = 0x1110;
    private const uint LineMask = 0xFF_FFFF;

    // Line numbers that compilers give to code that is nobody's line.
    private const uint NoLine = 0xF0_0000;

    private readonly MsfFile _file;
    private readonly List<uint> _sections = [];
    private readonly Dictionary<uint, ImageFunction> _functions = [];
    private readonly List<ImageLine> _lines = [];

    /// <exception cref="InvalidDataException">It is no program database, or a damaged one.</exception>
    public ProgramDatabase(byte[] content)
    {
        try
        {
            _file = new MsfFile(content);
            var information = new PdbReader(_file.Stream(InformationStream));
            information.Bytes(12);
            BuildId = Convert.ToHexStringLower(information.Bytes(16));
            var names = NamedStream(ref information, "/names");
            ReadDebug(names < 0 ? [] : Names(names));
        }
        catch (Exception problem) when (problem is OverflowException or ArgumentException)
        {
            throw new InvalidDataException("a damaged program database", problem);
        }

        _lines.Sort((one, other) => one.Offset.CompareTo(other.Offset));
        Functions = [.. _functions.Values];
        Functions.Sort((one, other) => one.Offset.CompareTo(other.Offset));
    }

    /// <summary>Identity of the image that it belongs to, sixteen bytes as digits.</summary>
    public string BuildId { get; }

    /// <summary>In the order of their offsets.</summary>
    public List<ImageFunction> Functions { get; }

    /// <summary>In the order of their offsets.</summary>
    public IReadOnlyList<ImageLine> Lines => _lines;

    // A hash table from offsets of names to numbers of streams follows the identity.
    private static int NamedStream(ref PdbReader reader, string name)
    {
        var names = reader.Bytes(reader.Length()).ToArray();
        var count = reader.Length();
        reader.UInt32();
        reader.Bytes(4 * reader.Length());
        reader.Bytes(4 * reader.Length());
        for (var i = 0; i < count; i++)
        {
            var at = reader.UInt32();
            var stream = reader.UInt32();
            if (at < names.Length && TextAt(names, at) == name)
            {
                return (int)stream;
            }
        }

        return -1;
    }

    private byte[] Names(int stream)
    {
        var reader = new PdbReader(_file.Stream(stream));
        reader.Bytes(8);
        return reader.Bytes(reader.Length()).ToArray();
    }

    private static string TextAt(byte[] names, uint offset)
    {
        if (offset >= names.Length)
        {
            return "";
        }

        var end = Array.IndexOf(names, (byte)0, (int)offset);
        return end < 0 ? "" : Encoding.UTF8.GetString(names, (int)offset, end - (int)offset);
    }

    private void ReadDebug(byte[] names)
    {
        var stream = _file.Stream(DebugStream);
        var header = new PdbReader(stream);
        header.Bytes(20);
        var publics = header.UInt16();
        header.Bytes(2);
        var modules = header.Length();
        var skipped = 0;
        for (var i = 0; i < 4; i++)
        {
            skipped += header.Length();
        }

        header.UInt32();
        var optional = header.Length();
        skipped += header.Length();
        var rest = new PdbReader(stream.AsSpan(DebugHeaderBytes));
        var moduleBytes = rest.Bytes(modules);
        rest.Bytes(skipped);
        var streams = new PdbReader(rest.Bytes(optional));
        streams.Bytes(2 * SectionHeadersEntry);
        ReadSections(_file.Stream(streams.UInt16()));
        ReadModules(moduleBytes, names);
        ReadPublics(_file.Stream(publics));
    }

    private void ReadSections(byte[] headers)
    {
        const int HeaderBytes = 40;
        for (var reader = new PdbReader(headers); reader.Left >= HeaderBytes;)
        {
            reader.Bytes(12);
            _sections.Add(reader.UInt32());
            reader.Bytes(HeaderBytes - 16);
        }
    }

    private void ReadModules(ReadOnlySpan<byte> modules, byte[] names)
    {
        for (var reader = new PdbReader(modules); reader.Left > 0; reader.Align())
        {
            reader.Bytes(34);
            var stream = reader.UInt16();
            var symbols = (int)reader.UInt32();
            var oldLines = (int)reader.UInt32();
            var lines = (int)reader.UInt32();
            reader.Bytes(16);
            reader.Text();
            reader.Text();
            if (stream == NoStream)
            {
                continue;
            }

            var content = new PdbReader(_file.Stream(stream));
            ReadSymbols(content.Bytes(symbols)[Math.Min(4, symbols)..]);
            content.Bytes(oldLines);
            ReadLines(content.Bytes(lines), names);
        }
    }

    private void ReadSymbols(ReadOnlySpan<byte> symbols)
    {
        for (var reader = new PdbReader(symbols); reader.Left >= 4;)
        {
            var record = new PdbReader(reader.Bytes(reader.UInt16()));
            if (record.UInt16() is not (LocalProcedure or GlobalProcedure))
            {
                continue;
            }

            record.Bytes(28);
            var offset = record.UInt32();
            var section = record.UInt16();
            record.Bytes(1);
            Add(section, offset, record.Text());
        }
    }

    private void ReadPublics(byte[] symbols)
    {
        for (var reader = new PdbReader(symbols); reader.Left >= 4;)
        {
            var record = new PdbReader(reader.Bytes(reader.UInt16()));
            if (record.UInt16() == PublicSymbol)
            {
                record.UInt32();
                var offset = record.UInt32();
                var section = record.UInt16();
                Add(section, offset, record.Text());
            }
        }
    }

    private void Add(ushort section, uint offset, string name)
    {
        if (TryPlace(section, offset, out var place))
        {
            _functions.TryAdd(place, new ImageFunction(place, name));
        }
    }

    private void ReadLines(ReadOnlySpan<byte> subsections, byte[] names)
    {
        var files = new Dictionary<uint, string>();
        for (var reader = new PdbReader(subsections); reader.Left >= 8; reader.Align())
        {
            var isFiles = reader.UInt32() == FilesSubsection;
            var content = new PdbReader(reader.Bytes(reader.Length()));
            while (isFiles && content.Left >= 6)
            {
                var at = (uint)content.Position;
                files[at] = TextAt(names, content.UInt32());
                var checksum = content.Bytes(2)[0];
                content.Bytes(checksum);
                content.Align();
            }
        }

        for (var reader = new PdbReader(subsections); reader.Left >= 8; reader.Align())
        {
            var isLines = reader.UInt32() == LinesSubsection;
            var content = new PdbReader(reader.Bytes(reader.Length()));
            if (isLines)
            {
                ReadLines(content, files);
            }
        }
    }

    private void ReadLines(PdbReader content, Dictionary<uint, string> files)
    {
        var start = content.UInt32();
        var section = content.UInt16();
        content.Bytes(6);
        while (content.Left >= 12)
        {
            var file = files.GetValueOrDefault(content.UInt32(), "");
            var count = content.Length();
            var block = new PdbReader(content.Bytes((int)content.UInt32() - 12));
            for (var i = 0; i < count; i++)
            {
                var offset = block.UInt32();
                var line = block.UInt32() & LineMask;
                if (line < NoLine && TryPlace(section, start + offset, out var place))
                {
                    _lines.Add(new ImageLine(place, file, (int)line));
                }
            }
        }
    }

    // Sections are counted from 1.
    private bool TryPlace(ushort section, uint offset, out uint place)
    {
        place = section >= 1 && section <= _sections.Count ? _sections[section - 1] + offset : 0;
        return place != 0;
    }
}
