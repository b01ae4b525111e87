using System.Linq;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests.Syntax;

/// <summary>Which tree a text becomes.</summary>
public sealed class ParserTests
{
    [Theory]
    [InlineData("1 + 2 * 3", "(+ 1 (* 2 3))")]
    [InlineData("1 - 2 - 3", "(- (- 1 2) 3)")]
    [InlineData("(1 - 2) * 3", "(* (- 1 2) 3)")]
    [InlineData("1 | 2 ^ 3 & 4", "(| 1 (^ 2 (& 3 4)))")]
    [InlineData("1 & 2 << 3 + 4", "(& 1 (<< 2 (+ 3 4)))")]
    [InlineData("1 == 2 < 3", "(< (== 1 2) 3)")]
    [InlineData("1 < 2 == 3", "(== (< 1 2) 3)")]
    [InlineData("x & 1 == 1", "(& x (== 1 1))")]
    [InlineData("x && y || z && !w", "(|| (&& x y) (&& z (Not w)))")]
    [InlineData("-x + ~y", "(+ (Negate x) (Complement y))")]
    [InlineData("*x * &y", "(* (Dereference x) (AddressOf y))")]
    [InlineData("- -1", "(Negate (Negate 1))")]
    [InlineData("poi(@rsp + 8) >> 0n12", "(>> poi((+ @rsp 8)) c)")]
    [InlineData("(int)x + 1", "(+ ((int) x) 1)")]
    [InlineData("(unsigned long long*)x", "((unsigned long long*) x)")]
    [InlineData("(long int unsigned).x", "((unsigned long) .x)")]
    [InlineData("sizeof(struct p) + sizeof(x)", "(+ sizeof(struct p) sizeof x)")]
    [InlineData("sizeof(int[2][3])", "sizeof([2][3]int)")]
    [InlineData("x[1][2].y->z", "((((x[1])[2]).y)->z)")]
    [InlineData(".x.y", "(.x.y)")]
    [InlineData("nt!Foo + ad + ad1", "(+ (+ nt!Foo ad) ad1)")]
    [InlineData("x!=y", "(!= x y)")]
    [InlineData("fade(1)", "fade(1)")]
    [InlineData("1.5 + 0.25f", "(+ 1.5d 0.25f)")]
    public void Expressions(string text, string shape) => Shape.Of(Expression(text)).ShouldBe(shape);

    [Theory]
    [InlineData("x = 1;", "(= x 1);")]
    [InlineData("x = y = .z = 1;", "(= x (= y (= .z 1)));")]
    [InlineData("@rax += 2; .n <<= 1; x--;", "(Add= @rax 2); (ShiftLeft= .n 1); (-- x);")]
    [InlineData("int x = 1;", "int x = 1;")]
    [InlineData("int a[2][3] = {{1,2,3},{4,5,6}};", "[2][3]int a = {{1, 2, 3}, {4, 5, 6}};")]
    [InlineData("char s[] = \"a\\n\";", "[]char s = 610A;")]
    [InlineData("int *p = &x, q;", "int* p = (AddressOf x); int q;")]
    [InlineData("struct p { int x, *y; struct q z; }; struct p;", "struct p { int x; int* y; struct q z; }; struct p;")]
    [InlineData("typedef struct p point; point *x; (point)y++;", "typedef struct p point; point* x; (++ ((point) y));")]
    [InlineData("if (x > 1) { y = 1; } elsif (x) { } else { y = 2; }", "if (> x 1) { (= y 1); } else if x { } else { (= y 2); }")]
    [InlineData("while (x) { break; continue; }", "while x { break; continue; }")]
    [InlineData("do { x++; } while (x < 5);", "do { (++ x); } while (< x 5)")]
    [InlineData("for (int i = 0; i < 5; i++) { f(i); }", "for (int i = 0; (< i 5); (++ i)) { f(i); }")]
    [InlineData("for (;;) { }", "for (; ; ) { }")]
    [InlineData("for (x = 1; x; x) { }", "for ((= x 1); x; ) { }")]
    [InlineData("int f(int a, char *b) { return a; } void g(void) { return; }", "int f(int a, char* b) { return a; } void g() { return; }")]
    [InlineData("{ { x = 1; }; }", "{ { (= x 1); } }")]
    [InlineData("// one\nx = 1; /* two\n */ y = 2;", "(= x 1); (= y 2);")]
    public void Statements(string text, string shape)
    {
        var diagnostics = new DiagnosticList();
        var script = Parser.ParseScript(new ScriptSource("", text), ScriptOptions.Default, diagnostics);

        diagnostics.Found.SelectMany(found => found.Lines()).ShouldBeEmpty();
        string.Join(' ', script.Statements.Select(Shape.Of)).ShouldBe(shape);
    }

    private static ExpressionSyntax Expression(string text)
    {
        var diagnostics = new DiagnosticList();
        var expression = Parser.ParseExpression(new ScriptSource("", text), ScriptOptions.Default, diagnostics);
        diagnostics.Found.SelectMany(found => found.Lines()).ShouldBeEmpty();
        return expression;
    }
}
