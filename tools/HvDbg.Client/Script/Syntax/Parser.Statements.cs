using System.Collections.Generic;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Syntax;

public sealed partial class Parser
{
    /// <summary>Statements to the end of the text.</summary>
    private List<StatementSyntax> ParseStatements()
    {
        var statements = new List<StatementSyntax>();
        while (!IsAtEnd)
        {
            if (At("}"))
            {
                _diagnostics.Add(Current.Span, "'}' without its '{'");
                _at++;
                continue;
            }

            ParseStatement(statements);
        }

        return statements;
    }

    /// <summary>Reads one statement, which can be several declarations or none.</summary>
    private void ParseStatement(List<StatementSyntax> into)
    {
        if (Current.Kind == TokenKind.Word && ParseKeywordStatement() is { } statement)
        {
            into.Add(statement);
        }
        else if (At("{"))
        {
            into.Add(ParseBlock());
        }
        else if (At("#include"))
        {
            ParseInclude(into);
        }
        else if (AtWord("typedef"))
        {
            ParseTypedef(into);
        }
        else if (IsTypeAt(_at) || IsUnknownTypeHere())
        {
            ParseDeclaration(into);
        }
        else if (!Take(";"))
        {
            var effect = ParseEffect();
            EndStatement();
            into.Add(new ExpressionStatementSyntax(effect.Span, effect));
        }
    }

    private StatementSyntax? ParseKeywordStatement()
    {
        var first = Current;
        switch (first.Text)
        {
            case "if":
                return ParseIf();
            case "while":
                return ParseWhile();
            case "do":
                return ParseDo();
            case "for":
                return ParseFor();
            case "break":
                _at++;
                EndStatement();
                return new BreakSyntax(first.Span);
            case "continue":
                _at++;
                EndStatement();
                return new ContinueSyntax(first.Span);
            case "return":
                _at++;
                var value = At(";") ? null : ParseValue();
                EndStatement();
                return new ReturnSyntax(value is null ? first.Span : first.Span.To(value.Span), value);
            case "else" or "elsif":
                Report(first.Span, $"'{first.Text}' without its 'if'");
                _isPanicking = false;
                _at++;
                return At("(") || At("{") ? ParseStrayBranch() : null;
            default:
                return null;
        }
    }

    /// <summary>Reads what belongs to an <c>else</c> or <c>elsif</c> that stands alone.</summary>
    private BlockSyntax ParseStrayBranch()
    {
        if (At("("))
        {
            ParseParenthesizedCondition();
        }

        return ParseBlock();
    }

    /// <summary>The <c>;</c>; where it is missing and the next statement begins on a line of its own, that one is read as usual.</summary>
    private void EndStatement()
    {
        if (!_isPanicking && !Take(";"))
        {
            var canGoOn = Current.StartsLine || At("}") || IsAtEnd;
            ReportExpected("';'");
            _isPanicking = !canGoOn;
        }

        if (_isPanicking)
        {
            Recover();
        }
    }

    /// <summary>One level deeper; false: too deep, and what stands there was skipped.</summary>
    private bool Enter()
    {
        if (++_nesting <= DeepestNesting)
        {
            return true;
        }

        Report(Current.Span, $"more than {DeepestNesting} levels of braces", "make functions of the inner ones");
        _at = _tokens.Count - 1;
        _nesting--;
        return false;
    }

    private BlockSyntax ParseBlock()
    {
        var first = Current;
        var statements = new List<StatementSyntax>();
        if (!At("{"))
        {
            ReportExpected("'{'", "braces stand around a single statement, too");
            _isPanicking = false;
            if (!IsAtEnd && !At("}"))
            {
                ParseUnbraced(statements);
            }

            return new BlockSyntax(first.Span, statements);
        }

        _at++;
        if (!Enter())
        {
            return new BlockSyntax(first.Span, statements);
        }

        while (!At("}") && !IsAtEnd)
        {
            ParseStatement(statements);
        }

        if (!Take("}"))
        {
            Note(first.Span, "'{' without its '}'");
        }

        _nesting--;
        return new BlockSyntax(SpanFrom(first.Span), statements);
    }

    /// <summary>Reads a statement that lacks its braces, which was reported.</summary>
    private void ParseUnbraced(List<StatementSyntax> into)
    {
        if (Enter())
        {
            ParseStatement(into);
            _nesting--;
        }
    }

