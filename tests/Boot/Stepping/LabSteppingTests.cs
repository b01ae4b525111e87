using System;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Lab;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Stepping;

/// <summary>Breakpoints and steps in processes whose transitions are caught at the same time.</summary>
public sealed class LabSteppingTests
{
    private const ulong Calls = 20;
    private static readonly TimeSpan StopTime = TimeSpan.FromMinutes(1);

    // mov eax, 0; syscall; dec rdi; jnz to the begin.
    private const ulong SystemCall = 5;
    private const ulong Behind = 7;

    [Fact]
    public Task Breakpoints_and_transitions_of_one_process_count_exactly() => LabGuest.RunAsync(
        "lab-breakpoints",
        $"wait=forever,plain:syscall={Calls},two-root:syscall={Calls},two-root:pagefault={Calls}",
        async lab =>
        {
            await lab.GreetingAsync();
            await CountAsync(lab, await lab.NextAsync("syscall"));
            await CountAsync(lab, await lab.NextAsync("syscall"));
            await TransitionsWhileThePageIsReadAsync(lab, await lab.NextAsync("pagefault"));
        });

    // A breakpoint in the program, an event on the program's transitions, and steps through a system call.
    private static async Task CountAsync(LabGuest lab, LabScenario scenario)
    {
        var debugger = lab.Debugger;
        scenario.FirstBytes[(int)SystemCall].ShouldBe((byte)0x0F);
        var counted = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.UserRoot, EventAction.Count);
        await debugger.PauseAsync();
        var added = await debugger.AddBreakpointAsync(new BreakpointDefinition(scenario.Entry + Behind, MemoryView.Root(scenario.Root)));
        await lab.ReleaseAsync(scenario);
        for (ulong call = 0; call < Calls; call++)
        {
            await debugger.ContinueAsync();
            var stop = await debugger.WaitForStopAsync(StopTime);
            (stop.Reason, stop.BreakpointId, stop.Rip).ShouldBe((StopReason.Breakpoint, added.Id, scenario.Entry + Behind));
            if (call == 2)
            {
                await StepAsync(lab, scenario);
            }
            else if (call == 3)
            {
                // Its last step ends at the breakpoint of the next call.
                await StepOverAsync(lab, scenario);
                call++;
            }
        }

        await debugger.ClearBreakpointAsync(added.Id);
        await debugger.ContinueAsync();
        var figures = await lab.DoneAsync(scenario);
        figures.KernelEntries.ShouldBe(Calls + 1);
        var entry = await lab.EventAsync(counted);
        (entry.KernelReached, entry.UserReached).ShouldBe((Calls + 1, Calls + 1));
        await debugger.ClearAllEventsAsync();
    }

    // dec, jnz, mov, and the system call itself: into the kernel's entry, out of which a breakpoint behind it leads.
    private static async Task StepAsync(LabGuest lab, LabScenario scenario)
    {
        var stops = new[] { scenario.Entry + Behind + 3, scenario.Entry, scenario.Entry + SystemCall };
        foreach (var rip in stops)
        {
            (await lab.Debugger.StepAsync()).Stop.Rip.ShouldBe(rip);
        }

        var inside = await lab.Debugger.StepAsync();
        inside.IsComplete.ShouldBeTrue();
        inside.Stop.Rip.ShouldBeGreaterThan(LabGuest.KernelHalf);
        (await lab.Debugger.StepAsync(holdOthers: true)).Stop.Rip.ShouldBeGreaterThan(LabGuest.KernelHalf);
    }

    private static async Task StepOverAsync(LabGuest lab, LabScenario scenario)
    {
        var result = await lab.Debugger.StepOverAsync(3);
        result.Stop.Rip.ShouldBe(scenario.Entry + SystemCall);

        // The breakpoint stands where the step would end, and stops first.
        result = await lab.Debugger.StepOverAsync();
        result.IsComplete.ShouldBeFalse();
        (result.Stop.Reason, result.Stop.Rip).ShouldBe((StopReason.Breakpoint, scenario.Entry + Behind));
    }

    // The debugger's own reads, and a disabled event: nothing of the page's second face is seen, and the counts stay exact.
    private static async Task TransitionsWhileThePageIsReadAsync(LabGuest lab, LabScenario scenario)
    {
        var debugger = lab.Debugger;
        var counted = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.UserRoot, EventAction.Count);
        await debugger.PauseAsync();
        var view = MemoryView.Root(scenario.Root);
        var added = await debugger.AddBreakpointAsync(new BreakpointDefinition(scenario.Entry, view));
        (await debugger.ReadMemoryAsync(scenario.Entry, 16, view)).ShouldBe(scenario.FirstBytes);
        await lab.ReleaseAsync(scenario);
        await debugger.ContinueAsync();
        var stop = await debugger.WaitForStopAsync(StopTime);
        (stop.BreakpointId, stop.Rip).ShouldBe((added.Id, scenario.Entry));
        await debugger.ClearBreakpointAsync(added.Id);
        await debugger.ContinueAsync();
        await lab.DoneAsync(scenario);
        var entry = await lab.EventAsync(counted);
        (entry.KernelReached, entry.UserReached).ShouldBe((Calls + 1, Calls + 1));
    }
}
