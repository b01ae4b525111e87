using System;
using System.Threading.Tasks;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>Events that stop the guest, in each address-space mode: where it stands, and that it goes on as if nothing had been.</summary>
public sealed class LabBreakTests
{
    private const ulong RootBits = 0x000F_FFFF_FFFF_F000;
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(1);

    [Fact]
    public Task The_first_instruction_of_user_mode_is_where_the_guest_says() => EachMode("lab-break-first", "syscall=500", async (lab, mode) =>
    {
        var scenario = await lab.NextAsync("syscall");
        scenario.Mode.ShouldBe(mode);
        var breaking = await lab.AddAsync(ModeTrapDirection.User, scenario.Root, EventAction.Break);
        await lab.ReleaseAsync(scenario);
        var stop = await lab.Debugger.WaitForStopAsync(LongestRun);
        stop.Reason.ShouldBe(StopReason.Event);
        stop.EventId.ShouldBe(breaking.Id);
        stop.Context.ShouldBe((byte)3);
        stop.Rip.ShouldBe(scenario.Entry);
        (stop.Cr3 & RootBits).ShouldBe(scenario.UserRoot);
        stop.Instruction.ShouldBe(scenario.FirstBytes[..stop.Instruction.Length]);

        var registers = await lab.Debugger.ReadRegistersAsync();
        registers.Rip.ShouldBe(scenario.Entry);
        (registers.Cs & 3).ShouldBe(3);
        (registers.Ss & 3).ShouldBe(3);
        registers.General.Rdi.ShouldBe(scenario.Times);
        registers.General.Rsp.ShouldBe(0x80_0000UL);
        (await lab.Debugger.ReadMemoryAsync(stop.Rip, scenario.FirstBytes.Length)).ShouldBe(scenario.FirstBytes);

        // From here on another event counts; the first return was before it.
        await lab.Debugger.ClearEventAsync(breaking.Id);
        var counting = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.UserRoot, EventAction.Count);
        await lab.Debugger.ContinueAsync();
        var figures = await lab.DoneAsync(scenario);
        figures.ShouldBe(new LabFigures(scenario.Expected, scenario.Expected, 0, 0));
        var counted = await lab.EventAsync(counting);
        counted.UserReached.ShouldBe(scenario.Expected - 1);
        counted.KernelReached.ShouldBe(scenario.Expected);
        await lab.Debugger.ClearAllEventsAsync();
    });

    [Fact]
    public Task Every_transition_stops_the_guest_once() => EachMode("lab-break-each", "int=3", async (lab, _) =>
    {
        var scenario = await lab.NextAsync("int");
        var breaking = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Break);
        await lab.ReleaseAsync(scenario);
        for (var i = 0UL; i < 2 * scenario.Expected; i++)
        {
            var stop = await lab.Debugger.WaitForStopAsync(LongestRun);
            stop.Context.ShouldBe((byte)(i % 2 == 0 ? 3 : 0), $"stop {i}");
            (stop.Rip >= LabGuest.KernelHalf).ShouldBe(stop.Context == 0);

            // The kernel is reached before it has loaded its own root.
            (stop.Cr3 & RootBits).ShouldBe(scenario.UserRoot);
            ((await lab.Debugger.ReadRegistersAsync()).Cs & 3).ShouldBe(stop.Context == 3 ? 3 : 0);
            await lab.Debugger.ContinueAsync();
        }

        var figures = await lab.DoneAsync(scenario);
        var counted = await lab.EventAsync(breaking);
        counted.UserReached.ShouldBe(figures.UserEntries);
        counted.KernelReached.ShouldBe(figures.KernelEntries);
        figures.KernelEntries.ShouldBe(scenario.Expected);
        await lab.Debugger.ClearAllEventsAsync();
    });

    private static Task EachMode(string name, string scenario, Func<LabGuest, string, Task> test)
    {
        var modes = new[] { "plain", "two-root", "pcid" };
        var items = string.Join(',', Array.ConvertAll(modes, mode => $"{mode}:{scenario}"));
        return LabGuest.RunAsync(name, $"wait=forever,{items},syscall=1,poweroff", async lab =>
        {
            await lab.GreetingAsync();
            foreach (var mode in modes)
            {
                await test(lab, mode);
            }
        });
    }
}
