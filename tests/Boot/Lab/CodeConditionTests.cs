using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>Conditions in machine code decide exactly which transitions trigger.</summary>
public sealed class CodeConditionTests
{
    private const string UserReached = "xor eax, eax; cmp edx, 3; sete al";
    private const string KernelReached = "xor eax, eax; test rdx, rdx; sete al; ret";
    private const int Calls = 60;

    // How often each of the ten system calls is made: all the same but for the rest of the division, so that no two neighbours agree by chance.
    private const int Numbered = 254;

    // Counts per context in its own buffer, which keeps what it holds from run to run, and delivers it.
    private const string CountByContext = "inc qword [rcx + r8 * 8]; inc qword [rcx + 32]; mov rax, rcx";

    [Fact]
    public Task A_condition_on_the_context_selects_one_direction() =>
        CodeHarness.RunAsync("code-condition-context", CodeHarness.EachMode([.. CodeHarness.Choices.Select(_ => $"int={Calls}")]), quickLine: true, test: async lab =>
        {
            await lab.GreetingAsync();
            foreach (var mode in CodeHarness.Modes)
            {
                foreach (var run in CodeHarness.Choices)
                {
                    var scenario = await lab.NextCodeAsync("int");
                    using var arriving = lab.Debugger.Subscribe();
                    var user = await AddAsync(lab, scenario, ModeTrapDirection.UserAndKernel, UserReached, run, CodeHarness.Code(CountByContext, 40, run));
                    var kernel = await AddAsync(lab, scenario, ModeTrapDirection.UserAndKernel, KernelReached, run, ActionDefinition.Count);
                    var all = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario, ActionDefinition.Count);
                    var done = await lab.RunToEndAsync(scenario);
                    done.Number("user_entries").ShouldBe(Calls + 1UL);
                    var counted = await lab.EventAsync(all);
                    counted.UserReached.ShouldBe(done.Number("user_entries"));
                    counted.KernelReached.ShouldBe(done.Number("kernel_entries"));
                    await ShouldHaveTriggered(lab, user, done.Number("user_entries"), 0, done.Number("kernel_entries"), $"u, {mode}, run {run}");
                    await ShouldHaveTriggered(lab, kernel, 0, done.Number("kernel_entries"), done.Number("user_entries"), $"k, {mode}, run {run}");

                    // The buffer was zeroed before the first run and never after, and the action saw context 3 alone.
                    var sent = (await lab.EventAsync(user)).Sent;
                    sent.ShouldBeGreaterThan(0UL);
                    ulong last = 0;
                    foreach (var buffer in await arriving.TakeAsync<BufferEvent>(sent))
                    {
                        buffer.Context.ShouldBe((byte)3);
                        Word(buffer, 0).ShouldBe(0UL);
                        Word(buffer, 3).ShouldBe(Word(buffer, 4));
                        Word(buffer, 3).ShouldBeGreaterThan(last);
                        last = Word(buffer, 3);
                    }

                    last.ShouldBeLessThanOrEqualTo(done.Number("user_entries"));
                    await lab.Debugger.ClearAllEventsAsync();
                }
            }
        });

    [Fact]
    public Task A_condition_on_a_register_triggers_as_often_as_the_guest_made_that_call() =>
        CodeHarness.RunAsync("code-condition-register", CodeHarness.EachMode([.. CodeHarness.Choices.Select(_ => $"numbers={Numbered}")]), quickLine: true, test: async lab =>
        {
            await lab.GreetingAsync();
            foreach (var mode in CodeHarness.Modes)
            {
                foreach (var run in CodeHarness.Choices)
                {
                    var scenario = await lab.NextCodeAsync("numbers");
                    var events = new List<AddedEvent>();
                    for (var number = 0; number < 10; number++)
                    {
                        // The first of GUEST_REGS is rax.
                        var condition = $"mov rbx, [rcx]; xor eax, eax; cmp rbx, {number}; sete al";
                        events.Add(await AddAsync(lab, scenario, ModeTrapDirection.Kernel, condition, run, ActionDefinition.Count));
                    }

                    var done = await lab.RunToEndAsync(scenario);
                    var made = done.Word("calls").Split(',').Select(count => ulong.Parse(count, CultureInfo.InvariantCulture)).ToArray();
                    made.Aggregate(0UL, (sum, count) => sum + count).ShouldBe((ulong)Numbered);
                    for (var number = 0; number < 10; number++)
                    {
                        made[number].ShouldBe(number < Numbered % 10 ? (ulong)(Numbered / 10) + 1 : Numbered / 10);
                        await ShouldHaveTriggered(
                            lab, events[number], 0, made[number], done.Number("kernel_entries") - made[number], $"call {number}, {mode}, run {run}");
                    }

                    await lab.Debugger.ClearAllEventsAsync();
                }
            }
        });

    [Fact]
    public Task A_condition_that_is_false_keeps_the_guest_from_being_stopped_and_a_true_one_does_not() =>
        CodeHarness.RunAsync("code-condition-break", "wait=forever,two-root:numbers=50,syscall=1,poweroff", quickLine: true, test: async lab =>
        {
            await lab.GreetingAsync();
            var scenario = await lab.NextCodeAsync("numbers");
            var condition = "xor eax, eax; cmp qword [rcx], 7; sete al";
            var breaking = await AddAsync(lab, scenario, ModeTrapDirection.Kernel, condition, RunChoice.Auto, ActionDefinition.Break);
            await lab.ReleaseAsync(scenario);
            for (var i = 0; i < 5; i++)
            {
                var stop = await lab.Debugger.WaitForStopAsync(TimeSpan.FromMinutes(1));
                stop.EventId.ShouldBe(breaking.Id);
                stop.Context.ShouldBe((byte)0);
                (await lab.Debugger.ReadRegistersAsync()).General.Rax.ShouldBe(7UL);
                await lab.Debugger.ContinueAsync();
            }

            var done = await lab.DoneAsync(scenario);
            done.Word("calls").ShouldBe("5,5,5,5,5,5,5,5,5,5");
            await ShouldHaveTriggered(lab, breaking, 0, 5, 46, "break");
        });

    private static Task<AddedEvent> AddAsync(
        LabGuest lab, CodeScenario scenario, ModeTrapDirection direction, string condition, RunChoice run, ActionDefinition action) =>
        lab.Debugger.AddEventAsync(ModeEventDefinition.Of(direction, ProcessKey.Cr3(scenario.Root), action) with
        {
            Condition = CodeHarness.Definition(condition, run),
        });

    private static async Task ShouldHaveTriggered(LabGuest lab, AddedEvent added, ulong user, ulong kernel, ulong notAt, string which)
    {
        var counted = await lab.EventAsync(added);
        counted.Condition.ShouldBe(EventCondition.None, which);
        counted.Enabled.ShouldBeTrue(which);
        counted.UserReached.ShouldBe(user, which);
        counted.KernelReached.ShouldBe(kernel, which);
        counted.ConditionFalse.ShouldBe(notAt, which);
    }

    private static ulong Word(BufferEvent buffer, int number) => BitConverter.ToUInt64(buffer.Bytes.AsSpan()[(8 * number)..]);
}
