using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>Short-circuited user mode stands still while the rest of the guest runs; the kernel comes back by itself.</summary>
public sealed class CodeShortCircuitTests
{
    // One turn of a process in `steady` (tests/Guests/Lab/Scenarios.cs), and how many are watched.
    private const ulong TurnTicks = 400_000;
    private const ulong Turns = 20;

    // A word that the checks of the guest leave out.
    private const ulong DecisionOffset = 0x900;

    [Fact]
    public Task User_mode_is_parked_without_a_storm_until_its_event_is_disabled_switched_or_cleared() => CodeHarness.RunAsync(
        "code-park", CodeHarness.EachMode("steady"), async lab =>
        {
            await lab.GreetingAsync();
            foreach (var mode in CodeHarness.Modes)
            {
                var scenario = await StartAsync(lab);
                scenario.Mode.ShouldBe(mode);
                using var arriving = lab.Debugger.Subscribe();
                var added = await lab.Debugger.AddEventAsync(Parking(scenario, ActionDefinition.Count));
                await ShouldParkAsync(lab, arriving, scenario, added, 1);

                // As often as one likes, by each of the ways out.
                await lab.Debugger.DisableEventAsync(added.Id);
                await ShouldGoOnAsync(lab, arriving, scenario);
                await lab.Debugger.EnableEventAsync(added.Id);
                await ShouldParkAsync(lab, arriving, scenario, added, 2);
                await lab.Debugger.ShortCircuitEventAsync(added.Id, on: false);
                await ShouldGoOnAsync(lab, arriving, scenario);
                var before = (await lab.EventAsync(added)).UserReached;
                await lab.Debugger.ShortCircuitEventAsync(added.Id, on: true);
                await arriving.NextAsync<NoticeEvent>(notice => notice.Kind == EventNoticeKind.Parked);
                var entry = await lab.EventAsync(added);
                entry.ShortCircuited.ShouldBe(3UL);
                entry.UserReached.ShouldBeGreaterThan(before);
                await lab.Debugger.ClearEventAsync(added.Id);
                await ShouldGoOnAsync(lab, arriving, scenario);

                // Nothing is held any more, and nothing is caught.
                var exits = await lab.ExitsAsync(ExitReason.EptViolation);
                var progress = await lab.WordAsync(scenario.Progress);
                await CodeHarness.UntilAsync(async () => await lab.WordAsync(scenario.Progress) > progress + 1000, "a thousand system calls");
                (await lab.ExitsAsync(ExitReason.EptViolation)).ShouldBe(exits);
                await ShouldEndWellAsync(lab, scenario);
            }
        });

