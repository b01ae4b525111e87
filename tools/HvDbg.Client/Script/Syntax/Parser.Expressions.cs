using System.Collections.Generic;

namespace HvDbg.Client.Script.Syntax;

public sealed partial class Parser
{
    /// <summary>
    /// Operands of one expression. It bounds the depth of every tree, and with it the stack that whoever walks one needs; HyperDbg has 128
    /// temporaries.
    /// </summary>
    private const int MostOperands = 500;

    private int _operands;

    /// <summary>Comparisons and logical operators are conditions wherever they stand; strict scripts have them here only.</summary>
    private bool _isCondition;

    private ExpressionSyntax ParseCondition()
    {
        var outer = _isCondition;
        _isCondition = true;
        var condition = ParseValue();
        _isCondition = outer;
        if (At("="))
        {
            Report(Current.Span, "an assignment is no condition", "'==' compares");
        }

        return condition;
    }

    /// <summary>An expression with a value; it counts its operands from 0.</summary>
    private ExpressionSyntax ParseValue()
    {
        var outer = _operands;
        _operands = 0;
        var value = ParseBinary(1);
        _operands = outer;
        return value;
    }

    /// <summary>An expression for its effect: <c>a = b = c</c>, <c>a += b</c>, <c>a++</c>, <c>f()</c>.</summary>
    private ExpressionSyntax ParseEffect()
    {
        _operands = 0;
        if (At("++") || At("--"))
        {
            Report(Current.Span, $"expected a name before '{Current.Text}'", $"write it behind the variable: x{Current.Text}");
            return new MissingSyntax(Current.Span);
        }

        var effect = ParseAssignment();
        if (!_isPanicking && effect is not (AssignmentSyntax or StepSyntax or CallSyntax) && (At(";") || At(")")))
        {
            var compares = effect is BinarySyntax { Operator: BinarySyntaxOperator.Equal };
            Note(compares ? ((BinarySyntax)effect).OperatorSpan : effect.Span, "this expression has no effect",
                compares ? "'=' assigns, '==' compares" : "expected an assignment, '++', '--' or a call");
        }

        return effect;
    }

    private ExpressionSyntax ParseAssignment()
    {
        var target = ParseBinary(1);
        if (At("++") || At("--"))
        {
            var step = Next();
            return new StepSyntax(target.Span.To(step.Span), target, step.Text == "++");
        }

        if (Current.Kind != TokenKind.Mark || !Operators.IsAssignment(Current.Text))
        {
            return target;
        }

        var mark = Next();
        var value = mark.Text == "=" ? ParseAssignment() : ParseBinary(1);
        return new AssignmentSyntax(target.Span.To(value.Span), target, mark.Text == "=" ? null : Operators.Binary(mark.Text[..^1]), value);
    }

    private ExpressionSyntax ParseBinary(int least)
    {
        var left = ParseUnary();
        while (!_isPanicking && Current.Kind == TokenKind.Mark && Operators.Precedence(Current.Text) is var precedence && precedence >= least && precedence > 0)
        {
            var mark = Next();
            RefuseInStrict(mark);
            var right = ParseBinary(precedence + 1);
            left = new BinarySyntax(left.Span.To(right.Span), Operators.Binary(mark.Text), mark.Span, left, right);
        }

        return left;
    }

    private void RefuseInStrict(Token mark)
    {
        if (_options.IsStrict && !_isCondition && Operators.IsConditional(mark.Text))
        {
            Note(mark.Span, $"'{mark.Text}' stands in conditions only", "strict scripts keep to HyperDbg's rule; write if (…) {…} else {…}");
        }
    }

    private ExpressionSyntax ParseUnary()
    {
        if (++_operands > MostOperands)
        {
            Report(Current.Span, $"an expression with more than {MostOperands} operands", "split it, with a variable for a part");
            return new MissingSyntax(Current.Span);
        }

        var first = Current;
        if (first.Kind == TokenKind.Mark && Operators.Unary(first.Text) is { } unary)
        {
            _at++;
            RefuseInStrict(first);
            var operand = ParseUnary();
            return new UnarySyntax(first.Span.To(operand.Span), unary, operand);
        }

        if (At("(") && IsTypeAt(_at + 1))
        {
            _at++;
            var type = ParseTypeName();
            Expect(")");
            var operand = ParseUnary();
            return new CastSyntax(first.Span.To(operand.Span), type, operand);
        }

        return AtWord("sizeof") ? ParseSizeOf() : ParsePostfix();
    }

