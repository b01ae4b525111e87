using System;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>The checks of the lab guest that the tests of machine code rely on see what they are there for.</summary>
public sealed class CodeGuestCheckTests
{
    // A bit of a page-table entry that processors ignore.
    private const ulong IgnoredBit = 1 << 9;
    private const int StackPage = 0x7F_F000;

    [Fact]
    public Task A_change_of_each_kind_is_noticed() => CodeHarness.RunAsync(
        "code-guest-checks", "wait=forever,two-root:steady,steady,steady,steady,steady,poweroff", quickLine: true, test: async lab =>
        {
            var greeting = await lab.GreetingAsync();
            await OneAsync(lab, "ok", 0, _ => Task.CompletedTask);
            await OneAsync(lab, "page-tables", 0, scenario => FlipAsync(lab, scenario.UserRoot, IgnoredBit));
            await OneAsync(lab, "processes", 0, async _ =>
            {
                await lab.Debugger.WriteMemoryAsync(StackPage, new byte[] { 1 });
            });
            await OneAsync(lab, "ok", 1, async _ =>
            {
                await lab.Debugger.WriteRegisterAsync(RegisterId.R12, 0x1212_1213);
            });

            // Nothing calls the routine any more.
            await OneAsync(lab, "image", 0, _ => FlipAsync(lab, greeting.Number("allocate") - LabGuest.KernelHalf, 1));
        });

    // The guest stands in its process, behind a system call, while it is changed.
    private static async Task OneAsync(LabGuest lab, string checks, ulong oddRegisters, Func<CodeScenario, Task> change)
    {
        var scenario = await lab.NextCodeAsync("steady");
        await lab.ReleaseAsync(scenario);
        await CodeHarness.UntilAsync(async () => await lab.WordAsync(scenario.Progress) > 0, "a system call");
        var breaking = await lab.AddAsync(ModeTrapDirection.User, scenario, ActionDefinition.Break);
        (await lab.Debugger.WaitForStopAsync(TimeSpan.FromMinutes(1))).EventId.ShouldBe(breaking.Id);
        await lab.Debugger.ClearAllEventsAsync();
        await change(scenario);
        await lab.Debugger.ContinueAsync();
        var done = await lab.EndSteadyAsync(scenario);
        done.Word("checks").ShouldBe(checks);
        done.Number("odd_registers").ShouldBe(oddRegisters);
    }

    private static async Task FlipAsync(LabGuest lab, ulong address, ulong bits) =>
        await lab.Debugger.WriteMemoryAsync(address, BitConverter.GetBytes(await lab.WordAsync(address) ^ bits), MemoryView.Physical);
}
