using System;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Client.Script.Code;
using HvKernel.Boot.Tests.Lab;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Script;

/// <summary>Scripts written by hand as actions and conditions of events.</summary>
public sealed class ScriptEventTests
{
    private const int Calls = 60;

    [Fact]
    public Task Scripts_count_filter_print_and_change_events() =>
        CodeHarness.RunAsync("script-events", $"wait=forever,two-root:int={Calls},int={Calls},int={Calls},syscall=1,poweroff", quickLine: true, test: async lab =>
        {
            await lab.GreetingAsync();
            var code = new ScriptCode(await lab.Debugger.GetScriptLayoutAsync());
            var number = (await lab.Debugger.NameGlobalsAsync(["count"]))["count"];
            var counting = code.Of($"mov rax, GLOBALS; inc qword [rax + {8 * number}]");

            // As often as the event triggered; the condition lets user mode alone pass.
            var scenario = await lab.NextCodeAsync("int");
            var counted = await AddAsync(lab, scenario, counting, when: code.Of("xor eax, eax; cmp r8, 3; sete al"));
            var done = await lab.RunToEndAsync(scenario);
            var entry = await lab.EventAsync(counted);
            entry.Action.ShouldBe(EventAction.Script);
            entry.UserReached.ShouldBe(done.Number("user_entries"));
            entry.KernelReached.ShouldBe(0UL);
            entry.ConditionFalse.ShouldBe(done.Number("kernel_entries"));
            (await lab.Debugger.ListGlobalsAsync()).Single().Value.ShouldBe(entry.UserReached);
            await lab.Debugger.ClearAllEventsAsync();

            // An event that clears itself at its third trigger, one that a failure disables, and one that prints all along.
            scenario = await lab.NextCodeAsync("int");
            using var arriving = lab.Debugger.Subscribe();
            var clears = await AddAsync(lab, scenario, code.Of(
                $"mov rax, DATA; inc qword [rax]; cmp qword [rax], 3; jb .end; mov rcx, [rdx + 0x88]; mov edx, 2; helper {(uint)ScriptHelper.ModifyEvent}; .end:"));
            var fails = await AddAsync(lab, scenario, code.Of("mov ecx, 1; mov edx, 5; helper 0"));
            var prints = await AddAsync(lab, scenario, code.Of($"mov ecx, 2; mov r8d, 1; xor r9d, r9d; sub rsp, 8; mov [rsp], r12; mov rdx, rsp; helper {(uint)ScriptHelper.Print}; add rsp, 8"));
            done = await lab.RunToEndAsync(scenario);
            var left = await lab.Debugger.ListEventsAsync();
            left.Select(row => row.Id).ShouldBe([fails.Id, prints.Id]);
            var failed = await lab.EventAsync(fails);
            failed.Enabled.ShouldBeFalse();
            failed.Condition.ShouldBe(EventCondition.Faulted);
            var printing = await lab.EventAsync(prints);
            (printing.UserReached + printing.KernelReached).ShouldBe(done.Number("user_entries") + done.Number("kernel_entries"));
            (printing.Sent + printing.Dropped).ShouldBe(printing.UserReached + printing.KernelReached);
            var fault = await arriving.NextAsync<CodeFaultEvent>(_ => true);
            fault.EventId.ShouldBe(fails.Id);
            fault.Kind.ShouldBe(BlobFaultKind.ScriptFailure);
            var first = await arriving.NextAsync<PrintEvent>(_ => true);
            first.EventId.ShouldBe(prints.Id);
            first.Format.ShouldBe(2);
            clears.Id.ShouldNotBe(fails.Id);
            await lab.Debugger.ClearAllEventsAsync();

            // A script stops the guest.
            scenario = await lab.NextCodeAsync("int");
            var pauses = await AddAsync(lab, scenario, code.Of($"cmp r8, 0; jne .end; helper {(uint)ScriptHelper.Pause}; .end:"));
            await lab.ReleaseAsync(scenario);
            var stop = await lab.Debugger.WaitForStopAsync(TimeSpan.FromMinutes(1));
            stop.Reason.ShouldBe(StopReason.Event);
            stop.EventId.ShouldBe(pauses.Id);
            stop.Context.ShouldBe((byte)0);
            await lab.Debugger.ClearAllEventsAsync();
            await lab.Debugger.ContinueAsync();
            await lab.DoneAsync(scenario);
        });

    private static Task<AddedEvent> AddAsync(LabGuest lab, CodeScenario scenario, CompiledScript script, CompiledScript? when = null) =>
        lab.Debugger.AddEventAsync(ModeEventDefinition.Of(ModeTrapDirection.UserAndKernel, ProcessKey.Cr3(scenario.Root), ActionDefinition.OfScript(script)) with
        {
            When = when,
        });
}
