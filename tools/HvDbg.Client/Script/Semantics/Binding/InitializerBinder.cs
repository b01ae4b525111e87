using System;
using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Syntax;

namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>A value and the part of a new variable that it goes to.</summary>
/// <param name="Type">Of the part and the value.</param>
/// <param name="Offset">Bytes from the variable's beginning.</param>
internal sealed record InitializedPart(ScriptType Type, int Offset, BoundExpression Value);

/// <summary>Initialisers: lists within lists, with C's rule that inner braces can be left out.</summary>
/// <param name="bind">Binds a value.</param>
/// <param name="convert">Converts a value to a type, for something that the text names.</param>
internal sealed class InitializerBinder(
    BindingContext context,
    TypeBinder types,
    Func<ExpressionSyntax, BoundExpression> bind,
    Func<BoundExpression, ScriptType, string, BoundExpression> convert)
{
    private readonly List<InitializedPart> _parts = [];

    /// <summary>What goes where in a variable of a known type.</summary>
    internal IReadOnlyList<InitializedPart> Bind(ScriptType type, ExpressionSyntax initializer)
    {
        BindItem(type, 0, initializer);
        return _parts;
    }

    /// <summary>The type of an array that has the length of its initialiser.</summary>
    internal ScriptType BindOpenArray(ScriptType element, DeclarationSyntax declaration, out IReadOnlyList<InitializedPart> parts)
    {
        parts = _parts;
        switch (declaration.Initializer)
        {
            case StringSyntax text when IsTextOf(text, element):
                var type = types.Array(element, (ulong)((text.Bytes.Length / element.Size) + 1), text.Span);
                BindItem(type, 0, text);
                return type;
            case InitializerListSyntax list when element is not ErrorType:
                var count = 0;
                for (var cursor = 0; cursor < list.Items.Count; count++)
                {
                    BindMember(element, count * element.Size, list.Items, ref cursor);
                }

                return types.Array(element, (ulong)count, list.Span);
            case InitializerListSyntax:
                return ErrorType.Instance;
            default:
                context.Report(declaration.NameSpan, "an array without its length", "give it a length, or an initialiser: int x[] = { 1, 2 };");
                return ErrorType.Instance;
        }
    }

    private static bool IsTextOf(StringSyntax text, ScriptType element) => element is IntegerType integer && integer.Bytes == (text.IsWide ? 2 : 1);

    private void BindItem(ScriptType type, int offset, ExpressionSyntax initializer)
    {
        switch (initializer, type)
        {
            case (_, ErrorType):
                break;
            case (StringSyntax text, ArrayType array) when IsTextOf(text, array.Element):
                BindText(array, offset, text);
                break;
            case (InitializerListSyntax list, ArrayType or StructType):
                var cursor = 0;
                BindMembers(type, offset, list.Items, ref cursor);
                ReportRest(type, list, cursor);
                break;
            case (InitializerListSyntax list, _):
                if (list.Items.Count == 1)
                {
                    BindItem(type, offset, list.Items[0]);
                }
                else
                {
                    context.Report(list.Span, $"expected one value for {type}, found {list.Items.Count}");
                }

                break;
            case (_, ArrayType array):
                context.Report(initializer.Span, $"expected '{{' and the elements of {array}");
                break;
            default:
                _parts.Add(new InitializedPart(type, offset, convert(bind(initializer), type, "the variable")));
                break;
        }
    }

    /// <summary>Takes as many items as the array or struct has members, in order.</summary>
    private void BindMembers(ScriptType type, int offset, IReadOnlyList<ExpressionSyntax> items, ref int cursor)
    {
        foreach (var (memberType, memberOffset) in MembersOf(type))
        {
            if (cursor == items.Count)
            {
                break;
            }

            BindMember(memberType, offset + memberOffset, items, ref cursor);
        }
    }

    /// <summary>One member: from one item, or from as many as it has members itself where its own braces are left out.</summary>
    private void BindMember(ScriptType type, int offset, IReadOnlyList<ExpressionSyntax> items, ref int cursor)
    {
        var item = items[cursor];
        var hasOwnItem = item is InitializerListSyntax || type is not (ArrayType or StructType)
            || (item is StringSyntax text && type is ArrayType array && IsTextOf(text, array.Element))
            || (type is StructType && bind(item).Type == type);
        if (hasOwnItem)
        {
            BindItem(type, offset, item);
            cursor++;
        }
        else
        {
            BindMembers(type, offset, items, ref cursor);
        }
    }

    private static IEnumerable<(ScriptType Type, int Offset)> MembersOf(ScriptType type) => type switch
    {
        ArrayType array => Enumerable.Range(0, array.Count).Select(index => (array.Element, index * array.Element.Size)),
        StructType described => described.Fields.Select(field => (field.Type, field.Offset)),
        _ => [],
    };

    private void BindText(ArrayType array, int offset, StringSyntax text)
    {
        var size = array.Element.Size;
        if (text.Bytes.Length > array.Size)
        {
            context.Report(text.Span, $"a string of {text.Bytes.Length / size} characters for {array}");
            return;
        }

        // The variable is zero before, the terminator with it.
        for (var at = 0; at < text.Bytes.Length; at += size)
        {
            ulong character = size == 1 ? text.Bytes[at] : (ulong)(text.Bytes[at] | (text.Bytes[at + 1] << 8));
            if (character != 0)
            {
                var value = new BoundConstant(text.Span, IntegerType.Word, character);
                _parts.Add(new InitializedPart(array.Element, offset + at, Conversions.Convert(value, array.Element)));
            }
        }
    }

    private void ReportRest(ScriptType type, InitializerListSyntax list, int cursor)
    {
        if (cursor < list.Items.Count)
        {
            context.Report(list.Items[cursor].Span, $"more values than {type} takes");
        }
    }
}
