using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Syntax;
using Xunit;

namespace HvDbg.Script.Tests;

/// <summary>Whatever the text, the compiler ends, with a script or with messages whose places are in it.</summary>
public sealed class RandomScriptsTests
{
    private const int Cases = 20_000;

    private static readonly string[] Words =
    [
        "if", "elsif", "else", "while", "do", "for", "break", "continue", "return", "struct", "typedef", "sizeof", "int", "char", "unsigned", "long", "void",
        "double", "bool", "x", "y", "f", "p", "ad", ".g", "@rax", "@zf", "$pid", "$arg1", "nt!a", "poi", "printf", "print", "reference", "strlen", "memcpy",
        "1", "0n10", "2.5", "\"a%d\"", "L\"b\"", "(", ")", "{", "}", "[", "]", ";", ";", ";", ",", "=", "=", "==", "<", "+", "-", "*", "/", "%", "&", "|", "^",
        "~", "!", "&&", "||", "<<", ">>", "+=", "<<=", "++", "--", "->", ".x", "#include", "\n", "\n", "int x = 1;", "struct p { int x; };", "f(", "x = ", "if (x) {",
    ];

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Elements(Words).ListOf().Select(words => string.Join(' ', words)),
        Gen.Choose(0, 0x2FF).Select(code => (char)code).ArrayOf().Select(letters => new string(letters)),
        Gen.Elements("\"'\\/*@$#.!`xL0n1aé\n\r\t \ud800".ToCharArray()).ArrayOf().Select(letters => new string(letters)));

    [Fact]
    public void Any_text_is_compiled_or_refused() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Cases).WithEndSize(80),
        Prop.ForAll(Texts.ToArbitrary(), text => IsAnswer(text, ScriptFrontEnd.Compile(text, Options(text)))));

    [Fact]
    public void Any_expression_is_compiled_or_refused() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Cases).WithEndSize(30),
        Prop.ForAll(Texts.ToArbitrary(), text => IsAnswer(text, ScriptFrontEnd.CompileExpression(text, Options(text)))));

    private static ScriptOptions Options(string text) => new() { IsStrict = text.Length % 3 == 0, Files = new SameFile(text), Arguments = ["x", "@rax + $arg1"] };

    private static bool IsAnswer(string text, FrontEndResult result) => result.Script is null
        ? result.Diagnostics.Count != 0 && result.Diagnostics.All(found => found.Lines().Count() >= 3 && found.Span.End <= found.Span.Source.Text.Length)
        : result.Diagnostics.Count == 0 && Bound.IsSound(result.Script);

    /// <summary>Every file is the text itself, under any name.</summary>
    private sealed class SameFile(string text) : IScriptFiles
    {
        public string FullPath(string path, string includingFile) => path;

        public string Read(string fullPath) => text;
    }
}
