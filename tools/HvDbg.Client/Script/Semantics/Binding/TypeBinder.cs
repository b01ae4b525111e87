using System;
using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;
using HvKernel.Protocol;

namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>Types as written become types.</summary>
/// <param name="context">The script.</param>
/// <param name="length">Binds the length of an array: a constant; null: it was reported that it is none.</param>
internal sealed class TypeBinder(BindingContext context, Func<ExpressionSyntax, ulong?> length)
{
    /// <summary>Bytes of one variable: half of what a run has for all of them.</summary>
    private const int MostBytes = ScriptLimits.DataBytes / 2;

    private static readonly Dictionary<string, ScriptType> Basic = new ScriptType[]
    {
        VoidType.Instance, IntegerType.Bool, IntegerType.Char, IntegerType.UnsignedChar, IntegerType.Short, IntegerType.UnsignedShort, IntegerType.Int,
        IntegerType.UnsignedInt, IntegerType.Long, IntegerType.UnsignedLong, IntegerType.LongLong, IntegerType.UnsignedLongLong, FloatType.Float,
        FloatType.Double,
    }.ToDictionary(type => type.ToString());

    internal ScriptType Bind(TypeSyntax syntax, Scope scope) => syntax switch
    {
        NamedTypeSyntax { Name: "wchar_t" } => IntegerType.UnsignedShort,
        NamedTypeSyntax named => Basic.GetValueOrDefault(named.Name) ?? scope.FindType(named.Name) ?? Unknown(named),
        StructTypeSyntax described => BindStruct(described, scope),
        PointerTypeSyntax pointer => new PointerType(Bind(pointer.Target, scope)),
        ArrayTypeSyntax array => BindArray(array, scope),
        _ => ErrorType.Instance,
    };

    /// <summary>A type that a variable, field or element can have.</summary>
    /// <param name="what">What has it, for the message.</param>
    internal ScriptType BindObject(TypeSyntax syntax, Scope scope, string what)
    {
        var type = Bind(syntax, scope);
        return IsObject(type, syntax.Span, what) ? type : ErrorType.Instance;
    }

    /// <summary>An array whose length is known, or too large.</summary>
    internal ScriptType Array(ScriptType element, ulong count, SourceSpan span)
    {
        if (element is ErrorType)
        {
            return element;
        }

        if (count == 0)
        {
            context.Report(span, "an array of no elements");
            return ErrorType.Instance;
        }

        if (count > (ulong)(MostBytes / Math.Max(1, element.Size)))
        {
            context.Report(span, $"an array of more than {MostBytes} bytes", "numbers are hexadecimal: 0n10 is ten");
            return ErrorType.Instance;
        }

        return new ArrayType(element, (int)count);
    }

    private bool IsObject(ScriptType type, SourceSpan span, string what)
    {
        if (type is VoidType)
        {
            context.Report(span, $"{what} cannot be void");
            return false;
        }

        if (type is StructType { IsComplete: false } open)
        {
            context.Report(span, $"struct {open.Name} has no fields yet", "describe it above, or use a pointer");
            return false;
        }

        return true;
    }

    private ErrorType Unknown(NamedTypeSyntax named)
    {
        context.Report(named.Span, $"unknown type '{named.Name}'", "the typedef must stand above, in the same block or around it");
        return ErrorType.Instance;
    }

    private ScriptType BindArray(ArrayTypeSyntax syntax, Scope scope)
    {
        var element = BindObject(syntax.Element, scope, "an element");
        if (syntax.Length is null)
        {
            context.Report(syntax.Span, "an array without its length", "only the initialiser of a variable can give it");
            return ErrorType.Instance;
        }

        return length(syntax.Length) is { } count ? Array(element, count, syntax.Length.Span) : ErrorType.Instance;
    }

    private ScriptType BindStruct(StructTypeSyntax syntax, Scope scope)
    {
        if (syntax.Fields is null)
        {
            if (scope.FindStruct(syntax.Name) is { } known)
            {
                return known;
            }

            context.Report(syntax.Span, $"unknown struct '{syntax.Name}'", Suggestion.For(syntax.Name, scope.Structs));
            return ErrorType.Instance;
        }

        var type = Declare(syntax.Name, scope);
        if (type.IsComplete)
        {
            context.Report(syntax.Span, $"struct {syntax.Name} is described twice");
            return type;
        }

        Complete(type, syntax, scope);
        return type;
    }

    /// <summary>The struct of this name in this very scope, a new one if need be.</summary>
    internal static StructType Declare(string name, Scope scope)
    {
        if (name.Length != 0 && scope.FindOwnStruct(name) is { } known)
        {
            return known;
        }

        var type = new StructType(name);
        if (name.Length != 0)
        {
            scope.Add(type);
        }

        return type;
    }

    private void Complete(StructType type, StructTypeSyntax syntax, Scope scope)
    {
        var fields = new List<(string Name, ScriptType Type)>();
        var size = 0L;
        foreach (var field in syntax.Fields!)
        {
            if (fields.Exists(other => other.Name == field.Name))
            {
                context.Report(field.Span, $"a second field '{field.Name}'");
                continue;
            }

            var fieldType = BindObject(field.Type, scope, "a field");
            size += fieldType.Size;
            if (size > MostBytes)
            {
                context.Report(field.Span, $"a struct of more than {MostBytes} bytes");
                fieldType = IntegerType.Int;
            }

            fields.Add((field.Name, fieldType));
        }

        if (fields.Count == 0)
        {
            context.Report(syntax.Span, "a struct without fields");
        }

        type.Complete(fields);
    }
}
