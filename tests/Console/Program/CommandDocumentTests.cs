using System.Collections.Generic;
using System.Linq;
using HvDbg.Commands;
using HvDbg.Tests.Fake;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Program;

/// <summary>docs/commands.md lists the commands that there are.</summary>
public class CommandDocumentTests
{
    [Fact]
    public void The_table_of_commands_is_the_one_that_parses_them()
    {
        var expected = CommandTable.Default.Commands.Select(command =>
            $"| `{command.Syntax.Replace("|", "\\|")}` | {string.Join(", ", command.Aliases.Select(alias => $"`{alias}`"))} | {command.Summary} |");
        var lines = Resources.Read("commands.md").Split('\n');
        lines.SkipWhile(line => !line.StartsWith("| Command | Also |")).Skip(2).TakeWhile(line => line.StartsWith('|')).ShouldBe(expected);
    }

    [Fact]
    public void Every_command_is_explained_as_help_explains_it()
    {
        var lines = Resources.Read("commands.md").Split('\n');
        var reference = lines.SkipWhile(line => line != "## Reference").Skip(1).SkipWhile(line => !line.StartsWith("### ")).TakeWhile(line => !line.StartsWith("## "));
        string.Join('\n', reference).Trim().ShouldBe(string.Join('\n', CommandTable.Default.Commands.SelectMany(Section)).Trim());
    }

    private static IEnumerable<string> Section(CommandSpec command)
    {
        yield return $"### {command.Name}";
        yield return "";
        yield return $"`{command.Syntax}`";
        yield return "";
        yield return $"{char.ToUpperInvariant(command.Summary[0])}{command.Summary[1..]}.";
        yield return "";
        if (command.Parameters.Count > 0)
        {
            yield return "| Option | Meaning |";
            yield return "|---|---|";
            foreach (var parameter in command.Parameters)
            {
                yield return $"| `{parameter.Shape.Replace("|", "\\|")}` | {parameter.Help.Replace("|", "\\|")} |";
            }

            yield return "";
        }

        foreach (var remark in command.Remarks)
        {
            yield return remark;
        }

        if (command.Remarks.Count > 0)
        {
            yield return "";
        }

        foreach (var example in command.Examples)
        {
            yield return $"    {example}";
        }

        if (command.Examples.Count > 0)
        {
            yield return "";
        }
    }
}
