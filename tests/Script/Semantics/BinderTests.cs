using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Semantics;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests.Semantics;

/// <summary>What texts mean: types of operations, conversions, places.</summary>
public sealed class BinderTests
{
    // Words are unsigned but for comparisons, and constants beside typed values have C's types.
    [Theory]
    [InlineData("x = 1 + 2 * 3;", "x = 7;")]
    [InlineData("x = -1 / 2;", "x = 7fffffffffffffff;")]
    [InlineData("x = (-1 > 0) + (1 << 40) + (1 >> 41);", "x = 0;")]
    [InlineData("x = 1; y = x / 2; z = x > -1;", "x = 1; y = (Divide x 2); z = (Greater x ffffffffffffffff);")]
    [InlineData("x = 10 / 0;", "x = (Divide 10 0);")]
    [InlineData("int i = -6; i = i / 2;", "int i: i = fffffffffffffffa:int; i = (Divide:int i 2:int);")]
    [InlineData("int i; x = i + @rax;", "int i; x = (Add word<i> @Rax[0+64]);")]
    [InlineData("char c; short s; x = c + s;", "char c; short s; x = word<(Add:int int<c> int<s>)>;")]
    [InlineData("int i; unsigned int u; x = i < u;", "int i; unsigned int u; x = (Less:unsigned int unsigned int<i> u);")]
    [InlineData("int i; long long l; x = i * l;", "int i; long long l; x = word<(Multiply:long long long long<i> l)>;")]
    [InlineData("int i; x = i == ffffffff;", "int i; x = (Equal:unsigned int unsigned int<i> ffffffff:unsigned int);")]
    [InlineData("int i; x = i & 123456789;", "int i; x = word<(And:long long long long<i> 123456789:long long)>;")]
    [InlineData("unsigned char c = 1ff;", "unsigned char c: c = ff:unsigned char;")]
    [InlineData("bool b = 2; b = @rax;", "bool b: b = bool<2>; b = bool<@Rax[0+64]>;")]
    [InlineData("float f = 1.5; f = f * 2; f = f + 0.5;", "float f: f = 1.5f; f = (Multiply:float f 2f); f = float<(Add:double double<f> 0.5d)>;")]
    [InlineData("double d = -1; d = -d;", "double d: d = -1d; d = (Negate:double d);")]
    [InlineData("double d; if (d) { }", "double d; if (NotEqual:double d 0d) { }")]
    [InlineData("int i; x = i << 3; x = i >> @rcx;", "int i; x = word<(ShiftLeft:int i 3:int)>; x = word<int<(ShiftRight:long long long long<i> long long<@Rcx[0+64]>)>>;")]
    [InlineData("int i; i <<= @rcx; i += 1; i++;", "int i; i ShiftLeft:long long= long long<@Rcx[0+64]>; i Add:int= 1:int; i Add:int= 1:int;")]
    [InlineData("char c; c *= 2; .n |= c; @al--;", "char c; c Multiply:int= 2:int; .n Or= word<int<c>>; @Rax[0+8] Subtract= 1;")]
    [InlineData("x = !@zf; y = ~x; z = ~5;", "x = (LogicalNot @Rflags[6+1]); y = (Complement x); z = fffffffffffffffa;")]
    [InlineData("x = @rax && @rbx || 0;", "x = (|| (&& @Rax[0+64] @Rbx[0+64]) 0);")]
    [InlineData("x = (char)80 + (unsigned char)80;", "x = word<(Add:int ffffffffffffff80:int 80:int)>;")]
    [InlineData("x = sizeof(long) + sizeof(x = 1);", null)]
    [InlineData("x = sizeof(int*[3]) + sizeof(@rax);", "x = 20;")]
    [InlineData("x = ad + 0ad;", "x = 15a;")]
    [InlineData("int ad = 1; x = ad;", "int ad: ad = 1:int; x = word<ad>;")]
    [InlineData("x = y = .z = 5;", "x = y = .z = 5;")]
    public void Operations(string text, string? shape) => Check(text, shape);

