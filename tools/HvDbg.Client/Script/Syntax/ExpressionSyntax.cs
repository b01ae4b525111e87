using System.Collections.Generic;
using System.Collections.Immutable;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Syntax;

/// <summary>An expression as it is written. Parentheses have done their work and are left out.</summary>
public abstract record ExpressionSyntax(SourceSpan Span);

public sealed record NumberSyntax(SourceSpan Span, ulong Value) : ExpressionSyntax(Span);

/// <param name="IsSingle">It has the suffix f.</param>
public sealed record FloatSyntax(SourceSpan Span, double Value, bool IsSingle) : ExpressionSyntax(Span);

/// <param name="Bytes">UTF-8, or UTF-16 where <paramref name="IsWide"/>, without a terminator.</param>
public sealed record StringSyntax(SourceSpan Span, ImmutableArray<byte> Bytes, bool IsWide) : ExpressionSyntax(Span);

/// <summary>A variable; where no such variable is known, a number or a symbol.</summary>
/// <param name="Number">What it is as a hexadecimal number: <c>ad</c>; null: it can be none.</param>
public sealed record NameSyntax(SourceSpan Span, string Name, ulong? Number) : ExpressionSyntax(Span);

/// <param name="Name">Without the dot.</param>
public sealed record GlobalSyntax(SourceSpan Span, string Name) : ExpressionSyntax(Span);

/// <param name="Name">Without the @.</param>
public sealed record RegisterSyntax(SourceSpan Span, string Name) : ExpressionSyntax(Span);

/// <param name="Name">Without the $.</param>
public sealed record PseudoRegisterSyntax(SourceSpan Span, string Name) : ExpressionSyntax(Span);

/// <summary><c>module!name</c>.</summary>
public sealed record SymbolSyntax(SourceSpan Span, string Module, string Name) : ExpressionSyntax(Span);

public enum UnarySyntaxOperator
{
    Plus,
    Negate,
    Complement,
    Not,
    Dereference,
    AddressOf,
}

public sealed record UnarySyntax(SourceSpan Span, UnarySyntaxOperator Operator, ExpressionSyntax Operand) : ExpressionSyntax(Span);

public enum BinarySyntaxOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    LogicalAnd,
    LogicalOr,
}

/// <param name="OperatorSpan">The operator's own place.</param>
public sealed record BinarySyntax(SourceSpan Span, BinarySyntaxOperator Operator, SourceSpan OperatorSpan, ExpressionSyntax Left, ExpressionSyntax Right)
    : ExpressionSyntax(Span);

/// <summary><c>target = value</c>, or <c>target op= value</c>. The value of <c>=</c> can be an assignment again.</summary>
/// <param name="Operator">Null: a plain assignment.</param>
public sealed record AssignmentSyntax(SourceSpan Span, ExpressionSyntax Target, BinarySyntaxOperator? Operator, ExpressionSyntax Value) : ExpressionSyntax(Span);

/// <summary><c>target++</c> or <c>target--</c>, for its effect.</summary>
public sealed record StepSyntax(SourceSpan Span, ExpressionSyntax Target, bool IsIncrement) : ExpressionSyntax(Span);

/// <summary>Calls a function of the script or of the language.</summary>
public sealed record CallSyntax(SourceSpan Span, string Name, SourceSpan NameSpan, IReadOnlyList<ExpressionSyntax> Arguments) : ExpressionSyntax(Span);

public sealed record IndexSyntax(SourceSpan Span, ExpressionSyntax Target, ExpressionSyntax Index) : ExpressionSyntax(Span);

/// <summary><c>target.name</c>, or <c>target-&gt;name</c>.</summary>
public sealed record MemberSyntax(SourceSpan Span, ExpressionSyntax Target, bool ThroughPointer, string Name, SourceSpan NameSpan) : ExpressionSyntax(Span);

public sealed record CastSyntax(SourceSpan Span, TypeSyntax Type, ExpressionSyntax Operand) : ExpressionSyntax(Span);

public sealed record SizeOfTypeSyntax(SourceSpan Span, TypeSyntax Type) : ExpressionSyntax(Span);

/// <summary>The size of a value's type; the expression is not evaluated.</summary>
public sealed record SizeOfExpressionSyntax(SourceSpan Span, ExpressionSyntax Operand) : ExpressionSyntax(Span);

/// <summary><c>{ a, b, { c, d } }</c>, behind the <c>=</c> of a declaration only.</summary>
public sealed record InitializerListSyntax(SourceSpan Span, IReadOnlyList<ExpressionSyntax> Items) : ExpressionSyntax(Span);

/// <summary>Stands where an expression could not be read. Trees of scripts without errors have none.</summary>
public sealed record MissingSyntax(SourceSpan Span) : ExpressionSyntax(Span);
