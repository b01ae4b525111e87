using System.Collections.Generic;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Syntax;

/// <summary>A type as it is written.</summary>
public abstract record TypeSyntax(SourceSpan Span);

/// <summary>A type of the language, or one that a <c>typedef</c> names.</summary>
/// <param name="Name">Types of the language in their full form: <c>unsigned int</c>, <c>long long</c>.</param>
public sealed record NamedTypeSyntax(SourceSpan Span, string Name) : TypeSyntax(Span);

/// <summary><c>struct name</c>, <c>struct name { … }</c> or <c>struct { … }</c>.</summary>
/// <param name="Name">Empty: it has none.</param>
/// <param name="Fields">Null: the struct is named, not described.</param>
public sealed record StructTypeSyntax(SourceSpan Span, string Name, IReadOnlyList<FieldSyntax>? Fields) : TypeSyntax(Span);

public sealed record PointerTypeSyntax(SourceSpan Span, TypeSyntax Target) : TypeSyntax(Span);

/// <param name="Length">Null: as many as the initialiser has.</param>
public sealed record ArrayTypeSyntax(SourceSpan Span, TypeSyntax Element, ExpressionSyntax? Length) : TypeSyntax(Span);

/// <summary>A field of a struct.</summary>
/// <param name="Span">Its name.</param>
public sealed record FieldSyntax(SourceSpan Span, TypeSyntax Type, string Name);
