using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using HvDbg.Client.Script.Code;
using HvDbg.Script.Tests.Code.Machine;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests.Code;

/// <summary>Scripts that aim at HvKernel's window: every address in it that is not theirs is refused, before anything is read or written.</summary>
public sealed class WindowTests
{
    /// <summary>Ways to use an address, with the bytes they touch.</summary>
    private static readonly (string Text, int Bytes)[] Uses =
    [
        ("x = poi(#);", 8),
        ("x = dd(#);", 4),
        ("x = dw(#);", 2),
        ("x = db(#);", 1),
        ("x = hi(#);", 8),
        ("p = #; x = *p;", 8),
        ("p = #; *p = 5;", 8),
        ("p = #; *p += 5;", 8),
        ("char *p = #; *p = 5;", 1),
        ("short *p = #; *p ^= 5;", 2),
        ("int *p = # - 8; p[2] = 1;", 4),
        ("int *p = #; i = 0; x = p[i];", 4),
        ("struct s { long long a; int b; }; struct s *p = # - 8; p->b = 1;", 4),
        ("struct s { char a[18]; }; struct s v = {0}; struct s *p = #; v = *p;", 0x18),
        ("struct s { char a[18]; }; struct s v = {0}; struct s *p = #; *p = v;", 0x18),
        ("x = interlocked_exchange(#, 1);", 8),
        ("x = interlocked_increment(#);", 8),
        ("x = interlocked_compare_exchange(#, 1, 2);", 8),
        ("spinlock_unlock(#);", 8),
        ("spinlock_lock(#);", 8),
        ("x = strlen(#);", 1),
        ("x = wcslen(#);", 2),
        ("x = strcmp(#, \"abc\");", 1),
        ("x = strcmp(\"abc\", #);", 1),
        ("x = memcmp(#, \"abc\", 3);", 1),
        ("memcpy($buffer, #, 10);", 0x10),
        ("memcpy(#, $buffer, 10);", 0x10),
    ];

    [Fact]
    public void No_address_of_the_window_is_touched() => ScriptMachine.With(machine =>
    {
        var (refused, tried) = (0, 0);
        foreach (var (text, bytes) in Uses)
        {
            foreach (var address in Attacks(machine.Layout, machine, bytes))
            {
                tried++;
                var result = machine.Run(text.Replace("#", "0x" + address.ToString("x", CultureInfo.InvariantCulture), StringComparison.Ordinal));
                result.End.ShouldBe(RunEnd.Failed, $"{text} at {address:x}: {result}");
                result.Failure.ShouldBe(ScriptFailure.Address, $"{text} at {address:x}");
                result.Span.ShouldNotBeNull();
                refused++;
            }
        }

        refused.ShouldBe(tried);
        tried.ShouldBeGreaterThan(400);
    });

    [Fact]
    public void What_is_the_scripts_own_is_reached_to_its_edges() => ScriptMachine.With(machine =>
    {
        var layout = machine.Layout;
        foreach (var (start, length) in new[] { (layout.Data, layout.DataBytes), (layout.Globals, 8 * layout.GlobalCount), (layout.Buffers, layout.BufferBytes), (machine.Guest, ScriptMachine.GuestBytes) })
        {
            foreach (var (text, bytes) in Uses.Where(use => !use.Text.Contains("cmp", StringComparison.Ordinal) && !use.Text.Contains("len", StringComparison.Ordinal)))
            {
                foreach (var address in new[] { start, start + (ulong)(length - bytes) })
                {
                    machine.Data.Clear();
                    var result = machine.Run(text.Replace("#", "0x" + address.ToString("x", CultureInfo.InvariantCulture), StringComparison.Ordinal));
                    result.End.ShouldBe(RunEnd.Completed, $"{text} at {address:x}: {result}");
                }
            }
        }
    });