    private ExpressionSyntax ParseParenthesizedCondition()
    {
        var start = Current;
        if (Expect("("))
        {
            if (At(")"))
            {
                Report(Current.Span, "expected a condition, found ')'");
                _at++;
                _isPanicking = false;
                return new MissingSyntax(Current.Span);
            }

            var condition = ParseCondition();
            if (!_isPanicking)
            {
                Expect(")", At(";") ? "a condition ends with ')', without ';'" : "");
            }

            if (_isPanicking)
            {
                RecoverParenthesis();
            }

            return condition;
        }

        RecoverParenthesis(wasOpened: false);
        return new MissingSyntax(start.Span);
    }

    private IfSyntax ParseIf()
    {
        var branches = new List<(SourceSpan Start, ExpressionSyntax Condition, BlockSyntax Body)>();
        do
        {
            var start = Next();
            var condition = ParseParenthesizedCondition();
            branches.Add((start.Span, condition, ParseBlock()));
            if (branches.Count == MostOperands)
            {
                Note(start.Span, $"more than {MostOperands} branches");
                break;
            }
        }
        while (AtWord("elsif") || TakeElseIf());

        StatementSyntax? otherwise = null;
        if (AtWord("else"))
        {
            _at++;
            otherwise = ParseBlock();
        }

        for (var index = branches.Count - 1; index >= 0; index--)
        {
            var (start, condition, body) = branches[index];
            otherwise = new IfSyntax(SpanFrom(start), condition, body, otherwise);
        }

        return (IfSyntax)otherwise!;
    }

    /// <summary>Reports C's <c>else if</c>, and leaves it to be read as <c>elsif</c>.</summary>
    private bool TakeElseIf()
    {
        if (!AtWord("else") || !Following.IsWord("if"))
        {
            return false;
        }

        Note(Current.Span.To(Following.Span), "expected '{' behind 'else', found 'if'", "write elsif (…) {…}");
        _at++;
        return true;
    }

    private WhileSyntax ParseWhile()
    {
        var first = Next();
        var condition = ParseParenthesizedCondition();
        var body = ParseBlock();
        return new WhileSyntax(SpanFrom(first.Span), condition, body);
    }

    private DoSyntax ParseDo()
    {
        var first = Next();
        var body = ParseBlock();
        if (!AtWord("while"))
        {
            ReportExpected("'while' behind the block of 'do'");
            Recover();
            return new DoSyntax(SpanFrom(first.Span), body, new MissingSyntax(Current.Span));
        }

        _at++;
        var condition = ParseParenthesizedCondition();
        EndStatement();
        return new DoSyntax(SpanFrom(first.Span), body, condition);
    }

    private ForSyntax ParseFor()
    {
        var first = Next();
        StatementSyntax? initial = null;
        ExpressionSyntax? condition = null;
        ExpressionSyntax? step = null;
        if (Expect("("))
        {
            initial = At(";") ? null : ParseForInitial();
            condition = ExpectInFor(";") && !At(";") ? ParseCondition() : null;
            step = ExpectInFor(";") && !At(")") ? ParseForStep() : null;
            ExpectInFor(")");
        }

        if (_isPanicking)
        {
            RecoverParenthesis();
        }

        var body = ParseBlock();
        return new ForSyntax(SpanFrom(first.Span), initial, condition, step, body);
    }

    private bool ExpectInFor(string mark) => !_isPanicking && Expect(mark, At(",") ? "each part of 'for' is one assignment" : "for (start; condition; step)");

    private StatementSyntax ParseForInitial()
    {
        var first = Current;
        if (!IsTypeAt(_at))
        {
            var effect = ParseEffect();
            return new ExpressionStatementSyntax(effect.Span, effect);
        }

        var (type, name) = ParseDeclarator(ParseTypeSpecifier(), "a variable's name");
        return FinishDeclaration(first.Span, type, name);
    }

    /// <summary>A bare name, which does nothing, is a step as well.</summary>
    private ExpressionSyntax? ParseForStep()
    {
        if (Current.Kind != TokenKind.Word || !Following.IsMark(")"))
        {
            return ParseEffect();
        }

        _at++;
        return null;
    }
}
