using System;

namespace HvKernel.Guest.Linux;

/// <summary>
/// Reads the kernel's BTF (its own description of its types). The data are the guest's: every record is checked before it is read, and
/// every loop is bounded by the length of the data.
/// </summary>
public unsafe struct Btf
{
    public const uint MagicAndVersion = 0x0001_EB9F;
    public const uint ShortestHeader = 24;

    private const uint RecordSize = 12;
    private const uint MemberSize = 12;
    private const int DeepestNesting = 8;
    private const int LongestChain = 16;
    private const int MostNames = 16;

    // Types that are read: to open a description, or to find one; and to look one member up. A real kernel has some 150,000, and a look-up
    // takes some 10,000 of them. A member costs as much as so many, or types that contain themselves would be gone through for long.
    private const int MostTypes = 4 << 20;
    private const int MostReads = 1 << 20;
    private const int ReadsOfMember = 64;

    // The place of every so-many-th type, so that one type is found without reading all before it. When the marks run out every
    // second one is dropped.
    private const int Marks = 256;
    private const uint FirstStride = 256;
    private fixed uint _marks[Marks];
    private uint _stride;
    private uint _typeCount;

    private ImageBytes _types;
    private ImageBytes _strings;
    private ImageBytes _layout;

    /// <summary>Bytes from the header's first to the last that it accounts for.</summary>
    public uint Size { get; private set; }

    /// <summary>Number of types; they are numbered from 1, 0 is void.</summary>
    public readonly uint TypeCount => _typeCount;

    /// <summary>Opens the BTF at <paramref name="offset"/>, and reads through all its types once. False when it is none, or damaged.</summary>
    public static bool TryOpen(in ImageBytes image, uint offset, out Btf btf)
    {
        var budget = MostTypes;
        return TryOpen(in image, offset, ref budget, out btf);
    }

    private static bool TryOpen(in ImageBytes image, uint offset, ref int budget, out Btf btf)
    {
        btf = default;
        if (!image.Contains(offset, ShortestHeader) || image.UInt32(offset) != MagicAndVersion)
            return false;
        var header = image.UInt32(offset + 4);
        if (header is < ShortestHeader or > 4096
            || !TrySection(in image, offset, header, 8, out btf._types)
            || !TrySection(in image, offset, header, 16, out btf._strings)
            || btf._types.Length == 0 || btf._strings.Byte(0) != 0)
            return false;

        // Newer headers describe the sizes of kinds that a reader does not know.
        if (header >= 32 && !TrySection(in image, offset, header, 24, out btf._layout))
            return false;
        btf.Size = (uint)(Later(btf._types, Later(btf._strings, btf._layout.Start + btf._layout.Length)) - (image.Start + offset));
        return btf.TryIndex(ref budget);
    }

    /// <summary>The offset of BTF in the image, by its magic and then all that opening it checks, on 4-byte steps.</summary>
    public static bool TryFind(in ImageBytes image, out uint offset, out Btf btf)
    {
        btf = default;
        offset = 0;
        if (image.Length < 8)
            return false;
        var budget = MostTypes;
        for (uint i = 0; i <= image.Length - 8 && budget > 0; i += 8)
        {
            var word = *(ulong*)(image.Start + i);
            if ((uint)word != MagicAndVersion && word >> 32 != MagicAndVersion)
                continue;
            offset = (uint)word == MagicAndVersion ? i : i + 4;
            if (TryOpen(in image, offset, ref budget, out btf))
                return true;
        }
        return false;
    }

    /// <summary>
    /// Finds many types of one kind in one pass. <paramref name="names"/> holds the names, each ended by a zero byte; <paramref name="ids"/>
    /// receives the number of each one's first type, 0 where there is none; at most 16. Returns how many were found.
    /// </summary>
    public readonly int FindAll(BtfKind kind, ReadOnlySpan<byte> names, Span<uint> ids)
    {
        if (ids.Length > MostNames)
            return 0;
        var starts = stackalloc int[MostNames + 1];
        ulong firstLetters = 0;
        var at = 0;
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = 0;
            starts[i] = at;
            if (at < names.Length)
                firstLetters |= 1UL << (names[at] & 63);
            while (at < names.Length && names[at++] != 0)
            {
            }
        }

