using System;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>The examples of the manual's page on actions, byte for byte, in each address-space mode and manner of running.</summary>
public sealed class CodeManualPageTests
{
    private const string ChangeTag = "488B5A404881FB484442477402EB0848C7424048444232C3";
    private const string ImageName = "65488B042588010000488B80B8000000480550040000C3";

    // The page's load, and what delivers it: mov [rcx], rax; mov rax, rcx; ret.
    private const string ProcessorNumber = "65488B0425A4010000" + "488901" + "4889C8" + "C3";
    private const ulong NumberOffset = 0x1A4;
    private const int Calls = 12;

    [Fact]
    public Task Code_that_looks_for_the_tag_in_r8_changes_what_the_guests_routine_sees() => InEachMannerAndMode("code-tag", $"tag={Calls}", async (lab, run) =>
    {
        var scenario = await lab.NextCodeAsync("tag");
        var code = CodeHarness.For(run, CodeHarness.Hex(ChangeTag));
        var added = await lab.AddAsync(ModeTrapDirection.Kernel, scenario, ActionDefinition.CustomCode(code, run: run));
        var done = await lab.RunToEndAsync(scenario);
        done.Word("tag_seen").ShouldBe("HDB2");
        done.Number("tag_changed").ShouldBe((ulong)Calls);

        var part = await lab.Debugger.ReadEventPartAsync(added.Id, 0);
        part.Bytes.ShouldBe(code);
        part.Manner.ShouldBe(CodeHarness.MannerOf(run));
        part.Runs.ShouldBe((ulong)Calls + 1);
        part.Faults.ShouldBe(0UL);
        (await lab.EventAsync(added)).KernelReached.ShouldBe((ulong)Calls + 1);
        await lab.Debugger.ClearAllEventsAsync();
    });

    [Fact]
    public Task Without_the_code_the_routine_sees_the_tag_that_was_given() => InEachMannerAndMode("code-no-tag", $"tag={Calls}", async (lab, run) =>
    {
        // The same code with another tag to look for: it runs, and changes nothing.
        var other = CodeHarness.Hex(ChangeTag.Replace("4881FB48444247", "4881FB48444248", StringComparison.Ordinal));
        var scenario = await lab.NextCodeAsync("tag");
        var added = await lab.AddAsync(ModeTrapDirection.Kernel, scenario, ActionDefinition.CustomCode(CodeHarness.For(run, other), run: run));
        var done = await lab.RunToEndAsync(scenario);
        done.Word("tag_seen").ShouldBe("HDBG");
        done.Number("tag_changed").ShouldBe(0UL);
        (await lab.Debugger.ReadEventPartAsync(added.Id, 0)).Runs.ShouldBe((ulong)Calls + 1);
        await lab.Debugger.ClearAllEventsAsync();
    });

    [Fact]
    public Task The_safe_buffer_example_delivers_the_name_of_the_current_process_at_every_transition() =>
        InEachMannerAndMode("code-name", $"switch={Calls}", async (lab, run) =>
        {
            var scenario = await lab.NextCodeAsync("switch");
            using var arriving = lab.Debugger.Subscribe();
            var action = ActionDefinition.CustomCode(CodeHarness.For(run, CodeHarness.Hex(ImageName)), 0x18, run);
            var watched = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario, action);
            var neighbour = await lab.Debugger.AddEventAsync(
                ModeEventDefinition.Of(ModeTrapDirection.UserAndKernel, ProcessKey.Cr3(scenario.Line.Number("otherroot")), action));
            var done = await lab.RunToEndAsync(scenario);
            foreach (var (added, name, prefix) in new[] { (watched, "switch", ""), (neighbour, "busy", "other_") })
            {
                var counted = await lab.EventAsync(added);
                counted.Condition.ShouldBe(EventCondition.None);
                counted.UserReached.ShouldBe(done.Number(prefix + "user_entries"));
                counted.KernelReached.ShouldBe(done.Number(prefix + "kernel_entries"));
                (counted.Sent + counted.Dropped).ShouldBe(counted.UserReached + counted.KernelReached);
                var part = await lab.Debugger.ReadEventPartAsync(added.Id, 0);
                part.InvalidPointers.ShouldBe(0UL);
                part.Manner.ShouldBe(CodeHarness.MannerOf(run));
                counted.Sent.ShouldBeGreaterThan(0UL);
            }

            var sent = (await lab.EventAsync(watched)).Sent + (await lab.EventAsync(neighbour)).Sent;
            foreach (var buffer in await arriving.TakeAsync<BufferEvent>(sent))
            {
                buffer.Bytes.Length.ShouldBe(0x18);
                var name = buffer.EventId == watched.Id ? "switch" : "busy";
                Encoding.ASCII.GetString(buffer.Bytes.AsSpan()[..15]).ShouldBe(name.PadRight(15, '\0'));
            }

            await lab.Debugger.ClearAllEventsAsync();
        });

    [Fact]
    public Task The_processor_number_is_read_through_gs() => InEachMannerAndMode("code-number", "syscall=3", async (lab, run) =>
    {
        // The guest has one processor and looks at its number never, so that it may be told another.
        var number = 0x10UL + (ulong)run;
        var scenario = await lab.NextCodeAsync("syscall");
        await lab.Debugger.PauseAsync();
        await lab.Debugger.WriteMemoryAsync(CodeHarness.PerCpu + NumberOffset, BitConverter.GetBytes((uint)number));
        await lab.Debugger.ContinueAsync();

        using var arriving = lab.Debugger.Subscribe();
        var code = CodeHarness.For(run, CodeHarness.Hex(ProcessorNumber));
        var added = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario, ActionDefinition.CustomCode(code, 8, run));
        await lab.RunToEndAsync(scenario);
        (await lab.EventAsync(added)).Sent.ShouldBe(2UL * 4);
        foreach (var buffer in await arriving.TakeAsync<BufferEvent>(2 * 4))
        {
            BitConverter.ToUInt64(buffer.Bytes.AsSpan()).ShouldBe(number);
        }

        await lab.Debugger.ClearAllEventsAsync();
    });

    private static Task InEachMannerAndMode(string name, string scenario, Func<LabGuest, RunChoice, Task> test)
    {
        var options = CodeHarness.EachMode([.. CodeHarness.Choices.Select(_ => scenario)]);
        return CodeHarness.RunAsync(name, options, quickLine: true, test: async lab =>
        {
            await lab.GreetingAsync();
            foreach (var mode in CodeHarness.Modes)
            {
                foreach (var run in CodeHarness.Choices)
                {
                    try
                    {
                        await test(lab, run);
                    }
                    catch (Exception problem)
                    {
                        throw new BootException($"{mode}, run {run}: {problem.Message}", problem);
                    }
                }
            }
        });
    }
}
