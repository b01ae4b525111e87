using System.Collections.Generic;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Semantics;

/// <summary>A statement whose names and types are settled.</summary>
public abstract record BoundStatement(SourceSpan Span);

public sealed record BoundBlock(SourceSpan Span, IReadOnlyList<BoundStatement> Statements) : BoundStatement(Span);

/// <summary>An expression for its effect.</summary>
public sealed record BoundExpressionStatement(SourceSpan Span, BoundExpression Expression) : BoundStatement(Span);

/// <summary>Gives a local variable its first value; all its bytes are 0 before.</summary>
/// <param name="Stores">Assignments to it or its parts, in order.</param>
public sealed record BoundDeclaration(SourceSpan Span, LocalSymbol Local, IReadOnlyList<BoundAssignment> Stores) : BoundStatement(Span);

public sealed record BoundIf(SourceSpan Span, BoundExpression Condition, BoundStatement Then, BoundStatement? Else) : BoundStatement(Span);

/// <summary>
/// All loops: <c>while</c> (no step), <c>do … while</c> (<paramref name="TestsLast"/>), <c>for</c> (its first part stands in a block around it).
/// <c>continue</c> goes on with the step, then the condition. A null condition is always true.
/// </summary>
public sealed record BoundLoop(SourceSpan Span, BoundExpression? Condition, BoundExpression? Step, BoundStatement Body, bool TestsLast) : BoundStatement(Span);

public sealed record BoundBreak(SourceSpan Span) : BoundStatement(Span);

public sealed record BoundContinue(SourceSpan Span) : BoundStatement(Span);

/// <summary>Leaves the function; at top level: the script.</summary>
public sealed record BoundReturn(SourceSpan Span, BoundExpression? Value) : BoundStatement(Span);
