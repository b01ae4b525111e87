using System;
using System.Threading.Tasks;
using HvDbg.Commands;
using HvDbg.Tests.Fake;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Forwarding;

/// <summary>What is wrong with an <c>output</c> command is said in one line, with a caret under the place.</summary>
public class OutputSyntaxTests
{
    private const string Name = "a name without blanks, commas, quotes and braces";
    private const string Port = "HOST:PORT with a decimal port from 1 to 65535";
    private const string Place = "a path, in quotes where it has blanks";

    /// <summary>The command with the caret's place marked by '^' in front of it, and the message.</summary>
    public static TheoryData<string, string> Errors => new()
    {
        { "output ^delete a", "operation: expected create, open or close, found \"delete\"" },
        { "output ^{create} a", "operation: expected create, open or close, found \"create\"" },
        { "output create^", $"name: expected {Name}, the value is missing" },
        { "output open^", $"name: expected {Name}, the value is missing" },
        { "output close^", $"name: expected {Name}, the value is missing" },
        { "output create ^a,b file /x", $"name: expected {Name}, found \"a,b\"" },
        { "output create ^\"a b\" file /x", $"name: expected {Name}, found \"a b\"" },
        { "output create ^{a} file /x", $"name: expected {Name}, found \"a\"" },
        { "output create ^a{b} file /x", $"name: expected {Name}, found \"a\"" },
        { "output create ^a} file /x", $"name: expected {Name}, found \"a}}\"" },
        { "output create ^N4567890123456789012345678901234567890123456789012 file /x", "name: a name has at most 49 characters" },
        { "output create a^", "type: expected file, namedpipe or tcp, the value is missing" },
        { "output create a ^module x.dll", "type: expected file, namedpipe or tcp, found \"module\"" },
        { "output create a file^", $"file: expected {Place}, the value is missing" },
        { "output create a file ^\"\"", $"file: expected {Place}, found \"\"" },
        { "output create a file ^{/x}", $"file: expected {Place}, found \"/x\"" },
        { "output create a file /x ^y", "output: expected nothing more, found \"y\"" },
        { "output create a namedpipe^", $"namedpipe: expected {Place}, the value is missing" },
        { "output create a tcp^", $"tcp: expected {Port}, the value is missing" },
        { "output create a tcp ^localhost", $"tcp: expected {Port}, found \"localhost\"" },
        { "output create a tcp ^localhost:0", $"tcp: expected {Port}, found \"localhost:0\"" },
        { "output create a tcp ^localhost:65536", $"tcp: expected {Port}, found \"localhost:65536\"" },
        { "output create a tcp ^localhost:1f90", $"tcp: expected {Port}, found \"localhost:1f90\"" },
        { "output create a tcp ^:80", $"tcp: expected {Port}, found \":80\"" },
        { "output create a tcp localhost:80 ^90", "output: expected nothing more, found \"90\"" },
        { "output create ^known file /x", "name: there is an output known already" },
        { "output open ^Known", "name: there is no output Known: 'output create Known …' makes one" },
        { "output close ^other", "name: there is no output other: 'output create other …' makes one" },
        { "output open known ^now", "output: expected nothing more, found \"now\"" },
        { "!mode u pid 1 log output {known, ^Known}", "output: there is no output Known: 'output create Known …' makes one" },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task A_wrong_command_is_refused_in_words_and_changes_nothing(string marked, string message)
    {
        var position = marked.IndexOf('^', StringComparison.Ordinal);
        var command = marked.Remove(position, 1);
        await using var console = await ConsoleHarness.StartAsync(options: FakeTarget.FastOptions with { PollInterval = TimeSpan.Zero });
        await console.RunAsync("output create known file /nowhere/x");
        console.Target.Executed.Clear();

        var lines = (await console.RunAsync(command)).Split('\n');

        console.Succeeded.ShouldBeFalse();
        lines.ShouldBe([message, "  " + command, new string(' ', 2 + position) + "^"]);
        console.Target.Executed.ShouldBeEmpty();
        console.Session.Outputs.Outputs.ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("output")]
    [InlineData("OUTPUT Create a FILE \"/a b\"")]
    [InlineData("output create a namedpipe relative")]
    [InlineData("output create a tcp [::1]:80")]
    [InlineData("output create a-b.c:d tcp some.host:65535")]
    [InlineData("output create N456789012345678901234567890123456789012345678901 file /x")]
    public void Accepted(string command) => CommandParser.Parse(CommandTable.Default, command).ShouldNotBeNull();
}
