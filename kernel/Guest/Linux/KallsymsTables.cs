namespace HvKernel.Guest.Linux;

/// <summary>In what form the kernel keeps the addresses of its symbols. The letters are those of docs and tests.</summary>
public enum KallsymsForm : byte
{
    /// <summary>Nothing was found.</summary>
    None,

    /// <summary>Up to 6.3: addresses stand before the names. A non-negative entry is absolute (per-CPU), a negative one base - 1 - entry.</summary>
    A,

    /// <summary>From 6.4: as A, but the addresses stand after the tokens.</summary>
    B,

    /// <summary>The place of B, but no entry is absolute: base + entry, unsigned (kernels built without KALLSYMS_ABSOLUTE_PERCPU).</summary>
    BUnsigned,

    /// <summary>Seen in 7.2: the place of B, no base; the address is that of the entry plus the entry, signed.</summary>
    C,
}

/// <summary>Where the parts of the kernel's symbol table are, as offsets from the start of its image.</summary>
public struct KallsymsTables
{
    public KallsymsForm Form;

    /// <summary>Number of symbols.</summary>
    public uint Count;

    /// <summary>Per symbol: a length in one or two bytes, then so many token numbers; the first letter is the symbol's type.</summary>
    public uint Names;

    /// <summary>One past the last byte that can belong to a name.</summary>
    public uint NamesEnd;

    /// <summary>The offset in <see cref="Names"/> of every 256th name, 4 bytes each.</summary>
    public uint Markers;

    /// <summary>256 strings, each ended by a zero byte.</summary>
    public uint TokenTable;

    /// <summary>The offset in <see cref="TokenTable"/> of each token, 2 bytes each.</summary>
    public uint TokenIndex;

    /// <summary>One 4-byte entry a symbol, ascending by address.</summary>
    public uint Addresses;

    /// <summary>The symbols' numbers in the order of their names, 3 bytes each, most significant first; 0 when there are none.</summary>
    public uint Sequences;

    /// <summary>What the entries of <see cref="Addresses"/> are relative to in the forms A and B.</summary>
    public ulong RelativeBase;
}
