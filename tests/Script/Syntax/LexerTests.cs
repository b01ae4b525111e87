using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests.Syntax;

public sealed class LexerTests
{
    [Theory]
    [InlineData("10", 0x10)]
    [InlineData("0x10", 0x10)]
    [InlineData("0n10", 10)]
    [InlineData("0t17", 15)]
    [InlineData("0y1010", 10)]
    [InlineData("fffff801`639b1000", 0xfffff801_639b1000)]
    [InlineData("0x1`0", 0x10)]
    [InlineData("0n1`000", 1000)]
    [InlineData("0b1", 0xb1)]
    [InlineData("ad", 0xad)]
    [InlineData("DeadBeef", 0xdeadbeef)]
    [InlineData("0n 10", 10)]
    [InlineData("0x  1`0", 0x10)]
    [InlineData("'A'", 0x41)]
    [InlineData("'\\n'", 10)]
    [InlineData("'\\''", 0x27)]
    [InlineData("'\\xff'", 0xff)]
    [InlineData("L'é'", 0xe9)]
    [InlineData("ffffffffffffffff", ulong.MaxValue)]
    [InlineData("0n18446744073709551615", ulong.MaxValue)]
    public void Numbers(string text, ulong value) => Single(text).Number.ShouldBe(value);

    [Theory]
    [InlineData("add1x")]
    [InlineData("_ad")]
    [InlineData("x")]
    [InlineData("rax")]
    public void Names_with_other_letters_are_no_numbers(string text)
    {
        var token = Single(text);
        token.Kind.ShouldBe(TokenKind.Word);
        token.Number.ShouldBeNull();
    }

    [Theory]
    [InlineData("\"a\\n\\t\\\\\\\"\\x41\\q\"", "610A095C22415C71")]
    [InlineData("\"\\xff\\x1g\"", "FF0167")]
    [InlineData("\"é\"", "C3A9")]
    [InlineData("L\"aé\\x41\"", "6100E9004100")]
    [InlineData("\"\"", "")]
    public void Strings(string text, string bytes) => Convert.ToHexString(Single(text).Bytes.AsSpan()).ShouldBe(bytes);

    [Theory]
    [InlineData("1.5", 1.5, false)]
    [InlineData("0.25f", 0.25, true)]
    [InlineData("2.0e-3", 0.002, false)]
    [InlineData("10.0E2F", 1000, true)]
    [InlineData(".5", 0.5, false)]
    [InlineData("11.", 11, false)]
    public void Numbers_with_a_fraction_are_decimal(string text, double value, bool isSingle)
    {
        var token = Single(text);
        token.Kind.ShouldBe(TokenKind.Float);
        token.Fraction.ShouldBe(value);
        token.HasAffix.ShouldBe(isSingle);
    }

    [Theory]
    [InlineData("@rax $pid .name nt!Foo kernel!bar.isra.0", "Register:rax PseudoRegister:pid Mark:. Word:name Symbol:nt!Foo Symbol:kernel!bar.isra.0")]
    [InlineData("x!=y", "Word:x Mark:!= Word:y")]
    [InlineData("x<<=1>>2->y", "Word:x Mark:<<= Number:1 Mark:>> Number:2 Mark:-> Word:y")]
    [InlineData("x+++y", "Word:x Mark:++ Mark:+ Word:y")]
    [InlineData("#include \"a\"", "Mark:#include String:")]
    [InlineData("a/*x*/b//c\nd", "Word:a Word:b Word:d")]
    [InlineData("1.x", "Number:1 Mark:. Word:x")]
    public void Tokens(string text, string tokens) =>
        string.Join(' ', All(text).Where(token => token.Kind != TokenKind.End).Select(token => $"{token.Kind}:{token.Text}")).ShouldBe(tokens);

    [Fact]
    public void Tokens_know_their_places_and_lines()
    {
        var tokens = All("a b\n /* \n */ c\r\n  d");
        tokens.Select(token => string.Create(CultureInfo.InvariantCulture, $"{token.Span.Position.Line}:{token.Span.Position.Column}{(token.StartsLine ? "^" : "")}"))
            .ShouldBe(["1:1^", "1:3", "3:5^", "4:3^", "4:4"]);
    }

    private static Token Single(string text)
    {
        var tokens = All(text);
        tokens.Count.ShouldBe(2);
        return tokens[0];
    }

    private static IReadOnlyList<Token> All(string text)
    {
        var diagnostics = new DiagnosticList();
        var tokens = Lexer.Tokens(new ScriptSource("", text), diagnostics);
        diagnostics.Found.ShouldBeEmpty();
        return tokens;
    }
}
