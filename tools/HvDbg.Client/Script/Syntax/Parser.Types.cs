using System.Collections.Generic;
using System.Linq;

namespace HvDbg.Client.Script.Syntax;

public sealed partial class Parser
{
    private const int MostPointers = 8;
    private const int MostDimensions = 8;

    /// <summary>Whether a type begins at a token, for casts and declarations.</summary>
    private bool IsTypeAt(int at) =>
        _tokens[at] is { Kind: TokenKind.Word } word && (word.Text == "struct" || Keywords.Types.Contains(word.Text) || _typeNames.Contains(word.Text));

    /// <summary>A type without a name behind it: <c>(unsigned char*)</c>, <c>sizeof(int[4])</c>.</summary>
    private TypeSyntax ParseTypeName() => ParseDimensions(ParsePointers(ParseTypeSpecifier()), mayBeOpen: false);

    private TypeSyntax ParseTypeSpecifier()
    {
        var first = Current;
        if (AtWord("struct"))
        {
            return ParseStruct();
        }

        if (first.Kind == TokenKind.Word && _typeNames.Contains(first.Text))
        {
            _at++;
            return new NamedTypeSyntax(first.Span, first.Text);
        }

        var words = new List<string>();
        while (Current.Kind == TokenKind.Word && Keywords.Types.Contains(Current.Text))
        {
            words.Add(Next().Text);
        }

        if (words.Count == 0)
        {
            ReportExpected("a type");
            return new NamedTypeSyntax(first.Span, "void");
        }

        var span = SpanFrom(first.Span);
        var name = TypeOf(words);
        if (name is null)
        {
            Note(span, $"there is no type '{string.Join(' ', words)}'", "bool, char, short, int, long and long long, the last five perhaps unsigned; wchar_t, float, double, void");
        }

        return new NamedTypeSyntax(span, name ?? "int");
    }

    /// <summary>The full form of a type's name: <c>long unsigned int</c> is <c>unsigned long</c>.</summary>
    private static string? TypeOf(List<string> words)
    {
        var isUnsigned = words.Count(word => word == "unsigned") == 1;
        var signs = words.Count(word => word is "unsigned" or "signed");
        var name = string.Join(' ', words.Where(word => word is not ("unsigned" or "signed")).OrderByDescending(word => word is "long" or "short" ? 1 : 0));
        name = name switch
        {
            "" => "int",
            "short int" => "short",
            "long int" => "long",
            "long long int" => "long long",
            _ => name,
        };
        return (name, signs) switch
        {
            ("char" or "short" or "int" or "long" or "long long", 0 or 1) => isUnsigned ? "unsigned " + name : name,
            ("void" or "bool" or "float" or "double" or "wchar_t", 0) => name,
            _ => null,
        };
    }

    private TypeSyntax ParsePointers(TypeSyntax type)
    {
        for (var count = 0; At("*"); count++)
        {
            if (count == MostPointers)
            {
                Report(Current.Span, $"more than {MostPointers} '*' in a row");
                break;
            }

            _at++;
            type = new PointerTypeSyntax(SpanFrom(type.Span), type);
        }

        return type;
    }

    /// <summary>What stands behind a type: <c>*name[2]</c>, or <c>(*name)[2]</c> for a pointer to an array.</summary>
    /// <param name="what">Whose name it is, for the message.</param>
    private (TypeSyntax Type, Token Name) ParseDeclarator(TypeSyntax specifier, string what)
    {
        var type = ParsePointers(specifier);
        if (!At("(") || !Following.IsMark("*"))
        {
            var name = ExpectName(what);
            return (ParseDimensions(type, mayBeOpen: true), name);
        }

        _at += 2;
        var pointer = ExpectName(what);
        Expect(")");
        type = ParseDimensions(type, mayBeOpen: false);
        return (new PointerTypeSyntax(SpanFrom(specifier.Span), type), pointer);
    }

    /// <summary><c>[2][3]</c> behind a name: an array of two arrays of three.</summary>
    /// <param name="mayBeOpen">Whether the first length can be left to the initialiser.</param>
    private TypeSyntax ParseDimensions(TypeSyntax element, bool mayBeOpen)
    {
        var lengths = new List<ExpressionSyntax?>();
        while (At("[") && !_isPanicking)
        {
            _at++;
            if (lengths.Count == MostDimensions)
            {
                Report(Current.Span, $"an array of more than {MostDimensions} dimensions");
            }

            lengths.Add(mayBeOpen && lengths.Count == 0 && At("]") ? null : ParseValue());
            Expect("]");
        }

        lengths.Reverse();
        return lengths.Aggregate(element, (type, length) => new ArrayTypeSyntax(SpanFrom(element.Span), type, length));
    }

    private StructTypeSyntax ParseStruct()
    {
        var first = Next();
        var name = Current.Kind == TokenKind.Word && !Keywords.Contains(Current.Text) ? Next().Text : "";
        if (!At("{"))
        {
            if (name.Length == 0)
            {
                ReportExpected("a struct's name or '{'");
            }

            return new StructTypeSyntax(SpanFrom(first.Span), name, null);
        }

        var header = SpanFrom(first.Span);
        return new StructTypeSyntax(header, name, ParseFields());
    }

    private List<FieldSyntax> ParseFields()
    {
        _at++;
        var fields = new List<FieldSyntax>();
        if (!Enter())
        {
            return fields;
        }

        while (!At("}") && !IsAtEnd && !IsStatementAmongFields())
        {
            var specifier = ParseTypeSpecifier();
            do
            {
                var type = ParsePointers(specifier);
                var name = ExpectName("a field's name");
                fields.Add(new FieldSyntax(name.Span, ParseDimensions(type, mayBeOpen: false), name.Text));
            }
            while (!_isPanicking && Take(","));
            if (!_isPanicking && At("="))
            {
                Report(Current.Span, "a field has no initialiser of its own", "initialise the variable: struct name x = { … };");
            }

            EndStatement();
        }

        Expect("}");
        _nesting--;
        return fields;
    }

    /// <summary>Whether a statement begins here: the struct lacks its closing brace.</summary>
    private bool IsStatementAmongFields() => Current.Kind == TokenKind.Word && Current.Text != "struct" && Keywords.Statements.Contains(Current.Text);

    private Token ExpectName(string what)
    {
        if (Current.Kind == TokenKind.Word && !Keywords.Contains(Current.Text))
        {
            return Next();
        }

        ReportExpected(what, Current.Kind == TokenKind.Word ? $"'{Current.Text}' is a word of the language" : "");
        return Current with { Text = "" };
    }
}
