using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;

namespace HvDbg.Client.Script.Semantics;

/// <summary>Type of a value of the script language.</summary>
public abstract record ScriptType
{
    /// <summary>Bytes in memory; 0: void.</summary>
    public abstract int Size { get; }

    /// <summary>Alignment in bytes inside structs and on the data stack.</summary>
    public virtual int Alignment => Size is 0 ? 1 : Size;

    /// <summary>As it is written in a script.</summary>
    public abstract override string ToString();
}

/// <summary>No value.</summary>
public sealed record VoidType : ScriptType
{
    public static VoidType Instance { get; } = new();

    public override int Size => 0;

    public override string ToString() => "void";
}

/// <summary>
/// An integer. The untyped word of the language is <see cref="Word"/>: 64 bits, unsigned for <c>/ % &gt;&gt;</c> and conversions, signed for
/// <c>&lt; &gt; &lt;= &gt;=</c> (HyperDbg's rule).
/// </summary>
/// <param name="Bytes">1, 2, 4 or 8.</param>
/// <param name="IsSigned">Of declared types.</param>
/// <param name="Name">As it is written.</param>
public sealed record IntegerType(int Bytes, bool IsSigned, string Name) : ScriptType
{
    public static IntegerType Word { get; } = new(8, false, "word");
    public static IntegerType Bool { get; } = new(1, false, "bool");
    public static IntegerType Char { get; } = new(1, true, "char");
    public static IntegerType UnsignedChar { get; } = new(1, false, "unsigned char");
    public static IntegerType Short { get; } = new(2, true, "short");
    public static IntegerType UnsignedShort { get; } = new(2, false, "unsigned short");

    public static IntegerType Int { get; } = new(4, true, "int");
    public static IntegerType UnsignedInt { get; } = new(4, false, "unsigned int");

    /// <summary>HyperDbg's has eight bytes, other than that of Windows.</summary>
    public static IntegerType Long { get; } = new(8, true, "long");
    public static IntegerType UnsignedLong { get; } = new(8, false, "unsigned long");

    public static IntegerType LongLong { get; } = new(8, true, "long long");
    public static IntegerType UnsignedLongLong { get; } = new(8, false, "unsigned long long");

    /// <summary>The untyped word.</summary>
    public bool IsWord => Name == "word";

    /// <summary>Whether comparisons of it are signed.</summary>
    public bool ComparesSigned => IsSigned || IsWord;

    public override int Size => Bytes;

    public override string ToString() => Name;
}

/// <summary>IEEE 754: 4 bytes float, 8 bytes double.</summary>
public sealed record FloatType(int Bytes) : ScriptType
{
    public static FloatType Float { get; } = new(4);
    public static FloatType Double { get; } = new(8);

    public override int Size => Bytes;

    public override string ToString() => Bytes == 4 ? "float" : "double";
}

/// <summary>An address of something; arithmetic on it counts in elements.</summary>
public sealed record PointerType(ScriptType Target) : ScriptType
{
    public override int Size => 8;

    public override string ToString() => Target + "*";
}

/// <summary>A fixed number of elements; several dimensions are arrays of arrays.</summary>
public sealed record ArrayType(ScriptType Element, int Count) : ScriptType
{
    public override int Size => Element.Size * Count;

    public override int Alignment => Element.Alignment;

    public override string ToString() => $"{Element}[{Count}]";
}

/// <summary>A field of a struct.</summary>
/// <param name="Offset">Bytes from its beginning.</param>
public sealed record StructField(string Name, ScriptType Type, int Offset);

/// <summary>A struct: completed once its fields are known, so that it can hold pointers to itself. Compared by identity.</summary>
public sealed record StructType(string Name) : ScriptType
{
    private IReadOnlyList<StructField>? _fields;

    public bool IsComplete => _fields is not null;

    public IReadOnlyList<StructField> Fields => _fields ?? [];

    public override int Size => Align(Fields.Select(member => member.Offset + member.Type.Size).DefaultIfEmpty(0).Max(), Alignment);

    public override int Alignment => Fields.Select(member => member.Type.Alignment).DefaultIfEmpty(1).Max();

    /// <summary>Lays the fields out in their order, each at a multiple of its alignment.</summary>
    public void Complete(IEnumerable<(string Name, ScriptType Type)> members)
    {
        var fields = new List<StructField>();
        var offset = 0;
        foreach (var (name, type) in members)
        {
            offset = Align(offset, type.Alignment);
            fields.Add(new StructField(name, type, offset));
            offset += type.Size;
        }

        _fields = fields;
    }

    public bool Equals(StructType? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    public override string ToString() => "struct " + Name;

    private static int Align(int offset, int alignment) => (offset + alignment - 1) / alignment * alignment;
}
