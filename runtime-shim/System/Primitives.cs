using System.Runtime.CompilerServices;

// The types that the C# compiler and ILC know by name. They carry no behaviour of their own: arithmetic is instructions, and the
// image uses nothing of Object's virtual methods.
namespace System;

public class Object
{
    // Offset 0 of every object: the type's description. ILC requires the field; frozen string literals have it.
    internal unsafe IntPtr m_pEEType;

    public Object()
    {
    }
}

public abstract class ValueType
{
}

public abstract class Enum : ValueType
{
}

public struct Void
{
}

public struct Boolean
{
}

public struct Char
{
}

public struct SByte
{
    public const sbyte MaxValue = 0x7F;
}

public struct Byte
{
    public const byte MaxValue = 0xFF;
}

public struct Int16
{
    public const short MaxValue = 0x7FFF;
}

public struct UInt16
{
    public const ushort MaxValue = 0xFFFF;
}

public struct Int32
{
    public const int MaxValue = 0x7FFF_FFFF;
    public const int MinValue = unchecked((int)0x8000_0000);
}

public struct UInt32
{
    public const uint MaxValue = 0xFFFF_FFFF;
}

public struct Int64
{
    public const long MaxValue = 0x7FFF_FFFF_FFFF_FFFF;
    public const long MinValue = unchecked((long)0x8000_0000_0000_0000);
}

public struct UInt64
{
    public const ulong MaxValue = 0xFFFF_FFFF_FFFF_FFFF;
}

public struct IntPtr
{
}

public struct UIntPtr
{
}

public struct Single
{
}

public struct Double
{
}

public struct RuntimeTypeHandle
{
}

public struct RuntimeMethodHandle
{
}

public struct RuntimeFieldHandle
{
}

public abstract class Array
{
}

public class Array<T> : Array
{
}

public abstract class Delegate
{
}

public abstract class MulticastDelegate : Delegate
{
}

public class Exception
{
}

public class Type
{
}

public struct Nullable<T>
    where T : struct
{
    private readonly bool _hasValue;
    private readonly T _value;

    public Nullable(T value)
    {
        _hasValue = true;
        _value = value;
    }

    public readonly bool HasValue => _hasValue;

    public readonly T GetValueOrDefault() => _value;
}

/// <summary>Literal text: frozen objects in read-only data, never allocated.</summary>
public sealed class String
{
    private readonly int _length;
    private char _firstChar;

    public int Length
    {
        [Intrinsic]
        get => _length;
    }

    public ref readonly char GetPinnableReference() => ref _firstChar;
}
