using System;
using System.Globalization;
using System.Linq;
using System.Text;
using HvDbg.Script.Tests.Code.Machine;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests.Code;

/// <summary>Each function of the language as compiled code. In the texts, #G stands for the address of the guest's memory.</summary>
public sealed class BuiltInTests
{
    [Theory]
    [InlineData("test_statement(poi(#G)); test_statement(dq(#G)); test_statement(dd(#G)); test_statement(dw(#G)); test_statement(db(#G));", "8877665544332211 8877665544332211 44332211 2211 11")]
    [InlineData("test_statement(hi(#G)); test_statement(low(#G));", "4433 2211")]
    [InlineData("x = #G; test_statement(poi(x + 8)); test_statement(db(x + 7) + db(x));", "0 99")]
    [InlineData("p = #P; test_statement(poi_pa(p)); test_statement(dd_pa(p)); test_statement(dw_pa(p)); test_statement(db_pa(p)); test_statement(hi_pa(p)); test_statement(low_pa(p)); test_statement(dq_pa(p));",
        "8877665544332211 44332211 2211 11 4433 2211 8877665544332211")]
    [InlineData("test_statement(eb(#G, 1ff)); test_statement(ed(#G + 4, 12345678)); test_statement(eq(#G + 8, -1)); test_statement(poi(#G)); test_statement(poi(#G + 8)); test_statement(eq(1000, 1));",
        "1 1 1 12345678443322ff ffffffffffffffff 0")]
    [InlineData("test_statement(eb_pa(#P, aa)); test_statement(ed_pa(#P + 4, 1)); test_statement(eq_pa(#P + 8, 2)); test_statement(poi(#G)); test_statement(poi(#G + 8));", "1 1 1 1443322aa 2")]
    [InlineData("memcpy(#G + 10, #G, 8); test_statement(poi(#G + 10)); int x = 0; memcpy(&x, #G, 4); test_statement(x); memcpy(#G, #G, 0);", "8877665544332211 44332211")]
    [InlineData("test_statement(check_address(#G)); test_statement(check_address(1000));", "1 0")]
    [InlineData("test_statement(virtual_to_physical(#G) == #P); test_statement(physical_to_virtual(#P) == #G);", "1 1")]
    [InlineData("test_statement(disassemble_len(#G)); test_statement(disassemble_len32(#G)); test_statement(disassemble_len64(#G));", "3 2 3")]
    [InlineData("test_statement(neg(5)); x = 5; test_statement(neg(x)); test_statement(not(x));", "fffffffffffffffb fffffffffffffffb fffffffffffffffa")]
    public void Memory(string text, string expected) => Check(text, expected);

    [Theory]
    [InlineData("test_statement(strlen(\"hello\")); test_statement(strlen(\"\")); test_statement(wcslen(L\"hello\"));", "5 0 5")]
    [InlineData("test_statement(strlen(#G + 20)); test_statement(wcslen(#G + 40));", "3 2")]
    [InlineData("test_statement(strcmp(#G + 20, \"abc\")); test_statement(strcmp(#G + 20, \"abd\")); test_statement(strcmp(#G + 20, \"ab\")); test_statement(strcmp(#G + 20, \"abcd\"));",
        "0 ffffffffffffffff 1 ffffffffffffffff")]
    [InlineData("test_statement(strncmp(#G + 20, \"abd\", 2)); test_statement(strncmp(#G + 20, \"abd\", 3)); test_statement(strncmp(\"a\", \"b\", 0));", "0 ffffffffffffffff 0")]
    [InlineData("test_statement(wcscmp(#G + 40, L\"xy\")); test_statement(wcscmp(#G + 40, L\"xz\")); test_statement(wcsncmp(#G + 40, L\"xz\", 1));", "0 ffffffffffffffff 0")]
    [InlineData("test_statement(memcmp(#G + 20, \"abc\", 3)); test_statement(memcmp(#G + 20, \"ab\\xff\", 3)); test_statement(memcmp(\"b\", \"a\", 1));", "0 ffffffffffffffff 1")]
    [InlineData("x = \"text\"; test_statement(strlen(x)); test_statement(db(x + 1));", "4 65")]
    public void Strings(string text, string expected) => Check(text, expected);

    [Theory]
    [InlineData("x = 5; test_statement(interlocked_exchange(&x, 7)); test_statement(x);", "5 7")]
    [InlineData("x = 5; test_statement(interlocked_exchange_add(&x, 7)); test_statement(x);", "5 c")]
    [InlineData("x = 5; test_statement(interlocked_increment(&x)); test_statement(interlocked_decrement(&x)); test_statement(x);", "6 5 5")]
    [InlineData("x = 5; test_statement(interlocked_compare_exchange(&x, 9, 5)); test_statement(x); test_statement(interlocked_compare_exchange(&x, 1, 5)); test_statement(x);", "5 9 9 9")]
    [InlineData("x = 0; spinlock_lock(&x); test_statement(x); spinlock_unlock(&x); test_statement(x); spinlock_lock_custom_wait(&x, 5); test_statement(x);", "1 0 1")]
    [InlineData("test_statement(interlocked_increment(&.n)); test_statement(interlocked_increment(#G));", "1 8877665544332212")]
    public void Atomics(string text, string expected) => Check(text, expected);

    [Fact]
    public void A_lock_that_is_held_ends_the_script()
    {
        foreach (var call in new[] { "spinlock_lock(&.l);", "spinlock_lock_custom_wait(&.l, 10);" })
        {
            ScriptMachine.With(machine =>
            {
                var result = machine.Run($"spinlock_lock(&.l); {call}");
                result.Failure.ShouldBe(ScriptFailure.Lock);
                result.Span!.Value.Position.ShouldBe((1, 21));
            });
        }
    }