    [Theory]
    [InlineData("int *p = &@rax;", null)]
    [InlineData("int a[3]; a[1] = 2; x = a[@rcx];", "int[3] a; a+4:int = 2:int; x = word<[(Add word<&a:int*> (Multiply @Rcx[0+64] 4))]:int>;")]
    [InlineData("int a[2][3]; x = a[1][2]; y = a[1];", "int[3][2] a; x = word<a+20:int>; y = word<&a+12:int[3]:int*>;")]
    [InlineData("int *p = @rsp; p += 2; p++; x = p[1]; y = *(p - 1);",
        "int* p: p = int*<@Rsp[0+64]>; p Add= 8; p Add= 4; x = word<[(Add word<p> 4)]:int>; y = word<[word<int*<(Subtract word<p> 4)>>]:int>;")]
    [InlineData("int *p; int *q; x = p - q; y = p < q;",
        "int* p; int* q; x = word<(Divide:long long (Subtract:long long long long<p> long long<q>) 4:long long)>; y = (Less:unsigned long long unsigned long long<p> unsigned long long<q>);")]
    [InlineData("x = *@rsp; *(@rsp + 8) = 1;", "x = [@Rsp[0+64]]; [(Add @Rsp[0+64] 8)] = 1;")]
    [InlineData("x = &.g; y = reference(.g); interlocked_increment(&.g);", "x = word<&.g:word*>; y = word<&.g:word*>; InterlockedIncrement(word<&.g:word*>);")]
    [InlineData("x = 1; y = &x; *y = 2;", "x = 1; y = word<&x:word*>; [y] = 2;")]
    [InlineData("struct p { char c; int i; }; struct p a = { 1, 2 }; a.i = 3; struct p *q = &a; q->i = 4; (*q).i = 5;",
        "struct p a: a+0:char = 1:char, a+4:int = 2:int; a+4:int = 3:int; struct p* q: q = &a:struct p*; [(Add word<q> 4)]:int = 4:int; [(Add word<q> 4)]:int = 5:int;")]
    [InlineData("struct p { int i; }; struct p a; struct p b = a; b = a; struct p c[2] = { a, { 7 } };",
        "struct p a; struct p b: b = a; b = a; struct p[2] c: c+0:struct p = a, c+4:int = 7:int;")]
    [InlineData("struct in { int i; int j; }; struct out { struct in n[2]; struct out *next; }; struct out o; x = o.n[1].j; y = o.next->next->n[0].i;",
        "struct out o; x = word<o+12:int>; y = word<[word<[(Add word<o+16:struct out*> 10)]:struct out*>]:int>;")]
    [InlineData("typedef struct node node; struct node { node *next; }; node n; n.next = &n;", "struct node n; n+0:struct node* = &n:struct node*;")]
    [InlineData("int a[2][2] = { 1, 2, { 3 } }; int b[] = { 1, 2, 3 };",
        "int[2][2] a: a+0:int = 1:int, a+4:int = 2:int, a+8:int = 3:int; int[3] b: b+0:int = 1:int, b+4:int = 2:int, b+8:int = 3:int;")]
    [InlineData("char s[] = \"ab\"; char *t = \"c\"; x = strlen(s);",
        "char[3] s: s+0:char = 61:char, s+1:char = 62:char; char* t: t = char*<\"6300\">; x = Strlen(word<&s:char*>);")]
    [InlineData("int m[2][3]; int (*r)[3] = m; x = r[1][2]; y = sizeof(r[0]);",
        "int[3][2] m; int[3]* r: r = &m:int[3]*; x = word<[(Add word<r> 14)]:int>; y = c;")]
    [InlineData("wchar_t w[] = L\"a\"; w[0] = L'b' + 1; char c = 'c';",
        "unsigned short[2] w: w+0:unsigned short = 61:unsigned short; w+0:unsigned short = 63:unsigned short; char c: c = 63:char;")]
    [InlineData("wcslen(L\"a\");", "Wcslen(\"61000000\");")]
    public void Places(string text, string? shape) => Check(text, shape);

    [Theory]
    [InlineData("printf(\"%d %llx%% %08hx\\n\", 1, @rax, 2);", "print(d4, ' ', x8, '% ', x2/0:8, '\\n', 1, @Rax[0+64], 2);")]
    [InlineData("printf(\"%s %ws %ls %-5.3s %c %p %lf\", 1, 2, 3, 4, 5, 6, 1.5f);",
        "print(s8, ' ', s8w, ' ', s8w, ' ', s8/-:5.3, ' ', c1, ' ', p8, ' ', f8, 1, 2, 3, 4, 5, 6, 1.5d);")]
    [InlineData("print(@rax); formats(5); print(1.5);", "print(X8, @Rax[0+64]); print(F8, 5); print(f8, '\\n', 1.5d);")]
    public void Printing(string text, string? shape) => Check(text, shape);

    [Theory]
    [InlineData("for (int i = 0; i < 3; i++) { if (i == 1) { continue; } break; }",
        "{ int i: i = 0:int; loop((Less:int i 3:int); i Add:int= 1:int) { if (Equal:int i 1:int) { continue; } break; } }")]
    [InlineData("x = 0; do { x++; } while (x < 5);", "x = 0; loop((Less x 5); ; last) { x Add= 1; }")]
    [InlineData("if (@rax) { x = 1; } y = x;", "if @Rax[0+64] { x = 1; } y = x;")]
    [InlineData("int x = 1; { char x = 2; x = 3; } x = 4;", "int x: x = 1:int; { char x: x = 2:char; x = 3:char; } x = 4:int;")]
    public void Control(string text, string? shape) => Check(text, shape);

