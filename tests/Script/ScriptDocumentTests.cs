using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using HvDbg.Client.Script;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests;

/// <summary>The examples of docs/script.md compile, and its messages are those of the compiler.</summary>
public sealed class ScriptDocumentTests
{
    [Fact]
    public void Examples_compile()
    {
        var examples = Blocks().Where(block => block.Kind == "script").ToList();
        examples.Count.ShouldBeGreaterThanOrEqualTo(8);
        foreach (var (_, text) in examples)
        {
            Messages(text).ShouldBeEmpty(text);
        }
    }

    [Fact]
    public void Wrong_examples_get_the_messages_behind_them()
    {
        var blocks = Blocks();
        var wrong = blocks.Zip(blocks.Skip(1)).Where(pair => pair.First.Kind == "wrong").ToList();
        wrong.Count.ShouldBe(2);
        foreach (var (example, messages) in wrong)
        {
            string.Join('\n', Messages(example.Text)).ShouldBe(messages.Text);
        }
    }

    private static IEnumerable<string> Messages(string text) => ScriptFrontEnd.Compile(text, ScriptOptions.Default).Diagnostics.SelectMany(found => found.Lines());

    /// <summary>What stands between fences, with the word behind the opening one.</summary>
    private static List<(string Kind, string Text)> Blocks()
    {
        var blocks = new List<(string Kind, string Text)>();
        string? kind = null;
        var lines = new List<string>();
        foreach (var line in File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "script.md")))
        {
            if (!line.StartsWith("```", StringComparison.Ordinal))
            {
                lines.Add(line);
                continue;
            }

            if (kind is null)
            {
                kind = line[3..];
            }
            else
            {
                blocks.Add((kind, string.Join('\n', lines)));
                kind = null;
            }

            lines.Clear();
        }

        return blocks;
    }
}
