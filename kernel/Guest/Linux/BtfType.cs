namespace HvKernel.Guest.Linux;

/// <summary>The kinds of BTF types that are looked at here (the kernel's documentation, bpf/btf.rst).</summary>
public enum BtfKind : byte
{
    Void = 0,
    Struct = 4,
    Union = 5,
    Typedef = 8,
    Volatile = 9,
    Const = 10,
    Restrict = 11,
    Var = 14,
    DataSection = 15,
    TypeTag = 18,
}

/// <summary>A type of the guest's BTF: where its record is, and what the record's first 12 bytes say.</summary>
public readonly struct BtfType
{
    public readonly uint Record;
    public readonly uint Name;
    public readonly BtfKind Kind;
    public readonly bool KindFlag;

    /// <summary>The number of members, or variables.</summary>
    public readonly uint Count;

    /// <summary>The size in bytes, or the type referred to, as the kind has it.</summary>
    public readonly uint SizeOrType;

    // One decoder for both versions of the format: the older one has 16 bits of count and 5 of kind, and zeros beside them.
    public BtfType(uint record, uint name, uint info, uint sizeOrType)
    {
        Record = record;
        Name = name;
        Kind = (BtfKind)((info >> 24) & 0x7F);
        KindFlag = info >> 31 != 0;
        Count = info & 0x00FF_FFFF;
        SizeOrType = sizeOrType;
    }
}