        // A name that is not ended by a zero byte is the last one.
        starts[ids.Length] = names.Length == 0 || names[names.Length - 1] == 0 ? at : at + 1;

        var found = 0;
        uint record = 0;
        for (uint id = 1; id <= _typeCount && found < ids.Length; id++)
        {
            if (!TryRead(record, out var type))
                break;
            record += SizeOf(in type);
            if (type.Kind != kind || type.Name == 0 || ((firstLetters >> (_strings.Byte(type.Name) & 63)) & 1) == 0)
                continue;
            for (var i = 0; i < ids.Length; i++)
            {
                var length = starts[i + 1] - starts[i] - 1;
                if (ids[i] != 0 || length <= 0 || !IsString(type.Name, names.Slice(starts[i], length)))
                    continue;
                ids[i] = id;
                found++;
            }
        }
        return found;
    }

    /// <summary>The size in bytes of a struct or union, or 0.</summary>
    public readonly uint SizeOfStruct(uint id)
    {
        var budget = MostReads;
        return TryType(id, ref budget, out var type) && type.Kind is BtfKind.Struct or BtfKind.Union ? type.SizeOrType : 0;
    }

    /// <summary>
    /// The offset in bytes of a member, given as a path: "mm", "context.ctx_id". Members of anonymous structs and unions count as their
    /// parent's.
    /// </summary>
    public readonly bool TryMember(uint structId, ReadOnlySpan<byte> path, out uint offset)
    {
        offset = 0;
        uint bits = 0;
        var at = 0;
        var budget = MostReads;
        while (at < path.Length)
        {
            var length = 0;
            while (at + length < path.Length && path[at + length] != (byte)'.')
                length++;
            if (!TryMember(structId, path.Slice(at, length), DeepestNesting, ref budget, ref bits, out structId))
                return false;
            at += length + 1;
        }
        offset = bits / 8;
        return true;
    }

    /// <summary>
    /// The offset of a per-CPU variable within the section ".data..percpu": its per-CPU address where that section is linked at 0 (up to 6.14),
    /// else relative to __per_cpu_start.
    /// </summary>
    public readonly bool TryPerCpuVariable(ReadOnlySpan<byte> name, out uint offset)
    {
        offset = 0;
        uint variable = 0;
        uint section = 0;
        FindAll(BtfKind.Var, name, new Span<uint>(&variable, 1));
        FindAll(BtfKind.DataSection, ".data..percpu"u8, new Span<uint>(&section, 1));
        var budget = MostReads;
        if (variable == 0 || section == 0 || !TryType(section, ref budget, out var type))
            return false;
        for (uint i = 0; i < type.Count; i++)
        {
            // Type, offset, size.
            var entry = type.Record + RecordSize + i * MemberSize;
            if (_types.UInt32(entry) != variable)
                continue;
            offset = _types.UInt32(entry + 4);
            return true;
        }
        return false;
    }

    private static bool TrySection(in ImageBytes image, uint offset, uint header, uint field, out ImageBytes section)
    {
        var start = (ulong)offset + header + image.UInt32(offset + field);
        var length = image.UInt32(offset + field + 4);
        section = default;
        if (start + length > image.Length)
            return false;
        section = new ImageBytes(image.Start + start, length);
        return true;
    }

    private static byte* Later(in ImageBytes section, byte* end)
        => section.Start + section.Length > end ? section.Start + section.Length : end;

    private bool TryIndex(ref int budget)
    {
        _stride = FirstStride;
        uint record = 0;
        uint id = 0;
        while (record < _types.Length)
        {
            if (id % _stride == 0)
            {
                if (id / _stride == Marks)
                {
                    for (var i = 0; i < Marks / 2; i++)
                        _marks[i] = _marks[2 * i];
                    _stride *= 2;
                }
                _marks[id / _stride] = record;
            }
            if (--budget < 0 || !TryRead(record, out var type))
                return false;
            var size = SizeOf(in type);
            if (size == 0 || !_types.Contains(record, size))
                return false;
            record += size;
            id++;
        }
        _typeCount = id;
        return true;
    }

    private readonly bool TryRead(uint record, out BtfType type)
    {
        type = default;
        if (!_types.Contains(record, RecordSize))
            return false;
        var start = (uint*)(_types.Start + record);
        type = new BtfType(record, start[0], start[1], start[2]);
        return true;
    }

    private readonly bool TryType(uint id, ref int budget, out BtfType type)
    {
        type = default;
        if (id == 0 || id > _typeCount)
            return false;
        var index = id - 1;
        var record = _marks[index / _stride];
        for (var left = index % _stride; ; left--)
        {
            if (--budget < 0 || !TryRead(record, out type))
                return false;
            if (left == 0)
                return true;
            record += SizeOf(in type);
        }
    }

    /// <summary>Bytes of a whole record; 0 when the kind is unknown, or the count cannot be true.</summary>
    private readonly uint SizeOf(in BtfType type)
    {
        uint once = 0;
        uint each = 0;
        switch ((int)type.Kind)
        {
            case 1 or 14 or 17:                             // INT, VAR, DECL_TAG
                once = 4;
                break;
            case 3:                                         // ARRAY
                once = 12;
                break;
            case 4 or 5 or 15 or 19:                        // STRUCT, UNION, DATASEC, ENUM64
                each = 12;
                break;
            case 6 or 13:                                   // ENUM, FUNC_PROTO
                each = 8;
                break;
            case 2 or 7 or 8 or 9 or 10 or 11 or 12 or 16 or 18:
                break;
            default:
                var layout = (uint)type.Kind * 4;
                if (!_layout.Contains(layout, 4))
                    return 0;
                once = _layout.Byte(layout);
                each = _layout.Byte(layout + 1);
                break;
        }
        var size = RecordSize + once + (ulong)each * type.Count;
        return size <= _types.Length ? (uint)size : 0;
    }

    private readonly bool TryMember(uint structId, ReadOnlySpan<byte> name, int depth, ref int budget, ref uint bits, out uint memberType)
    {
        memberType = 0;
        if (depth == 0 || !TryResolve(structId, ref budget, out var type) || type.Kind is not (BtfKind.Struct or BtfKind.Union))
            return false;
        var member = type.Record + RecordSize;
        for (uint i = 0; i < type.Count; i++, member += MemberSize)
        {
            if ((budget -= ReadsOfMember) < 0 || !_types.Contains(member, MemberSize))
                return false;
            var start = (uint*)(_types.Start + member);
            var memberName = start[0];
            var inner = start[1];
            var here = type.KindFlag ? start[2] & 0x00FF_FFFF : start[2];
            if (memberName == 0 || _strings.Byte(memberName) == 0)
            {
                var innerBits = bits + here;
                if (!TryMember(inner, name, depth - 1, ref budget, ref innerBits, out memberType))
                    continue;
                bits = innerBits;
                return true;
            }
            if (!IsString(memberName, name))
                continue;
            bits += here;
            memberType = inner;
            return true;
        }
        return false;
    }

    // Through names and qualifiers to the type itself.
    private readonly bool TryResolve(uint id, ref int budget, out BtfType type)
    {
        for (var i = 0; i < LongestChain; i++)
        {
            if (!TryType(id, ref budget, out type))
                return false;
            if (type.Kind is not (BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag))
                return true;
            id = type.SizeOrType;
        }
        type = default;
        return false;
    }

    private readonly bool IsString(uint name, ReadOnlySpan<byte> text)
        => _strings.StartsWith(name, text) && _strings.Byte(name + (uint)text.Length) == 0
            && _strings.Contains(name + (uint)text.Length, 1);
}
