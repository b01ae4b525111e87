using System.Collections.Generic;
using System.Text;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Syntax;

public sealed partial class Parser
{
    /// <summary><c>name name</c>: the first should have been a type.</summary>
    private bool IsUnknownTypeHere() => Current.Kind == TokenKind.Word && Following.Kind == TokenKind.Word && !Following.StartsLine
        && _tokens[_at + 2] is { Kind: TokenKind.Mark, Text: "=" or ";" or "(" or "[" };

    private void ParseDeclaration(List<StatementSyntax> into)
    {
        var first = Current;
        TypeSyntax specifier;
        if (IsTypeAt(_at))
        {
            specifier = ParseTypeSpecifier();
        }
        else
        {
            Note(first.Span, $"unknown type '{first.Text}'", "a type of the language, 'struct name', or a name that a typedef gave");
            specifier = new NamedTypeSyntax(Next().Span, "int");
        }

        if (specifier is StructTypeSyntax described && At(";"))
        {
            _at++;
            into.Add(new StructDeclarationSyntax(described.Span, described));
            return;
        }

        var isFirst = true;
        do
        {
            var (type, name) = ParseDeclarator(specifier, "a variable's name");
            if (isFirst && At("(") && !_isPanicking)
            {
                into.Add(ParseFunction(first.Span, type, name));
                return;
            }

            isFirst = false;
            into.Add(FinishDeclaration(first.Span, type, name));
        }
        while (!_isPanicking && Take(","));
        EndStatement();
    }

    private DeclarationSyntax FinishDeclaration(SourceSpan first, TypeSyntax type, Token name)
    {
        ExpressionSyntax? initializer = null;
        if (!_isPanicking && Take("="))
        {
            initializer = ParseInitializer();
        }
        else if (_options.IsStrict)
        {
            Note(name.Span, $"'{name.Text}' has no value", "strict scripts keep to HyperDbg's rule: int x = 0;");
        }

        return new DeclarationSyntax(SpanFrom(first), type, name.Text, name.Span, initializer);
    }

    private ExpressionSyntax ParseInitializer()
    {
        if (!At("{"))
        {
            return ParseValue();
        }

        var first = Next();
        var items = new List<ExpressionSyntax>();
        if (!Enter())
        {
            return new MissingSyntax(first.Span);
        }

        while (!At("}") && !_isPanicking)
        {
            items.Add(ParseInitializer());
            if (!At("}") && !Take(","))
            {
                ReportExpected("',' or '}'");
            }
        }

        SkipRestOfList();
        Expect("}");
        _nesting--;
        return new InitializerListSyntax(SpanFrom(first.Span), items);
    }

    /// <summary>Goes to the end of a list that could not be read, so that its brace is not taken for a block's.</summary>
    private void SkipRestOfList()
    {
        while (_isPanicking && !IsAtEnd && !At("}") && !At(";"))
        {
            if (At("{"))
            {
                SkipBraces();
            }
            else
            {
                _at++;
            }
        }
    }

    private void ParseTypedef(List<StatementSyntax> into)
    {
        var first = Next();
        var type = ParsePointers(ParseTypeSpecifier());
        var name = ExpectName("the new type's name");
        type = ParseDimensions(type, mayBeOpen: false);
        if (name.Text.Length != 0)
        {
            _typeNames.Add(name.Text);
        }

        into.Add(new TypedefSyntax(SpanFrom(first.Span), type, name.Text, name.Span));
        EndStatement();
    }

    private FunctionSyntax ParseFunction(SourceSpan first, TypeSyntax type, Token name)
    {
        if (_nesting != 0)
        {
            Note(name.Span, $"function '{name.Text}' inside a block", "functions are defined at the top level only");
        }

        _at++;
        var parameters = ParseParameters();
        if (_isPanicking)
        {
            RecoverParenthesis();
        }

        if (At(";"))
        {
            Note(Current.Span, $"function '{name.Text}' has no body", "it need not be announced: functions can be called above their definition");
            _at++;
            return new FunctionSyntax(SpanFrom(first), type, name.Text, name.Span, parameters, new BlockSyntax(name.Span, []));
        }

        var body = ParseBlock();
        return new FunctionSyntax(SpanFrom(first), type, name.Text, name.Span, parameters, body);
    }

    private List<ParameterSyntax> ParseParameters()
    {
        var parameters = new List<ParameterSyntax>();
        if (AtWord("void") && Following.IsMark(")"))
        {
            _at += 2;
            return parameters;
        }

        while (!At(")") && !_isPanicking)
        {
            if (!IsTypeAt(_at) && Current.Kind == TokenKind.Word)
            {
                Report(Current.Span, $"expected a parameter's type, found '{Current.Text}'", "write the type before the name: int " + Current.Text);
                break;
            }

            var (type, name) = ParseDeclarator(ParseTypeSpecifier(), "a parameter's name");
            parameters.Add(new ParameterSyntax(name.Span, type, name.Text));
            if (!At(")") && !Take(","))
            {
                ReportExpected("',' or ')'");
            }
        }

        if (!_isPanicking)
        {
            Expect(")");
        }

        return parameters;
    }

    /// <summary><c>#include "file"</c>, perhaps with a <c>;</c>: the file's statements stand in its place.</summary>
    private void ParseInclude(List<StatementSyntax> into)
    {
        var first = Next();
        var path = Current;
        if (path.Kind != TokenKind.String || path.HasAffix)
        {
            ReportExpected("a file's path in double quotes", "#include \"file.ds\"");
            Recover();
            return;
        }

        _at++;
        Take(";");
        if (_nesting != 0)
        {
            Note(first.Span, "#include inside a block", "files are included at the top level only");
            return;
        }

        if (_includes.Enter(Encoding.UTF8.GetString(path.Bytes.AsSpan()), out var problem) is not { } source)
        {
            Note(path.Span, problem);
            return;
        }

        into.AddRange(new Parser(source, _options, _diagnostics, _typeNames, _includes).ParseStatements());
        _includes.Leave();
    }
}
