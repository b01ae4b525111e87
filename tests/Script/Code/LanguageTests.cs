using System.Globalization;
using System.Linq;
using HvDbg.Script.Tests.Code.Machine;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests.Code;

/// <summary>Each construct of the language as compiled code: what <c>test_statement</c> gets, in hexadecimal.</summary>
public sealed class LanguageTests
{
    [Theory]
    [InlineData("test_statement(10);", "10")]
    [InlineData("test_statement(0n10); test_statement(0t10); test_statement(0y10); test_statement(0x10);", "a 8 2 10")]
    [InlineData("test_statement(ffff`ffff`0000`0001);", "ffffffff00000001")]
    [InlineData("test_statement(2 + 3 * 4); test_statement((2 + 3) * 4); test_statement(a - 1 - 2);", "e 14 7")]
    [InlineData("test_statement(1 << 4 | 3 & 1 ^ 5);", "14")]
    [InlineData("x = 7; test_statement(-x); test_statement(~x); test_statement(!x); test_statement(+x);", "fffffffffffffff9 fffffffffffffff8 0 7")]
    [InlineData("x = -1; test_statement(x / 2); test_statement(x % 0n10); test_statement(x >> 3c);", "7fffffffffffffff 5 f")]
    [InlineData("x = 7; y = 2; test_statement(x / y); test_statement(x % y); test_statement(x << y); test_statement(x >> y);", "3 1 1c 1")]
    [InlineData("x = -1; test_statement(x > 0); test_statement(x < 0); test_statement(x >= 0); test_statement(x == -1);", "0 1 0 1")]
    [InlineData("x = 1; y = 40; test_statement(x << y); y = 3f; test_statement(x << y); y = 41; test_statement(x >> y);", "0 8000000000000000 0")]
    [InlineData("x = y = .z = 5; test_statement(x + y + .z);", "f")]
    [InlineData("x = 5; x += 3; x -= 1; x *= 4; x /= 2; x %= 9; x <<= 4; x >>= 1; x |= 1; x &= fd; x ^= ff; test_statement(x);", "d6")]
    [InlineData("x = 5; x++; x++; x--; test_statement(x);", "6")]
    [InlineData(".a = 3; .b = .a * 2; .a += .b; test_statement(.a); test_statement(.b);", "9 6")]
    [InlineData("x = 1; { x = 2; { x = 3; } } test_statement(x);", "3")]
    public void Expressions(string text, string expected) => Check(text, expected);

    [Theory]
    [InlineData("x = 3; if (x == 1) { test_statement(1); } elsif (x == 3) { test_statement(2); } else { test_statement(3); }", "2")]
    [InlineData("x = 4; if (x == 1) { test_statement(1); } elsif (x == 3) { test_statement(2); } else { test_statement(3); }", "3")]
    [InlineData("x = 0; if (x && 1 / x) { test_statement(1); } if (!x || 1 / x) { test_statement(2); }", "2")]
    [InlineData("x = 5; if (x > 3 && (x < 4 || x == 5) && !(x == 6)) { test_statement(1); }", "1")]
    [InlineData("i = 0; while (i < 5) { i++; if (i == 2) { continue; } if (i == 4) { break; } test_statement(i); }", "1 3")]
    [InlineData("i = 0; do { i++; test_statement(i); } while (i < 3);", "1 2 3")]
    [InlineData("do { test_statement(1); } while (0);", "1")]
    [InlineData("for (i = 0; i < 3; i++) { test_statement(i); }", "0 1 2")]
    [InlineData("for (int i = 5; i > 0; i -= 2) { if (i == 3) { continue; } test_statement(i); }", "5 1")]
    [InlineData("for (;;) { .n++; if (.n == 5) { break; } } test_statement(.n);", "5")]
    [InlineData("for (i = 0; i < 3; i++) { for (j = 0; j < 3; j++) { if (j == 1) { break; } test_statement(i * 10 + j); } }", "0 10 20")]
    [InlineData("test_statement(1); return; test_statement(2);", "1")]
    [InlineData("if (1) { return; } test_statement(2);", "")]
    [InlineData("while (0) { test_statement(1); } test_statement(2);", "2")]
    public void Statements(string text, string expected) => Check(text, expected);