    [Theory]
    [InlineData("event_enable(5);", ScriptHelper.ModifyEvent, 5UL, (ulong)EventOperation.Enable, null, null)]
    [InlineData("event_disable(6);", ScriptHelper.ModifyEvent, 6UL, (ulong)EventOperation.Disable, null, null)]
    [InlineData("event_clear(7);", ScriptHelper.ModifyEvent, 7UL, (ulong)EventOperation.Clear, null, null)]
    [InlineData("event_inject(3, e);", ScriptHelper.Inject, 3UL, 0xEUL, 0UL, 0UL)]
    [InlineData("event_inject_error_code(3, e, 2);", ScriptHelper.Inject, 3UL, 0xEUL, 2UL, 1UL)]
    [InlineData("memcpy_pa(1000, 2000, 8);", ScriptHelper.CopyPhysical, 0x1000UL, 0x2000UL, 8UL, null)]
    [InlineData("event_sc(1);", ScriptHelper.ShortCircuit, 1UL, null, null, null)]
    [InlineData("microsleep(0n20);", ScriptHelper.Microsleep, 20UL, null, null, null)]
    [InlineData("pause();", ScriptHelper.Pause, null, null, null, null)]
    [InlineData("flush();", ScriptHelper.Flush, null, null, null, null)]
    public void Calls_of_HvKernel(string text, ScriptHelper helper, ulong? first, ulong? second, ulong? third, ulong? fourth) => ScriptMachine.With(machine =>
    {
        machine.Run(text).End.ShouldBe(RunEnd.Completed);
        var call = machine.Helpers.Result.Calls.ShouldHaveSingleItem();
        call.Helper.ShouldBe(helper);
        foreach (var (actual, expected) in new[] { (call.First, first), (call.Second, second), (call.Third, third), (call.Fourth, fourth) })
        {
            if (expected is { } value)
            {
                actual.ShouldBe(value, text);
            }
        }
    });

    [Fact]
    public void The_clock_goes_on() => ScriptMachine.With(machine =>
    {
        var result = machine.Run("x = rdtsc(); y = rdtscp(); test_statement(x); test_statement(y); test_statement(y > x);");
        result.Tests[2].ShouldBe(1UL);
        result.Tests[0].ShouldBeGreaterThan(1UL << 32);
    });

    [Fact]
    public void Messages_carry_their_words_and_texts() => ScriptMachine.With(machine =>
    {
        Fill(machine);
        var result = machine.Run(Addresses(machine, "x = 5; printf(\"%d %s %ws %f %llx %s\\n\", x, \"lit\", #G + 40, 1.5, @rax, #G + 20); print(x + 1); formats(7);"));
        result.End.ShouldBe(RunEnd.Completed);
        result.Messages.Select(message => message.Format).ShouldBe([0, 1, 2]);
        var first = result.Messages[0];
        first.Kinds.ShouldBe([0, 1, 2, 3, 0, 1]);
        first.Texts.ShouldBe([null, "lit", "xy", null, null, "abc"]);
        first.Words[0].ShouldBe(5UL);
        BitConverter.UInt64BitsToDouble(first.Words[3]).ShouldBe(1.5);
        result.Messages[1].Words.ShouldBe([6UL]);
        result.Messages[2].Words.ShouldBe([7UL]);
    });

    [Fact]
    public void Messages_within_arguments_of_messages_do_not_mix() => ScriptMachine.With(machine =>
    {
        const string Text = "int f(int x) { printf(\"%d %d\", x, x + 1); return x * 2; } printf(\"%d %d %d\", 1, f(5), f(f(2)));";
        var result = machine.Run(Text);
        result.Messages.Select(message => string.Join(" ", message.Words)).ShouldBe(["5 6", "2 3", "4 5", "1 10 8"]);
    });

    [Fact]
    public void Thirty_two_arguments_arrive() => ScriptMachine.With(machine =>
    {
        var format = string.Concat(Enumerable.Repeat("%llx ", 32));
        var values = string.Join(", ", Enumerable.Range(0, 32).Select(i => (0x10 + i).ToString("x", CultureInfo.InvariantCulture) + " + @rax"));
        machine.Registers[0] = 1;
        machine.Run($"printf(\"{format}\", {values});").Messages[0].Words.ShouldBe(Enumerable.Range(0x11, 32).Select(i => (ulong)i));
    });

    private static void Check(string text, string expected) => ScriptMachine.With(machine =>
    {
        Fill(machine);
        var result = machine.Run(Addresses(machine, text));
        result.End.ShouldBe(RunEnd.Completed, $"{text}\n{result}");
        string.Join(" ", result.Tests.Select(value => value.ToString("x", CultureInfo.InvariantCulture))).ShouldBe(expected, text);
    });

    private static void Fill(ScriptMachine machine)
    {
        new byte[] { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 }.CopyTo(machine.GuestMemory);
        Encoding.ASCII.GetBytes("abc").CopyTo(machine.GuestMemory[0x20..]);
        Encoding.Unicode.GetBytes("xy").CopyTo(machine.GuestMemory[0x40..]);
    }

    private static string Addresses(ScriptMachine machine, string text) => text
        .Replace("#G", "0x" + machine.Guest.ToString("x", CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("#P", "0x" + HelperDouble.PhysicalBase.ToString("x", CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