    [Fact]
    public Task Code_decides_by_the_word_behind_the_registers() => CodeHarness.RunAsync(
        "code-park-decision", "wait=forever,two-root:steady,syscall=1,poweroff", async lab =>
        {
            await lab.GreetingAsync();
            var scenario = await StartAsync(lab);
            using var arriving = lab.Debugger.Subscribe();

            // Not asked for, and decided by a word of the process's: 0 at first.
            var decide = CodeHarness.Code($"mov rax, [0x600000 + {DecisionOffset}]; mov [rdx + 0x80], rax; xor eax, eax");
            var added = await lab.AddAsync(ModeTrapDirection.User, scenario, decide);
            var progress = await lab.WordAsync(scenario.Progress);
            await CodeHarness.UntilAsync(async () => await lab.WordAsync(scenario.Progress) > progress + 300, "system calls");
            (await lab.EventAsync(added)).ShortCircuited.ShouldBe(0UL);
            await lab.WriteAsync(scenario.Data + DecisionOffset);
            await ShouldParkAsync(lab, arriving, scenario, added, 1);
            await lab.Debugger.ClearEventAsync(added.Id);
            await ShouldGoOnAsync(lab, arriving, scenario);

            // Asked for, and declined each time; an event beside it that only counts changes nothing.
            var decline = CodeHarness.Code("mov rax, [rdx + 0x80]; mov qword [rdx + 0x80], 0; ret", 8);
            var declining = await lab.Debugger.AddEventAsync(Parking(scenario, decline));
            var counting = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario, ActionDefinition.Count);
            progress = await lab.WordAsync(scenario.Progress);
            await CodeHarness.UntilAsync(async () => await lab.WordAsync(scenario.Progress) > progress + 300, "system calls");
            var entry = await lab.EventAsync(declining);
            entry.ShortCircuited.ShouldBe(0UL);
            entry.UserReached.ShouldBeGreaterThan(300UL);

            // It began as 1, which is no address of a buffer.
            var part = await lab.Debugger.ReadEventPartAsync(declining.Id, 0);
            part.InvalidPointers.ShouldBe(part.Runs);

            // One that asks wins over one that declines.
            var asking = await lab.Debugger.AddEventAsync(Parking(scenario, CodeHarness.Code("xor eax, eax")));
            await ShouldParkAsync(lab, arriving, scenario, asking, 1);
            (await lab.EventAsync(declining)).ShortCircuited.ShouldBe(0UL);
            await lab.Debugger.ClearEventAsync(asking.Id);
            await ShouldGoOnAsync(lab, arriving, scenario);
            (await lab.EventAsync(counting)).ShortCircuited.ShouldBe(0UL);
            await lab.Debugger.ClearAllEventsAsync();
            await ShouldEndWellAsync(lab, scenario);
        });

    [Fact]
    public Task The_kernel_is_held_for_a_limited_time_once() => CodeHarness.RunAsync(
        "code-hold", "wait=forever,plain:steady,two-root:steady,syscall=1,poweroff", async lab =>
        {
            await lab.GreetingAsync();
            for (var i = 0; i < 2; i++)
            {
                var scenario = await StartAsync(lab);
                using var arriving = lab.Debugger.Subscribe();
                var before = (await lab.Debugger.GetStatusAsync()).Tick;
                var added = await lab.Debugger.AddEventAsync(Parking(scenario, ActionDefinition.Count) with { Mode = ModeTrapDirection.Kernel });
                var notice = await arriving.NextAsync<NoticeEvent>(item => item.EventId == added.Id);
                notice.Kind.ShouldBe(EventNoticeKind.KernelHoldEnded);
                var second = lab.Debugger.Target.TickFrequency;
                (notice.Tick - before).ShouldBeInRange(second / 20, second);
                await ShouldGoOnAsync(lab, null, scenario);
                var entry = await lab.EventAsync(added);
                entry.ShortCircuited.ShouldBe(1UL);
                entry.KernelReached.ShouldBeGreaterThan(1UL);
                (await lab.Debugger.PauseAsync()).Reason.ShouldBe(StopReason.Pause);
                await lab.Debugger.ContinueAsync();
                await lab.Debugger.ClearAllEventsAsync();
                await ShouldEndWellAsync(lab, scenario);
            }
        });

    private static ModeEventDefinition Parking(CodeScenario scenario, ActionDefinition action) =>
        ModeEventDefinition.Of(ModeTrapDirection.User, ProcessKey.Cr3(scenario.Root), action) with { ShortCircuit = true };

    private static async Task<CodeScenario> StartAsync(LabGuest lab)
    {
        var scenario = await lab.NextCodeAsync("steady");
        await lab.ReleaseAsync(scenario);
        await CodeHarness.UntilAsync(async () => await lab.WordAsync(scenario.Progress) > 100, "a hundred system calls");
        return scenario;
    }

    private static async Task ShouldParkAsync(LabGuest lab, EventSubscription arriving, CodeScenario scenario, AddedEvent added, ulong episode)
    {
        (await arriving.NextAsync<NoticeEvent>(_ => true)).ShouldSatisfyAllConditions(
            notice => notice.Kind.ShouldBe(EventNoticeKind.Parked), notice => notice.EventId.ShouldBe(added.Id));
        var progress = await lab.WordAsync(scenario.Progress);
        var other = await lab.WordAsync(scenario.OtherProgress);
        var start = (await lab.Debugger.GetStatusAsync()).Tick;
        var before = await lab.SumExitsAsync(ExitReason.EptViolation, ExitReason.ControlRegisterAccess, ExitReason.ExternalInterrupt);
        await CodeHarness.UntilAsync(async () => (await lab.Debugger.GetStatusAsync()).Tick > start + (Turns * TurnTicks), $"{Turns} turns");
        var after = await lab.SumExitsAsync(ExitReason.EptViolation, ExitReason.ControlRegisterAccess, ExitReason.ExternalInterrupt);
        var turns = ((await lab.Debugger.GetStatusAsync()).Tick - start) / TurnTicks;

        // The process has not moved, its neighbour has had its half of the time.
        (await lab.WordAsync(scenario.Progress)).ShouldBe(progress);
        (await lab.WordAsync(scenario.OtherProgress)).ShouldBeGreaterThan(other + (turns * TurnTicks / 20));

        // Two fetches that are caught for each of its turns, and the neighbour's loads of CR3; a retried fetch would make a thousand.
        (after - before).ShouldBeInRange(1UL, (turns + 2) * 6);
        var entry = await lab.EventAsync(added);
        entry.Condition.ShouldBe(EventCondition.Parked);
        entry.ShortCircuited.ShouldBe(episode);

        // The edge at which it stands, and the debugger gets in.
        await lab.Debugger.PauseAsync();
        await lab.Debugger.ContinueAsync();
    }

    // With a subscription: one notice that says so, and none beside it.
    private static async Task ShouldGoOnAsync(LabGuest lab, EventSubscription? arriving, CodeScenario scenario)
    {
        if (arriving is not null)
        {
            (await arriving.NextAsync<NoticeEvent>(_ => true)).Kind.ShouldBe(EventNoticeKind.Released);
        }

        var progress = await lab.WordAsync(scenario.Progress);
        await CodeHarness.UntilAsync(async () => await lab.WordAsync(scenario.Progress) > progress + 100, "a hundred system calls");
    }

    private static async Task ShouldEndWellAsync(LabGuest lab, CodeScenario scenario)
    {
        var done = await lab.EndSteadyAsync(scenario);
        done.Word("checks").ShouldBe("ok");
        done.Number("odd_registers").ShouldBe(0UL);
    }
}
