using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>NMIs, interrupts between processors, and processors that are stopped and started: as without a hypervisor, and counted exactly.</summary>
public sealed class ProcessorsEventTests
{
    private const ulong Times = 12;
    private static readonly string[] Modes = ["plain", "two-root", "pcid"];

    [Theory]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [InlineData(4, false)]
    [InlineData(4, true)]
    public Task Every_NMI_arrives_once(int processors, bool breaksIn) => EachModeAsync(
        "processors-nmi", "nmi", processors, breaksIn, (figures, _) =>
        {
            // In ring 3, in the kernel, in HLT, and two of four in a handler.
            figures.ShouldAllBe(processor => processor.Nmis == 5 * Times && processor.UserNmis == Times && processor.KernelEntries == Times + 1);
        });

    [Theory]
    [InlineData(2, false)]
    [InlineData(4, false)]
    [InlineData(4, true)]
    public Task Every_interrupt_between_processors_arrives_once(int processors, bool breaksIn) => EachModeAsync(
        "processors-ipi", "ipi", processors, breaksIn, (figures, _) =>
        {
            figures.ShouldAllBe(processor => processor.Taken == 2 * Times && processor.TakenOfAll == Times && processor.Nmis == 0);
        });

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public Task Processors_are_stopped_and_started_again(int processors) => EachModeAsync(
        "processors-offline", "offline", processors, breaksIn: false, (figures, done) =>
        {
            done.Number("starts").ShouldBe((3 * (ulong)(processors - 1)) + 9);
            done.Number("lost").ShouldBe(3UL);
            done.Number("kernel_entries").ShouldBe(11 * done.Number("runs"));
            done.Number("user_entries").ShouldBe(done.Number("kernel_entries") + 3);
            figures.ShouldAllBe(processor => processor.Nmis == 0);
        });

    // The judge gets the figures of all processors but the first, to which nothing is sent.
    private static Task EachModeAsync(
        string name, string kind, int processors, bool breaksIn, Action<ProcessorFigures[], LabLine> judge)
    {
        var items = string.Join(',', Modes.Select(mode => $"{mode}:{kind}={Times}"));
        var folder = $"{name}-{processors}{(breaksIn ? "-breaks" : "")}";
        return LabGuest.RunAsync(folder, $"cpus={processors},wait=forever,{items},syscall=1,poweroff", async lab =>
        {
            await lab.GreetingAsync();
            foreach (var mode in Modes)
            {
                var scenario = await lab.NextAsync(kind);
                scenario.Mode.ShouldBe(mode);
                var all = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Count);
                await lab.ReleaseAsync(scenario);
                using var done = new CancellationTokenSource();
                var breaking = breaksIn ? BreakInAsync(lab, done.Token) : Task.FromResult(1);
                var figures = await lab.ProcessorsAsync(processors);
                var line = await lab.LineAsync($"LAB done scenario={kind}");
                await done.CancelAsync();
                (await breaking).ShouldBeGreaterThan(0);
                judge([.. figures.Skip(1)], line);
                var made = LabFigures.Of(line);
                var counted = await lab.EventAsync(all);
                counted.UserReached.ShouldBe(made.UserEntries, mode);
                counted.KernelReached.ShouldBe(made.KernelEntries, mode);
                await lab.Debugger.ClearAllEventsAsync();
            }
        }, processors);
    }

    private static async Task<int> BreakInAsync(LabGuest lab, CancellationToken done)
    {
        var breaks = 0;
        while (!done.IsCancellationRequested)
        {
            (await lab.Debugger.PauseAsync()).Reason.ShouldBe(StopReason.Pause);
            await lab.Debugger.ContinueAsync();
            breaks++;
        }

        return breaks;
    }
}
