using System.Diagnostics;
using HvDbg.Script.Tests.Code.Machine;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests.Code;

/// <summary>Scripts that end themselves, or meet a fault, and the line and column that the report names.</summary>
public sealed class FailureTests
{
    [Theory]
    [InlineData("x = 0;\ny = 5 / x;", ScriptFailure.DivisionByZero, 2, 5)]
    [InlineData("x = 0;\n  y = 1 + (5 % x);", ScriptFailure.DivisionByZero, 2, 12)]
    [InlineData("y = 1 / 0;", ScriptFailure.DivisionByZero, 1, 5)]
    [InlineData("x = 5;\nx /= .zero;", ScriptFailure.DivisionByZero, 2, 1)]
    [InlineData("int x = 0;\nlong long y = 3;\ny %= x;", ScriptFailure.DivisionByZero, 3, 1)]
    [InlineData("x = 1;\nwhile (1) { }", ScriptFailure.Budget, 2, 1)]
    [InlineData("x = 1;\ndo { x++; } while (x);", ScriptFailure.Budget, 2, 1)]
    [InlineData("for (;;) { continue; }", ScriptFailure.Budget, 1, 1)]
    [InlineData("x = 1;\nint f(int n) {\n return f(n + 1); }\nf(1);", ScriptFailure.Stack, 2, 14)]
    [InlineData("int f(int n) {\n int a[400] = {0}; a[n & 3] = 1; return f(n + 1) + a[0]; }\nf(1);", ScriptFailure.Stack, 1, 14)]
    [InlineData("double d = 1.0; double z = 0.0;\nd = d / z;", ScriptFailure.Float, 2, 5)]
    [InlineData("double z = 0.0;\nz /= z;", ScriptFailure.Float, 2, 1)]
    [InlineData("double d = 1.0e300;\nfloat f = d;", ScriptFailure.Float, 2, 11)]
    [InlineData("float f = 3.0e38f;\nf = f * 2.0f;", ScriptFailure.Float, 2, 5)]
    [InlineData("double d = 1.0e30;\nx = (int)d;", ScriptFailure.Float, 2, 5)]
    [InlineData("memcpy($buffer, $buffer,\n 0x10000000);", ScriptFailure.Budget, 1, 1)]
    public void A_failure_names_its_place(string text, ScriptFailure failure, int line, int column) => ScriptMachine.With(machine =>
    {
        var result = machine.Run(Plain(text));
        result.End.ShouldBe(RunEnd.Failed, $"{text}\n{result}");
        result.Failure.ShouldBe(failure);
        result.Span.ShouldNotBeNull();
        result.Span.Value.Position.ShouldBe((line, column), text);
    });

    [Theory]
    [InlineData("x = 1;\ny = poi(1000);", 0x1000UL, 2, 5)]
    [InlineData("x = 1000;\n*x = 5;", 0x1000UL, 2, 1)]
    [InlineData("x = 1000;\n*x += 5;", 0x1000UL, 2, 1)]
    [InlineData("int *p = 1000;\ny = p[2] + 1;", 0x1008UL, 2, 5)]
    [InlineData("x = strlen(\n1000);", 0x1000UL, 1, 5)]
    [InlineData("x = memcmp(\"a\", 1000, 1);", 0x1000UL, 1, 5)]
    [InlineData("memcpy(1000, \"a\", 1);", 0x1000UL, 1, 1)]
    [InlineData("x = interlocked_increment(1000);", 0x1000UL, 1, 5)]
    [InlineData("x = poi(8000000000000000);", 0UL, 1, 5)]
    [InlineData("int f(int *p) {\n return *p; }\nx = f(1000);", 0x1000UL, 2, 9)]
    public void A_fault_belongs_to_its_place(string text, ulong address, int line, int column) => ScriptMachine.With(machine =>
    {
        var result = machine.Run(text);
        result.End.ShouldBe(RunEnd.Faulted, $"{text}\n{result}");
        result.Address.ShouldBe(address);
        result.Span.ShouldNotBeNull();
        result.Span.Value.Position.ShouldBe((line, column), text);
    });

    [Fact]
    public void Variables_end_before_the_texts_of_helpers() => ScriptMachine.With(machine =>
    {
        machine.Run("int f(int n) { int a[400] = {0}; a[n & 3] = 1; return f(n + 1) + a[0]; } f(1);").Failure.ShouldBe(ScriptFailure.Stack);
        machine.Data[^ScriptLimits.TextBytes..].ToArray().ShouldAllBe(value => value == ScriptMachine.Unwritten);

        // The function below the one that failed had its variables.
        machine.Data[(6 * 0x1000)..(7 * 0x1000)].ToArray().ShouldContain((byte)1);
    });

    [Fact]
    public void A_script_without_end_ends_in_milliseconds() => ScriptMachine.With(machine =>
    {
        var script = machine.Compile("while (1) { }");
        machine.Run(script);
        var clock = Stopwatch.StartNew();
        machine.Run(script).Failure.ShouldBe(ScriptFailure.Budget);
        clock.ElapsedMilliseconds.ShouldBeLessThan(100);
    });

    [Theory]
    [InlineData("for (i = 0; i < 0n30000; i++) { .n += i; }")]
    [InlineData("int f(int n) { if (n == 0) { return 0; } return f(n - 1); } f(0n100);")]
    public void What_a_sensible_script_does_is_within_the_budget(string text) =>
        ScriptMachine.With(machine => machine.Run(text).End.ShouldBe(RunEnd.Completed));

    [Fact]
    public void A_string_without_end_is_paid_for_by_its_length() => ScriptMachine.With(machine =>
    {
        machine.GuestMemory.Fill((byte)'x');
        var result = machine.Run($"x = strlen(0x{machine.Guest:x});");
        result.End.ShouldBe(RunEnd.Faulted);
        result.Address.ShouldBe(machine.Guest + ScriptMachine.GuestBytes);
    });

    // The language has no exponents: the digits are written out.
    private static string Plain(string text) => text
        .Replace("1.0e300", "1" + new string('0', 300) + ".0", System.StringComparison.Ordinal)
        .Replace("3.0e38f", "3" + new string('0', 38) + ".0f", System.StringComparison.Ordinal)
        .Replace("1.0e30", "1" + new string('0', 30) + ".0", System.StringComparison.Ordinal);
}
