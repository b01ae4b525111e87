using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;
using HvDbg.Script.Tests.Code.Machine;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvDbg.Script.Tests.Oracle;

/// <summary>Compiled code against a walker over the syntax tree, on programs that nobody wrote.</summary>
public sealed class OracleTests(ITestOutputHelper output)
{
    private const int Programs = 20_000;

    /// <summary>For those that would run too long, by loops in functions in loops.</summary>
    private const int Spare = 1_000;

    /// <summary>Fixed, so that every run tests the same programs. FsCheck prints the choices of a failing one, made small.</summary>
    private const ulong Seed = 20_261_121;

    [Fact]
    public void Generated_programs_do_what_they_mean()
    {
        var (completed, failed, lines, tooLong) = (0, 0, 0, 0);
        var choices = Gen.Choose(0, 1 << 20).ArrayOf(240);
        Prop.ForAll(Arb.From(choices, ArbMap.Default.ArbFor<int[]>().Shrinker), list =>
        {
            var text = ProgramWriter.Write(list);
            lines += text.Count(character => character == '\n');
            try
            {
                if (Compare(text) is { } failure)
                {
                    failed++;
                    failure.ShouldBe(ScriptFailure.DivisionByZero);
                }
                else
                {
                    completed++;
                }
            }
            catch (OracleTooLong)
            {
                tooLong++;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Programs + Spare).WithReplay(Seed, Seed));
        output.WriteLine($"{completed} programs came to their end, {failed} divided by zero, {tooLong} were too long; {lines} lines in all; seed {Seed}");
        (completed + failed).ShouldBeGreaterThanOrEqualTo(Programs);
        completed.ShouldBeGreaterThan(Programs / 2);
        failed.ShouldBeGreaterThan(Programs / 100);
    }

    /// <summary>Runs a program both ways; how it failed, if it did.</summary>
    private static ScriptFailure? Compare(string text) => ScriptMachine.With(machine =>
    {
        var compiled = ScriptFrontEnd.Compile(text, ScriptOptions.Default);
        compiled.Script.ShouldNotBeNull(text + string.Join("\n", compiled.Diagnostics.SelectMany(diagnostic => diagnostic.Lines())));

        for (var i = 0; i < 16; i++)
        {
            machine.Registers[i] = 0x0123_4567_89AB_CDEFUL * (ulong)(i + 1);
        }

        const ulong Flags = 0x3246;
        machine.Block(ScriptBlock.Rflags) = Flags;
        var oracle = new OracleRun(Syntax(text), new OracleRegisters(machine.Registers.ToArray(), Flags));
        ScriptFailure? expected = null;
        try
        {
            oracle.Run();
        }
        catch (OracleFailure failure)
        {
            expected = failure.Failure;
        }

        var result = machine.Run(compiled.Script);
        var actual = result.End == RunEnd.Failed ? result.Failure : (ScriptFailure?)null;
        result.End.ShouldNotBe(RunEnd.Faulted, text);
        actual.ShouldBe(expected, text);
        result.Tests.ShouldBe(oracle.Tests, text);
        machine.Registers.ToArray().ShouldBe(oracle.Registers.General, text);
        machine.Block(ScriptBlock.Rflags).ShouldBe(oracle.Registers.Flags, text);
        foreach (var (name, number) in ScriptMachine.NumbersOf(compiled.Script))
        {
            machine.Globals[number].ShouldBe(oracle.Globals.TryGetValue(name, out var value) ? value.Bits : 0, $".{name} of {text}");
        }

        return expected;
    });

    private static ScriptSyntax Syntax(string text)
    {
        var diagnostics = new DiagnosticList();
        var syntax = Parser.ParseScript(new ScriptSource("", text), ScriptOptions.Default, diagnostics);
        diagnostics.Any.ShouldBeFalse(text);
        return syntax;
    }
}
