using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Boot.Tests.Lab;
using HvKernel.Boot.Tests.Stepping;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Machine;

/// <summary>Each feature that HvKernel can be told to do without: what it needs is named and refused, all else works with the same counts.</summary>
public sealed class MaskedFeatureTests
{
    private const int Calls = 300;

    [Theory]
    [InlineData("preemption-timer", "\"activate VMX-preemption timer\"")]
    [InlineData("unrestricted-guest", "\"unrestricted guest\"")]
    public async Task What_cannot_be_done_without_is_named_and_the_machine_boots(string mask, string name)
    {
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = "mask-" + mask,
            Guest = "lab",
            DebugLine = false,
            Mask = mask,
            Append = "wait=0,plain:syscall=5,poweroff",
        });

        await guest.WaitForConsoleTextAsync($"HvKernel: masked off: {mask}");
        await guest.WaitForConsoleTextAsync($"HvKernel: missing: {name}");
        await guest.WaitForConsoleTextAsync("HvKernel: this machine cannot be virtualised by HvKernel; nothing was changed");
        await guest.WaitForConsoleTextAsync("LAB done scenario=syscall");
        (await guest.WaitForExitAsync()).ShouldBe(0);
    }

    [Theory]
    [InlineData("vpid")]
    [InlineData("1g-pages")]
    [InlineData("mtf")]
    [InlineData("vpid,execute-only,1g-pages,mtf")]
    public Task What_can_be_done_without_changes_no_count(string mask) =>
        LabGuest.RunAsync(
            "mask-" + mask.Replace(',', '-'),
            $"wait=forever,plain:syscall={Calls},two-root:syscall={Calls},pcid:switch=50,syscall=1,poweroff",
            async lab =>
            {
                foreach (var name in new[] { "syscall", "syscall", "switch" })
                {
                    var scenario = await lab.NextAsync(name);
                    var added = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Count);
                    var made = await lab.RunToEndAsync(scenario);
                    var counted = await lab.EventAsync(added);
                    await lab.Debugger.ClearAllEventsAsync();
                    made.UserEntries.ShouldBe(scenario.Expected);
                    (counted.UserReached, counted.KernelReached).ShouldBe((made.UserEntries, made.KernelEntries));
                }
            },
            mask: mask);

    /// <summary>Shadow roots step over the guest's writes to its tables with the monitor trap flag.</summary>
    [Fact]
    public Task With_neither_mbec_nor_the_monitor_trap_flag_mode_is_refused() =>
        LabGuest.RunAsync(
            "mask-mbec-mtf",
            "wait=forever,plain:syscall=5,poweroff",
            async lab =>
            {
                var scenario = await lab.NextAsync("syscall");
                var refusal = await Should.ThrowAsync<TargetException>(() => lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Count));
                refusal.Status.ShouldBe(ReplyStatus.FeatureMissing);
                refusal.Message.ShouldContain("mode-based execute control");
                (await lab.Debugger.ListEventsAsync()).ShouldBeEmpty();
                (await lab.RunToEndAsync(scenario)).KernelEntries.ShouldBe(scenario.Expected);
            },
            mask: "mbec,mtf");

    /// <summary>Then the byte is in the guest's own memory: the console is told, the guest reads it, and it is hit as often.</summary>
    [Fact]
    public Task Without_execute_only_pages_a_breakpoint_stops_and_is_seen() => StepsGuest.RunAsync(
        "mask-execute-only",
        async guest =>
        {
            await guest.AmountAsync(20);
            await guest.OrderAsync(StepsGuest.Count);
            var alone = await guest.AnswerAsync("count");
            await guest.Debugger.PauseAsync();
            var id = await guest.BreakAsync(guest["leaf"]);
            await guest.OrderAsync(StepsGuest.Count);
            for (var hit = 0; hit < 20; hit++)
            {
                (await guest.GoAsync()).BreakpointId.ShouldBe(id);
            }

            await guest.Debugger.ContinueAsync();
            var seen = await guest.AnswerAsync("count");
            seen["leaves"].ShouldBe(20UL);
            seen["before"].ShouldNotBe(alone["before"]);
            (await guest.HitsAsync(id)).ShouldBe(20UL);
            await guest.Debugger.PauseAsync();
            await guest.Debugger.ClearBreakpointAsync(id);
            await guest.OrderAsync(StepsGuest.Count);
            await guest.Debugger.ContinueAsync();
            (await guest.AnswerAsync("count"))["before"].ShouldBe(alone["before"]);
        },
        new BootOptions { Name = "mask-execute-only", Mask = "execute-only" });
}
