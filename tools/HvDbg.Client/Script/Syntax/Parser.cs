using System;
using System.Collections.Generic;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Syntax;

/// <summary>
/// Reads a script by recursive descent. An error is reported once: until <see cref="_isPanicking"/> is taken back at the next place where a
/// statement can begin, nothing else is, so that one mistake makes one message and the next statement is read as usual.
/// </summary>
public sealed partial class Parser
{
    /// <summary>Statements within statements.</summary>
    private const int DeepestNesting = 64;

    private readonly ScriptOptions _options;
    private readonly DiagnosticList _diagnostics;
    private readonly HashSet<string> _typeNames;
    private readonly IncludeStack _includes;
    private readonly ScriptSource _source;
    private readonly IReadOnlyList<Token> _tokens;
    private int _at;
    private int _nesting;
    private bool _isPanicking;

    private Parser(ScriptSource source, ScriptOptions options, DiagnosticList diagnostics, HashSet<string> typeNames, IncludeStack includes)
    {
        _source = source;
        _options = options;
        _diagnostics = diagnostics;
        _typeNames = typeNames;
        _includes = includes;
        _tokens = Lexer.Tokens(source, diagnostics);
    }

    /// <summary>Reads statements up to the end of the text.</summary>
    public static ScriptSyntax ParseScript(ScriptSource source, ScriptOptions options, DiagnosticList diagnostics)
    {
        var parser = new Parser(source, options, diagnostics, new HashSet<string>(StringComparer.Ordinal), new IncludeStack(options.Files, source.Name));
        return new ScriptSyntax(source, parser.ParseStatements());
    }

    /// <summary>Reads one expression, which the text consists of.</summary>
    public static ExpressionSyntax ParseExpression(ScriptSource source, ScriptOptions options, DiagnosticList diagnostics)
    {
        var parser = new Parser(source, options, diagnostics, [], new IncludeStack(options.Files, source.Name)) { _isCondition = true };
        var expression = parser.ParseValue();
        parser.Take(";");
        if (!parser.IsAtEnd)
        {
            parser.ReportExpected("the end of the expression", parser.At("=") ? "'==' compares" : "");
        }

        return expression;
    }

    private Token Current => _tokens[_at];

    private Token Following => _tokens[Math.Min(_at + 1, _tokens.Count - 1)];

    private bool IsAtEnd => Current.Kind == TokenKind.End;

    private bool At(string mark) => Current.IsMark(mark);

    private bool AtWord(string word) => Current.IsWord(word);

    private Token Next()
    {
        var token = Current;
        if (!IsAtEnd)
        {
            _at++;
        }

        return token;
    }

    private bool Take(string mark)
    {
        var isThere = At(mark);
        if (isThere)
        {
            _at++;
        }

        return isThere;
    }

    private bool Expect(string mark, string hint = "")
    {
        if (Take(mark))
        {
            return true;
        }

        ReportExpected($"'{mark}'", hint);
        return false;
    }

    /// <summary>The end of the word before.</summary>
    private SourceSpan Behind => _at == 0 ? new SourceSpan(_source, 0, 0) : _tokens[_at - 1].Span with { Start = _tokens[_at - 1].Span.End, Length = 0 };

    private SourceSpan SpanFrom(SourceSpan first) => _at == 0 ? first : first.To(_tokens[_at - 1].Span);

    /// <summary>Reports the word that stands where something else should: at the end of the line before, where it begins a line.</summary>
    private void ReportExpected(string what, string hint = "")
    {
        var span = Current.StartsLine || IsAtEnd ? Behind : Current.Span;
        Report(Current.Kind == TokenKind.Bad ? null : span, $"expected {what}, found {Current.Shown}", hint);
    }

    /// <summary>Reports what makes the rest of the statement unreadable.</summary>
    /// <param name="span">Null: it was reported before.</param>
    private void Report(SourceSpan? span, string message, string hint = "")
    {
        if (!_isPanicking && span is { } place)
        {
            _diagnostics.Add(place, message, hint);
        }

        _isPanicking = true;
    }

    /// <summary>Reports what is wrong, but can be read.</summary>
    private void Note(SourceSpan span, string message, string hint = "")
    {
        if (!_isPanicking)
        {
            _diagnostics.Add(span, message, hint);
        }
    }

    /// <summary>Goes on behind the statement that could not be read: behind its <c>;</c>, or where a block ends or a line begins a statement.</summary>
    private void Recover()
    {
        _isPanicking = false;
        while (!IsAtEnd && !At("}"))
        {
            if (Take(";"))
            {
                return;
            }

            if (BeginsStatement)
            {
                return;
            }

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

    /// <summary>Goes on behind the parenthesis that ends a condition or a list of parameters, or before the braces behind it.</summary>
    /// <param name="wasOpened">Whether it began with one; a condition without ends at its <c>;</c>.</param>
    private void RecoverParenthesis(bool wasOpened = true)
    {
        _isPanicking = false;
        for (var depth = 1; depth > 0 && !IsAtEnd && !At("{") && !At("}") && !BeginsStatement && (wasOpened || !At(";")); _at++)
        {
            depth += At("(") ? 1 : At(")") ? -1 : 0;
        }
    }

    /// <summary>Whether a keyword stands at the beginning of a line: whatever was wrong before, this is a new statement.</summary>
    private bool BeginsStatement =>
        Current is { StartsLine: true, Kind: TokenKind.Word } && (Keywords.Statements.Contains(Current.Text) || Keywords.Types.Contains(Current.Text));

    private void SkipBraces()
    {
        var depth = 0;
        do
        {
            depth += At("{") ? 1 : At("}") ? -1 : 0;
            _at++;
        }
        while (depth > 0 && !IsAtEnd);
    }
}
