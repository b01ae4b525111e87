using System.Collections.Generic;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Syntax;

/// <summary>A statement as it is written.</summary>
public abstract record StatementSyntax(SourceSpan Span);

public sealed record BlockSyntax(SourceSpan Span, IReadOnlyList<StatementSyntax> Statements) : StatementSyntax(Span);

/// <summary>An assignment, step or call.</summary>
public sealed record ExpressionStatementSyntax(SourceSpan Span, ExpressionSyntax Expression) : StatementSyntax(Span);

/// <summary>Declares one variable; <c>int a, b;</c> are two declarations.</summary>
public sealed record DeclarationSyntax(SourceSpan Span, TypeSyntax Type, string Name, SourceSpan NameSpan, ExpressionSyntax? Initializer) : StatementSyntax(Span);

/// <summary>Describes or announces a struct, without a variable.</summary>
public sealed record StructDeclarationSyntax(SourceSpan Span, StructTypeSyntax Type) : StatementSyntax(Span);

public sealed record TypedefSyntax(SourceSpan Span, TypeSyntax Type, string Name, SourceSpan NameSpan) : StatementSyntax(Span);

/// <param name="Else">A block, another <see cref="IfSyntax"/> (<c>elsif</c>), or null.</param>
public sealed record IfSyntax(SourceSpan Span, ExpressionSyntax Condition, BlockSyntax Then, StatementSyntax? Else) : StatementSyntax(Span);

public sealed record WhileSyntax(SourceSpan Span, ExpressionSyntax Condition, BlockSyntax Body) : StatementSyntax(Span);

public sealed record DoSyntax(SourceSpan Span, BlockSyntax Body, ExpressionSyntax Condition) : StatementSyntax(Span);

/// <param name="Initial">A declaration, an expression for its effect, or null.</param>
/// <param name="Condition">Null: always true.</param>
/// <param name="Step">An expression for its effect, or null.</param>
public sealed record ForSyntax(SourceSpan Span, StatementSyntax? Initial, ExpressionSyntax? Condition, ExpressionSyntax? Step, BlockSyntax Body)
    : StatementSyntax(Span);

public sealed record BreakSyntax(SourceSpan Span) : StatementSyntax(Span);

public sealed record ContinueSyntax(SourceSpan Span) : StatementSyntax(Span);

public sealed record ReturnSyntax(SourceSpan Span, ExpressionSyntax? Value) : StatementSyntax(Span);

/// <param name="Span">Its name.</param>
public sealed record ParameterSyntax(SourceSpan Span, TypeSyntax Type, string Name);

/// <summary>Defines a function. At top level only.</summary>
public sealed record FunctionSyntax(
    SourceSpan Span, TypeSyntax ReturnType, string Name, SourceSpan NameSpan, IReadOnlyList<ParameterSyntax> Parameters, BlockSyntax Body) : StatementSyntax(Span);

/// <summary>A whole script, what it includes in its place.</summary>
public sealed record ScriptSyntax(ScriptSource Source, IReadOnlyList<StatementSyntax> Statements);