    [Theory]
    [InlineData("int f(int a, int b) { return a - b; } test_statement(f(5, 3)); test_statement(f(f(9, 1), f(3, 1)));", "2 6")]
    [InlineData("int fact(int n) { if (n <= 1) { return 1; } return n * fact(n - 1); } test_statement(fact(0n10));", "375f00")]
    [InlineData("int fib(int n) { if (n < 2) { return n; } return fib(n - 1) + fib(n - 2); } test_statement(fib(0n15));", "262")]
    [InlineData("int even(int n) { if (n == 0) { return 1; } return odd(n - 1); } int odd(int n) { if (n == 0) { return 0; } return even(n - 1); } test_statement(even(7));", "0")]
    [InlineData("void set(int v) { .g = v; } set(7); test_statement(.g);", "7")]
    [InlineData("void set(int *p, int v) { *p = v; } int x = 1; set(&x, 9); test_statement(x);", "9")]
    [InlineData("int sum(int a[], int n) { int s = 0; for (int i = 0; i < n; i++) { s += a[i]; } return s; } int m[3] = {1, 2, 3}; test_statement(sum(&m[0], 3));", "6")]
    [InlineData("char f(int x) { return x; } test_statement(f(180));", "ffffffffffffff80")]
    [InlineData("int deep(int n) { int a[4] = {0}; a[n & 3] = n; if (n == 0) { return 0; } int r = deep(n - 1); return r + a[n & 3]; } test_statement(deep(0n20));", "d2")]
    [InlineData("int many(int a, int b, int c, int d, int e, int f, int g) { return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7; } test_statement(many(1, 2, 3, 4, 5, 6, 7));", "8c")]
    public void Functions(string text, string expected) => Check(text, expected);

    [Theory]
    [InlineData("char c = 7f; c++; test_statement(c);", "ffffffffffffff80")]
    [InlineData("unsigned char c = ff; c += 2; test_statement(c);", "1")]
    [InlineData("short s = 8000; test_statement(s);", "ffffffffffff8000")]
    [InlineData("int i = 7fffffff; i++; test_statement(i); test_statement(i / 2);", "ffffffff80000000 ffffffffc0000000")]
    [InlineData("unsigned int u = 0; u--; test_statement(u); test_statement(u > 0);", "ffffffff 1")]
    [InlineData("long long a = -7; test_statement(a / 2); test_statement(a % 2); test_statement(a >> 1);", "fffffffffffffffd ffffffffffffffff fffffffffffffffc")]
    [InlineData("int a = 80000000; int b = -1; test_statement(a / b); test_statement(a % b);", "ffffffff80000000 0")]
    [InlineData("long long a = 8000000000000000; long long b = -1; test_statement(a / b); test_statement(a % b);", "8000000000000000 0")]
    [InlineData("bool b = 100; test_statement(b); b = 0; test_statement(b);", "1 0")]
    [InlineData("x = 1234567890abcdef; test_statement((char)x); test_statement((unsigned short)x); test_statement((int)x);", "ffffffffffffffef cdef ffffffff90abcdef")]
    [InlineData("struct p { int x; int y; }; int f(struct p v) { v.x += 10; return v.x + v.y; } struct p a = { 1, 2 }; test_statement(f(a)); test_statement(a.x);", "13 1")]
    [InlineData("int m[2][3] = { 1, 2, 3, 4, 5, 6 }; int f(int (*r)[3], int i) { return r[i][2]; } test_statement(f(m, 1)); wchar_t w[] = L\"ab\"; test_statement(w[1] == L'b');", "6 1")]
    [InlineData("test_statement(sizeof(int)); test_statement(sizeof(long)); test_statement(sizeof(char*)); int a[3] = {0}; test_statement(sizeof(a));", "4 8 8 c")]
    [InlineData("typedef unsigned char byte; byte b = 1ff; test_statement(b);", "ff")]
    public void Types(string text, string expected) => Check(text, expected);