    [Fact]
    public void Functions_call_each_other_and_only_those_that_can_run_are_kept()
    {
        var script = Bound("x = even(5); int even(int n) { if (n == 0) { return 1; } return odd(n - 1); } int odd(int n) { return even(n - 1); } void unused() { }");

        script.Functions.Select(function => function.Name).ShouldBe(["even", "odd"]);
        BoundShape.Of(script.Functions[1].Body!).ShouldBe("{ return even((Subtract:int n 1:int)); }");
        BoundShape.Of(script.Main.Body!).ShouldBe("{ x = word<even(5:int)>; }");
    }

    [Fact]
    public void Structs_are_passed_by_address_and_copied_by_the_function()
    {
        var script = Bound("struct p { int x; long y; }; struct p a; int f(int n, struct p v) { v.x = n; return v.x; } x = f(1, a); struct p b[2]; f(2, b[1]);");

        BoundShape.Of(script.Functions[0].Body!).ShouldBe("{ struct p v: v = [word<v>]:struct p; v+0:int = n; return v+0:int; }");
        script.Functions[0].Locals.Select(local => $"{local.Type} {local.Index}").ShouldBe(["int 0", "struct p* 1", "struct p 2"]);
        string.Join(' ', script.Main.Body!.Statements.Select(BoundShape.Of))
            .ShouldBe("struct p a; x = word<f(1:int, &a:struct p*)>; struct p[2] b; f(2:int, &b+16:struct p:struct p*);");
    }

    [Fact]
    public void Locals_have_numbers_of_their_own_and_those_with_an_address_are_marked()
    {
        var locals = Bound("x = 1; { int x = 2; y = &x; } int a[2];").Main.Locals;

        locals.Select(local => (local.Name, local.Index, local.NeedsMemory)).ShouldBe([("x", 0, false), ("x", 1, true), ("y", 2, false), ("a", 3, true)]);
    }

    [Fact]
    public void Globals_are_listed_once_and_formats_in_order()
    {
        var script = Bound(".a = .b; .b = .a; printf(\"one\"); print(.c);");

        script.Globals.Select(global => global.Name).ShouldBe(["b", "a", "c"]);
        script.Formats.Count.ShouldBe(2);
        script.Formats[0].Pieces[0].Text.ShouldBe("one");
    }

    [Fact]
    public void Symbols_are_asked_for_in_advance_and_are_words()
    {
        const string text = "x = nt!Foo + jiffies; y = x; int f(int known) { return known; }";

        ScriptFrontEnd.SymbolsOf(text, ScriptOptions.Default).ShouldBe([new SymbolName("nt", "Foo"), new SymbolName("", "jiffies")]);
        var symbols = new Symbols(new() { ["nt!Foo"] = 0xFFFF_8000_0000_0000, ["jiffies"] = 0x20 });
        var result = ScriptFrontEnd.Compile(text, ScriptOptions.Default with { Symbols = symbols });
        Shape(result).ShouldBe("x = ffff800000000020; y = x;");
    }

    [Theory]
    [InlineData("@rsp + 8", "return (Add @Rsp[0+64] 8);")]
    [InlineData("@rax == 1 && @zf", "return (&& (Equal @Rax[0+64] 1) @Rflags[6+1]);")]
    [InlineData("(int)@rax;", "return word<int<@Rax[0+64]>>;")]
    [InlineData("poi($proc + 0n16)", "return Poi((Add $Proc 10));")]
    public void Expressions_return_a_word(string text, string shape)
    {
        var result = ScriptFrontEnd.CompileExpression(text, ScriptOptions.Default);
        Shape(result).ShouldBe(shape);
        result.Script!.Main.ReturnType.ShouldBe(IntegerType.Word);
    }

    [Fact]
    public void Arguments_stand_for_expressions()
    {
        var result = ScriptFrontEnd.Compile("x = $arg1 * 2;", ScriptOptions.Default with { Arguments = ["\"name.ds\"", "@rax + 1"] });
        Shape(result).ShouldBe("x = (Multiply (Add @Rax[0+64] 1) 2);");
    }

    private sealed class Symbols(Dictionary<string, ulong> known) : ISymbolResolver
    {
        public ulong? Resolve(SymbolName symbol) => known.TryGetValue(symbol.ToString(), out var address) ? address : null;
    }

    /// <summary>Binds and compares; null: the text is wrong.</summary>
    private static void Check(string text, string? shape)
    {
        var result = ScriptFrontEnd.Compile(text, ScriptOptions.Default);
        if (shape is null)
        {
            result.Script.ShouldBeNull();
            return;
        }

        Shape(result).ShouldBe(shape);
    }

    private static BoundScript Bound(string text)
    {
        var result = ScriptFrontEnd.Compile(text, ScriptOptions.Default);
        result.Diagnostics.SelectMany(found => found.Lines()).ShouldBeEmpty();
        return result.Script!;
    }

    private static string Shape(FrontEndResult result)
    {
        result.Diagnostics.SelectMany(found => found.Lines()).ShouldBeEmpty();
        return string.Join(' ', result.Script!.Main.Body!.Statements.Select(BoundShape.Of));
    }
}
