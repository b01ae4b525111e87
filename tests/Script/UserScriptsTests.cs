using System;
using System.IO;
using System.Linq;
using HvDbg.Client.Script;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests;

/// <summary>Whole scripts in HyperDbg's language compile without a message, strict ones under HyperDbg's own rules.</summary>
public sealed class UserScriptsTests
{
    public static TheoryData<string> Scripts => [.. Directory.GetFiles(Folder, "*.ds").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Scripts");

    [Theory]
    [MemberData(nameof(Scripts))]
    public void Scripts_compile(string name) => Compile(name, isStrict: false).Diagnostics.SelectMany(found => found.Lines()).ShouldBeEmpty();

    [Theory]
    [InlineData("count-system-calls.ds")]
    [InlineData("stack-walk.ds")]
    [InlineData("patch.ds")]
    [InlineData("registers.ds")]
    public void Scripts_that_keep_to_the_rules_compile_strictly(string name) => Compile(name, isStrict: true).Diagnostics.SelectMany(found => found.Lines()).ShouldBeEmpty();

    [Fact]
    public void A_strict_script_compares_in_conditions_only()
    {
        var found = Compile("comparisons.ds", isStrict: true).Diagnostics;
        found.Select(one => one.Span.Position.Line).ShouldBe([2, 3, 4, 4, 5]);
    }

    [Fact]
    public void Included_functions_are_part_of_the_script() =>
        Compile("includes.ds", isStrict: false).Script!.Functions.Select(function => function.Name)
            .ShouldBe(["report", "sum_of_bytes", "clamp", "factorial", "fibonacci"], ignoreOrder: true);

    private static FrontEndResult Compile(string name, bool isStrict)
    {
        var path = Path.Combine(Folder, name);
        return ScriptFrontEnd.Compile(File.ReadAllText(path), new ScriptOptions { Name = path, IsStrict = isStrict, Arguments = [$"\"{name}\"", "0n42"] });
    }
}
