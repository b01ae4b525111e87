using System;
using System.Numerics;
using HvDbg.Client.Script.Syntax;

namespace HvDbg.Script.Tests.Oracle;

/// <summary>An integer type, by what it means: the numbers from a least one to a largest one, in a circle.</summary>
/// <param name="Bits">8, 16, 32 or 64; 1: bool.</param>
/// <param name="IsSigned">Whether it has negative numbers.</param>
/// <param name="IsWord">The language's untyped word: it counts without a sign and compares with one.</param>
internal sealed record OracleType(int Bits, bool IsSigned, bool IsWord = false)
{
    internal static OracleType Word { get; } = new(64, false, true);

    internal static OracleType Int { get; } = new(32, true);

    internal static OracleType UnsignedInt { get; } = new(32, false);

    internal static OracleType LongLong { get; } = new(64, true);

    internal static OracleType Of(TypeSyntax syntax) => ((NamedTypeSyntax)syntax).Name switch
    {
        "bool" => new OracleType(1, false),
        "char" => new OracleType(8, true),
        "unsigned char" => new OracleType(8, false),
        "short" => new OracleType(16, true),
        "unsigned short" => new OracleType(16, false),
        "int" => Int,
        "unsigned int" => UnsignedInt,
        "long" or "long long" => LongLong,
        "unsigned long" or "unsigned long long" => new OracleType(64, false),
        var name => throw new NotSupportedException(name),
    };

    /// <summary>The number of the type that a number becomes.</summary>
    internal BigInteger Fit(BigInteger number)
    {
        if (Bits == 1)
        {
            return number.IsZero ? 0 : 1;
        }

        var circle = BigInteger.One << Bits;
        var rest = BigInteger.Remainder(number, circle);
        rest = rest.Sign < 0 ? rest + circle : rest;
        return IsSigned && rest >= circle / 2 ? rest - circle : rest;
    }

    /// <summary>What an operation makes of an operand of this type: nothing smaller than an int is calculated with.</summary>
    internal OracleType Promoted => Bits < 32 ? Int : this;

    /// <summary>The type that two operands get: a word wins, then the longer one, then the one without a sign.</summary>
    internal static OracleType Common(OracleType left, OracleType right)
    {
        if (left.IsWord || right.IsWord)
        {
            return Word;
        }

        var (one, other) = (left.Promoted, right.Promoted);
        return one.Bits != other.Bits ? one.Bits > other.Bits ? one : other : one.IsSigned ? other : one;
    }
}

/// <summary>A number of a type.</summary>
/// <param name="IsLiteral">It has no type of its own yet, and takes one beside a typed number.</param>
internal sealed record OracleValue(BigInteger Number, OracleType Type, bool IsLiteral = false)
{
    internal static OracleValue Word(BigInteger number) => new(OracleType.Word.Fit(number), OracleType.Word);

    internal static OracleValue Truth(bool value) => new(value ? 1 : 0, OracleType.Word);

    internal bool IsTrue => !Number.IsZero;

    /// <summary>All 64 bits, as a word.</summary>
    internal ulong Bits => (ulong)OracleType.Word.Fit(Number);

    internal OracleValue To(OracleType type) => new(type.Fit(Number), type);

    /// <summary>A literal's type beside a typed number: int where it fits, else unsigned int, else long long.</summary>
    internal OracleType TypeBeside(OracleValue other)
    {
        if (!IsLiteral || other.Type.IsWord)
        {
            return Type;
        }

        var signed = OracleType.LongLong.Fit(Number);
        return signed == OracleType.Int.Fit(signed) ? OracleType.Int
            : Number == OracleType.UnsignedInt.Fit(Number) ? OracleType.UnsignedInt
            : OracleType.LongLong;
    }
}
