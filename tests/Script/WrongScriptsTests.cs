using System.Linq;
using HvDbg.Client.Script;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests;

/// <summary>Wrong scripts get the message, line, column and hint of wrong-scripts.txt.</summary>
public sealed class WrongScriptsTests
{
    [Fact]
    public void Every_script_of_the_table_is_refused_as_the_table_says()
    {
        var scripts = WrongScript.All();
        scripts.Count.ShouldBeGreaterThanOrEqualTo(200);
        var differences = scripts
            .Where(script => !script.Actual().SequenceEqual(script.Expected))
            .Select(script => $"line {script.Line}:\n{script.Text}\nexpected\n{string.Join('\n', script.Expected)}\nfound\n{string.Join('\n', script.Actual())}\n");
        string.Join('\n', differences).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("(", "1", ")", 600)]
    [InlineData("~", "1", "", 600)]
    [InlineData("x[", "1", "]", 600)]
    [InlineData("1 + ", "1", "", 600)]
    [InlineData("", "1", " + 1", 600)]
    public void Expressions_are_limited_in_size(string before, string middle, string after, int count)
    {
        var text = string.Concat(Enumerable.Repeat(before, count)) + middle + string.Concat(Enumerable.Repeat(after, count));
        var found = ScriptFrontEnd.Compile($"x = {text};", ScriptOptions.Default).Diagnostics.ShouldHaveSingleItem();
        found.Message.ShouldBe("an expression with more than 500 operands");
    }

    [Fact]
    public void Braces_are_limited_in_depth()
    {
        var text = string.Concat(Enumerable.Repeat("{", 65)) + string.Concat(Enumerable.Repeat("}", 65));
        var found = ScriptFrontEnd.Compile(text, ScriptOptions.Default).Diagnostics;
        found[^1].Message.ShouldBe("more than 64 levels of braces");
    }

    [Fact]
    public void Errors_are_limited_in_number() =>
        ScriptFrontEnd.Compile(string.Concat(Enumerable.Repeat("x = ;\n", 1000)), ScriptOptions.Default).Diagnostics.Count.ShouldBe(50);
}