    [Fact]
    public void Lengths_that_wrap_around_are_refused() => ScriptMachine.With(machine =>
    {
        foreach (var (address, length) in new[] { (ulong.MaxValue - 7, 0x10UL), (ulong.MaxValue, 2UL), (machine.Layout.WindowStart - 0x100, 0x101UL), (machine.Layout.WindowStart - 0x100, 0x600000UL) })
        {
            foreach (var text in new[] { $"memcpy($buffer, 0x{address:x}, 0x{length:x});", $"memcpy(0x{address:x}, $buffer, 0x{length:x});" })
            {
                var result = machine.Run(text);
                result.Failure.ShouldBe(ScriptFailure.Address, $"{text}: {result}");
            }
        }
    });

    [Fact]
    public void Literals_are_read_and_not_written() => ScriptMachine.With(machine =>
    {
        machine.Run("x = \"abc\"; test_statement(db(x)); test_statement(dd(x));").Tests.ShouldBe([0x61, 0x636261]);
        machine.Run("x = \"abc\"; test_statement(poi(x));").Failure.ShouldBe(ScriptFailure.Address, "eight bytes of a literal of four");
        machine.Run("x = \"abc\"; x = db(x - 1);").Failure.ShouldBe(ScriptFailure.Address);
        machine.Run("x = \"abc\"; char *p = x; *p = 1;").Failure.ShouldBe(ScriptFailure.Address);
        machine.Run("memcpy(\"abc\", $buffer, 1);").Failure.ShouldBe(ScriptFailure.Address);
    });

    [Fact]
    public void A_string_that_runs_into_the_window_ends_there() => ScriptMachine.With(machine =>
    {
        // Up to the end of the buffers, which has nothing of the script's behind it.
        machine.SafeBuffer.Fill((byte)'x');
        var result = machine.Run("x = strlen($buffer);");
        result.Failure.ShouldBe(ScriptFailure.Address);
        result.Detail.ShouldBe(machine.Buffer + ScriptMachine.BufferBytes);
    });

    [Theory]
    [InlineData(0xFFFF_8780_0000_0000, 39)]
    [InlineData(0x0000_7F00_0000_0000, 30)]
    [InlineData(0xFFFF_FFFF_8000_0000, 31)]
    [InlineData(0x40_0000, 22)]
    public void Windows_of_any_place_and_size_can_be_compiled_for(ulong start, int bits) => ScriptMachine.With(machine =>
    {
        var layout = machine.Layout with { WindowStart = start, WindowBytes = 1UL << bits };
        var bound = HvDbg.Client.Script.ScriptFrontEnd.Compile("x = poi(1000);", HvDbg.Client.Script.ScriptOptions.Default).Script!;
        ScriptCompiler.Compile(bound, layout, ScriptMachine.NumbersOf(bound)).Bytes.Length.ShouldBeGreaterThan(0);
    });

    // Addresses of which at least one of so many bytes is HvKernel's.
    private static IEnumerable<ulong> Attacks(ScriptLayout layout, ScriptMachine machine, int bytes)
    {
        var width = (ulong)bytes;
        var end = layout.WindowStart + layout.WindowBytes;
        yield return layout.WindowStart;
        yield return layout.WindowStart + 1;
        yield return layout.WindowStart + 0x1000;
        yield return end - width;
        yield return end - 1;
        yield return machine.Code;
        yield return machine.Code + 3;
        yield return machine.StackTop - width;
        yield return machine.StackTop - 0x28 - width;
        yield return machine.StackTop - 0x28;
        yield return machine.StackTop - 0x4000;
        yield return layout.Data - 1;
        yield return layout.Data + (ulong)layout.DataBytes;
        yield return layout.Globals - 1;
        yield return layout.Globals + (ulong)(8 * layout.GlobalCount);
        yield return layout.Buffers - 1;
        yield return layout.Buffers + (ulong)layout.BufferBytes;
        if (bytes > 1)
        {
            // Across an edge: of the window, from both sides, and of what is the script's.
            yield return layout.WindowStart - 1;
            yield return layout.WindowStart - width + 1;
            yield return end - width + 1;
            yield return layout.Data + (ulong)layout.DataBytes - 1;
            yield return layout.Data + (ulong)layout.DataBytes - width + 1;
            yield return layout.Globals + (ulong)(8 * layout.GlobalCount) - 1;
            yield return layout.Data - width + 1;
        }
    }
}
