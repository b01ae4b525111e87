using HvDbg.Script.Tests.Code.Machine;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvDbg.Script.Tests.Code;

/// <summary>Instructions that scripts execute, counted one by one, helpers left out.</summary>
public sealed class CodeCostTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("", 2)]
    [InlineData(".n = .n + 1;", 4)]
    [InlineData(".n++;", 4)]
    [InlineData("if (@rax == 5) { .n++; }", 5)]
    [InlineData("if ($pid == 5 && @rdi == 7) { .n++; }", 5)]
    [InlineData("printf(\"%llx %llx %llx\\n\", @rax, $pid, @rip);", 18)]
    [InlineData("x = poi(@rsp);", 11)]
    [InlineData(".x = poi(@rsp + 8) & ff;", 15)]
    [InlineData("for (i = 0; i < 0n10; i++) { .n = .n + i; }", 80)]
    public void Scripts_take_few_instructions(string text, int most) => ScriptMachine.With(machine =>
    {
        machine.Registers[4] = machine.Guest;
        var (result, instructions) = machine.Step(machine.Compile(text));
        output.WriteLine($"{instructions} instructions: {text}");
        result.End.ShouldBe(RunEnd.Completed);
        instructions.ShouldBeLessThanOrEqualTo(most);
    });
}
