using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace HvKernel.Tests.Guest;

/// <summary>Writes BTF by hand, after the format's description (bpf/btf.rst of the kernel's documentation).</summary>
public sealed class BtfBuilder
{
    private readonly List<byte> _types = [];
    private readonly List<byte> _strings = [0];
    private uint _count;

    /// <summary>Members are (name, type, offset in bits), for data sections (nothing, variable, offset in bytes).</summary>
    public uint Type(int kind, string name, uint sizeOrType, bool kindFlag = false, params (string Name, uint Type, uint Offset)[] members)
    {
        Header(kind, name, sizeOrType, (uint)members.Length, kindFlag);
        foreach (var (memberName, type, offset) in members)
        {
            if (kind == 15)
                Words(type, offset, 8);
            else
                Words(String(memberName), type, offset);
        }
        return _count;
    }

    /// <summary>A record with any content behind its first 12 bytes.</summary>
    public uint Raw(int kind, string name, uint sizeOrType, uint count, params uint[] content)
    {
        Header(kind, name, sizeOrType, count, false);
        Words(content);
        return _count;
    }

    public uint Integer(string name) => Raw(1, name, 4, 0, 32);

    /// <summary>With <paramref name="layout"/>, in the newer format: a header of 32 bytes, and for each kind its size once and for each element.</summary>
    public byte[] Build((byte Once, byte Each)[]? layout = null)
    {
        var header = layout == null ? 24 : 32;
        while (_strings.Count % 4 != 0)
            _strings.Add(0);
        var layoutBytes = new byte[(layout?.Length ?? 0) * 4];
        for (var i = 0; i < layoutBytes.Length; i += 4)
            (layoutBytes[i], layoutBytes[i + 1]) = layout![i / 4];
        var result = new byte[header];
        BinaryPrimitives.WriteUInt32LittleEndian(result, 0x0001_EB9F);
        uint[] fields = [(uint)header, (uint)layoutBytes.Length, (uint)_types.Count, (uint)(layoutBytes.Length + _types.Count), (uint)_strings.Count, 0, (uint)layoutBytes.Length];
        for (var i = 0; 4 + i * 4 < header; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(result.AsSpan(4 + i * 4), fields[i]);
        return [.. result, .. layoutBytes, .. _types, .. _strings];
    }

    private void Header(int kind, string name, uint sizeOrType, uint count, bool kindFlag)
    {
        Words(String(name), ((uint)kind << 24) | count | (kindFlag ? 1u << 31 : 0), sizeOrType);
        _count++;
    }

    private uint String(string text)
    {
        if (text.Length == 0)
            return 0;
        var at = (uint)_strings.Count;
        _strings.AddRange(Encoding.ASCII.GetBytes(text + '\0'));
        return at;
    }

    private void Words(params ReadOnlySpan<uint> words)
    {
        foreach (var word in words)
            _types.AddRange(BitConverter.GetBytes(word));
    }
}
