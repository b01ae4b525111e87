using System.Collections.Generic;
using System.Collections.Immutable;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Semantics;

/// <summary>
/// An expression whose names, types and conversions are settled: what the code generator works from. Operands of a binary operation have
/// the type of the operation; whatever had to be converted stands in a <see cref="BoundConversion"/>.
/// </summary>
public abstract record BoundExpression(SourceSpan Span, ScriptType Type);

/// <summary>An integer or address.</summary>
public sealed record BoundConstant(SourceSpan Span, ScriptType Type, ulong Value) : BoundExpression(Span, Type);

/// <summary>A number with a fraction.</summary>
public sealed record BoundFloatConstant(SourceSpan Span, FloatType FloatType, double Value) : BoundExpression(Span, FloatType);

/// <summary>A literal string's address. The bytes are part of the code.</summary>
/// <param name="Bytes">UTF-8, or UTF-16 where <paramref name="IsWide"/>, with the terminating zero.</param>
public sealed record BoundString(SourceSpan Span, ImmutableArray<byte> Bytes, bool IsWide) : BoundExpression(Span, IntegerType.Word);

/// <summary>The value at a place. Arrays have no value: their place becomes an address by <see cref="BoundAddressOf"/>.</summary>
public sealed record BoundLoad(SourceSpan Span, BoundPlace Place) : BoundExpression(Span, Place.Type);

/// <summary>Address of a place. Registers have none.</summary>
public sealed record BoundAddressOf(SourceSpan Span, ScriptType Type, BoundPlace Place) : BoundExpression(Span, Type);

/// <summary>Another type for a value: integers are cut or extended by the sign of the source's type, floats truncate towards zero.</summary>
public sealed record BoundConversion(SourceSpan Span, ScriptType Type, BoundExpression Operand) : BoundExpression(Span, Type);

public enum UnaryOperator
{
    Negate,
    Complement,

    /// <summary>1 where the operand is 0, else 0.</summary>
    LogicalNot,
}

public sealed record BoundUnary(SourceSpan Span, ScriptType Type, UnaryOperator Operator, BoundExpression Operand) : BoundExpression(Span, Type);

public enum BinaryOperator
{
    Add,
    Subtract,
    Multiply,

    /// <summary>Signed or unsigned by the type of the operation; a divisor of 0 ends the script, the smallest number by -1 wraps around.</summary>
    Divide,
    Remainder,
    And,
    Or,
    Xor,

    /// <summary>Counts of the operation's width and more give 0, or all sign bits in a signed shift to the right.</summary>
    ShiftLeft,
    ShiftRight,

    // The result is 1 or 0 (a word); signed where the operands' type compares signed.
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>Both operands are evaluated, left first. Comparisons are words, everything else has the operands' type.</summary>
public sealed record BoundBinary(SourceSpan Span, ScriptType Type, BinaryOperator Operator, BoundExpression Left, BoundExpression Right)
    : BoundExpression(Span, Type);

/// <summary><c>&amp;&amp;</c> and <c>||</c>: the right side is evaluated only where the left one does not decide; 1 or 0.</summary>
public sealed record BoundLogical(SourceSpan Span, bool IsAnd, BoundExpression Left, BoundExpression Right) : BoundExpression(Span, IntegerType.Word);

/// <summary>
/// Stores a value of the place's type; the value of the expression is what was stored. Of a struct the bytes are copied: <see cref="Value"/> is a
/// <see cref="BoundLoad"/> of the same type then, and the assignment is a statement or part of a declaration, never a value.
/// </summary>
public sealed record BoundAssignment(SourceSpan Span, BoundPlace Place, BoundExpression Value) : BoundExpression(Span, Place.Type);

/// <summary>
/// <c>place op= value</c>, <c>place++</c> and <c>place--</c> as statements: the place is worked out once. The operation is done in
/// <paramref name="OperationType"/>, to which the place's value is converted, and its result is converted back.
/// </summary>
public sealed record BoundCompoundAssignment(
    SourceSpan Span, BoundPlace Place, BinaryOperator Operator, ScriptType OperationType, BoundExpression Value) : BoundExpression(Span, Place.Type);

/// <summary>Calls a function of the script; arguments have the parameters' types.</summary>
public sealed record BoundCall(SourceSpan Span, FunctionSymbol Function, IReadOnlyList<BoundExpression> Arguments)
    : BoundExpression(Span, Function.ReturnType);

/// <summary>Calls a function of the language; arguments are words.</summary>
public sealed record BoundBuiltInCall(SourceSpan Span, BuiltIn Function, IReadOnlyList<BoundExpression> Arguments)
    : BoundExpression(Span, BuiltIns.IsVoid(Function) ? VoidType.Instance : IntegerType.Word);

/// <summary><c>printf</c>: the console keeps the format, the code sends its number and the raw arguments.</summary>
public sealed record BoundPrint(SourceSpan Span, PrintFormat Format, IReadOnlyList<BoundExpression> Arguments) : BoundExpression(Span, VoidType.Instance);

/// <summary>A pseudo-register's value.</summary>
public sealed record BoundPseudoRegister(SourceSpan Span, PseudoRegister Register) : BoundExpression(Span, IntegerType.Word);