    private ExpressionSyntax ParseSizeOf()
    {
        var first = Next();
        Expect("(", "write sizeof(type) or sizeof(variable)");
        if (IsTypeAt(_at))
        {
            var type = ParseTypeName();
            Expect(")");
            return new SizeOfTypeSyntax(SpanFrom(first.Span), type);
        }

        var operand = ParseBinary(1);
        Expect(")");
        return new SizeOfExpressionSyntax(SpanFrom(first.Span), operand);
    }

    private ExpressionSyntax ParsePostfix()
    {
        var value = ParsePrimary();
        while (!_isPanicking)
        {
            if (At("["))
            {
                _operands++;
                _at++;
                var index = ParseBinary(1);
                Expect("]");
                value = new IndexSyntax(SpanFrom(value.Span), value, index);
            }
            else if ((At(".") || At("->")) && Following.Kind == TokenKind.Word)
            {
                _operands++;
                var throughPointer = Next().Text == "->";
                var name = Next();
                value = new MemberSyntax(value.Span.To(name.Span), value, throughPointer, name.Text, name.Span);
            }
            else
            {
                break;
            }
        }

        if (_operands > MostOperands)
        {
            Report(value.Span, $"an expression with more than {MostOperands} operands", "split it, with a variable for a part");
        }

        return value;
    }

    private ExpressionSyntax ParsePrimary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Number:
                _at++;
                return new NumberSyntax(token.Span, token.Number!.Value);
            case TokenKind.Float:
                _at++;
                return new FloatSyntax(token.Span, token.Fraction, token.HasAffix);
            case TokenKind.String:
                _at++;
                return new StringSyntax(token.Span, token.Bytes, token.HasAffix);
            case TokenKind.Register:
                _at++;
                return new RegisterSyntax(token.Span, token.Text);
            case TokenKind.PseudoRegister:
                _at++;
                return new PseudoRegisterSyntax(token.Span, token.Text);
            case TokenKind.Symbol:
                _at++;
                var cut = token.Text.IndexOf('!', System.StringComparison.Ordinal);
                return new SymbolSyntax(token.Span, token.Text[..cut], token.Text[(cut + 1)..]);
            case TokenKind.Word when !Keywords.Contains(token.Text):
                _at++;
                return At("(") ? ParseCall(token) : new NameSyntax(token.Span, token.Text, token.Number);
            case TokenKind.Mark when token.Text == "(":
                return ParseParentheses();
            case TokenKind.Mark when token.Text == "." && Following.Kind == TokenKind.Word && Following.Span.Start == token.Span.End:
                _at++;
                return new GlobalSyntax(token.Span.To(Current.Span), Next().Text);
            default:
                ReportExpected("a value", token.Text is "++" or "--" ? "there are '++' and '--' behind a variable, as statements" : "");
                return new MissingSyntax(token.Span);
        }
    }

    private ExpressionSyntax ParseParentheses()
    {
        _at++;
        var inner = ParseBinary(1);
        if (!_isPanicking && At("="))
        {
            Report(Current.Span, "an assignment has no value here", "'==' compares");
        }

        Expect(")");
        return inner;
    }

    private CallSyntax ParseCall(Token name)
    {
        _at++;
        var arguments = new List<ExpressionSyntax>();
        while (!_isPanicking && !At(")"))
        {
            arguments.Add(ParseBinary(1));
            if (!At(")") && !Take(","))
            {
                ReportExpected("',' or ')'");
            }
            else if (_tokens[_at - 1].IsMark(",") && At(")"))
            {
                ReportExpected("a value");
            }
        }

        Expect(")");
        return new CallSyntax(SpanFrom(name.Span), name.Text, name.Span, arguments);
    }
}