    [Theory]
    [InlineData("int a[3] = {1, 2}; test_statement(a[0]); test_statement(a[1]); test_statement(a[2]);", "1 2 0")]
    [InlineData("int a[4] = {0}; for (int i = 0; i < 4; i++) { a[i] = i * i; } test_statement(a[3] + a[2]);", "d")]
    [InlineData("int a[2][3] = {{1, 2, 3}, {4, 5, 6}}; int i = 1; test_statement(a[i][2]); a[1][i] = 9; test_statement(a[1][1]);", "6 9")]
    [InlineData("char s[] = \"abc\"; test_statement(s[1]); test_statement(strlen(&s[0])); test_statement(sizeof(s));", "62 3 4")]
    [InlineData("for (int i = 0; i < 2; i++) { int a[20] = {0}; test_statement(a[1f]); a[1f] = 7; }", "0 0")]
    [InlineData("int x = 5; int *p = &x; *p = 6; *p += 1; test_statement(x); test_statement(*p == x);", "7 1")]
    [InlineData("int a[3] = {1, 2, 3}; int *p = &a[0]; p++; test_statement(*p); test_statement(*(p + 1)); test_statement(p[1]); test_statement(p - &a[0]);", "2 3 3 1")]
    [InlineData("x = 5; y = &x; *y = 7; test_statement(x); test_statement(poi(y)); test_statement(poi(reference(x)));", "7 7 7")]
    [InlineData(".g = 5; p = &.g; *p = 8; test_statement(.g);", "8")]
    [InlineData("int x = 5; int *p = &x; int **q = &p; **q = 9; test_statement(x);", "9")]
    [InlineData("struct point { int x; char y; }; struct point p = {1, 2}; p.x += 4; test_statement(p.x); test_statement(p.y); test_statement(sizeof(p));", "5 2 8")]
    [InlineData("struct point { int x; char y; }; struct point p = {1, 2}; struct point q = p; q.x = 9; struct point *r = &q; r->y = 3; p = *r; test_statement(p.x * 10 + p.y); *r = p; test_statement(q.x);", "93 9")]
    [InlineData("struct in { int v; }; struct out { struct in a; struct in b[2]; }; struct out o = {{1}, {{2}, {3}}}; i = 1; test_statement(o.a.v); test_statement(o.b[i].v);", "1 3")]
    [InlineData("struct big { int v[40]; }; struct big a = {0}; a.v[3f] = 7; struct big b = a; test_statement(b.v[3f]); test_statement(b.v[3e]);", "7 0")]
    [InlineData("struct node { int v; struct node *next; }; struct node a = {1, 0}; struct node b = {2, &a}; test_statement(b.next->v); b.next->v = 5; test_statement(a.v);", "1 5")]
    public void Memory(string text, string expected) => Check(text, expected);

    [Theory]
    [InlineData("double d = 1.5; d = d * 4.0 + 0.25; test_statement((int)d); test_statement((long long)(d * 100.0));", "6 271")]
    [InlineData("float f = 0.1f; float g = 0.2f; test_statement((int)((f + g) * 1000.0f));", "12c")]
    [InlineData("double d = -2.75; test_statement((int)d); test_statement((unsigned char)(int)-d);", "fffffffffffffffe 2")]
    [InlineData("double a = 1.0; double b = 2.0; test_statement(a < b); test_statement(a > b); test_statement(a == b); test_statement(a != b); test_statement(a <= 1.0); test_statement(a >= b);", "1 0 0 1 1 0")]
    [InlineData("double z = 0.0; if (z) { test_statement(1); } if (-z) { test_statement(2); } if (!z) { test_statement(3); }", "3")]
    [InlineData("int i = -3; double d = i; test_statement((int)(d / 2.0)); unsigned long long u = ffffffffffffffff; d = u; test_statement(d == 18446744073709551616.0);", "ffffffffffffffff 1")]
    [InlineData("double d = 9223372036854775808.0; unsigned long long u = d; test_statement(u); d = -9223372036854775808.0; long long s = d; test_statement(s);", "8000000000000000 8000000000000000")]
    [InlineData("double h(double x) { return x / 2.0; } double d = h(h(10.0)); test_statement((int)(d * 10.0));", "19")]
    [InlineData("double a[2] = {1.0, 2.0}; i = 1; a[i] += 0.5; test_statement((int)(a[1] * 2.0)); int n = 3; n *= 1.5; test_statement(n);", "5 4")]
    [InlineData("double d = 0.5; bool b = d; test_statement(b); d = 1.0; d -= 1.0; b = d; test_statement(b);", "1 0")]
    public void Floats(string text, string expected) => Check(text, expected);

    [Theory]
    [InlineData("1 + 2", 3UL)]
    [InlineData("@rax * 2", 0xAUL)]
    [InlineData("@rax == 5", 1UL)]
    [InlineData("@rax == 5 && @rcx == 1", 0UL)]
    public void A_single_expression_is_the_result(string text, ulong expected) => ScriptMachine.With(machine =>
    {
        machine.Registers[0] = 5;
        machine.Run(machine.CompileExpression(text)).Value.ShouldBe(expected);
    });

    private static void Check(string text, string expected) => ScriptMachine.With(machine =>
    {
        var result = machine.Run(text);
        result.End.ShouldBe(RunEnd.Completed, $"{text}\n{result}");
        string.Join(" ", result.Tests.Select(value => value.ToString("x", CultureInfo.InvariantCulture))).ShouldBe(expected, text);
        result.Value.ShouldBe(0UL);
    });
}
