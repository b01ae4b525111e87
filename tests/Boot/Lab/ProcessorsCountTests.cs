using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

using HvDbg.Client;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary><c>!mode</c> on a process whose threads run on all processors, pinned to them and moving between them: counts are exact, altogether and for each.</summary>
public sealed class ProcessorsCountTests
{
    private const int Times = 150;
    private const int Each = 7;
    private static readonly string[] Modes = ["plain", "two-root", "pcid"];
    private static readonly string[] Scenarios = ["pinned", "migrating"];

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public Task Counts_are_exact(int processors) => EachAsync("processors-counts", processors, async (lab, scenario, expected) =>
    {
        var tested = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Count);
        var other = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.OtherRoot, EventAction.Count);
        var (figures, made) = await RunAsync(lab, scenario, processors);
        var total = expected.Aggregate(0UL, (sum, count) => sum + count);
        figures.KernelEntries.ShouldBe(total);
        figures.UserEntries.ShouldBe(total);
        made.Select(processor => processor.KernelEntries).ShouldBe(expected);
        made.Select(processor => processor.UserEntries).ShouldBe(expected);
        made.ShouldAllBe(processor => processor.Nmis == 0);
        Counts(await lab.EventAsync(tested)).ShouldBe((total, total));
        figures.OtherUserEntries.ShouldBeGreaterThan(0UL);
        Counts(await lab.EventAsync(other)).ShouldBe((figures.OtherUserEntries, figures.OtherKernelEntries));
    });

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public Task Counts_of_one_processor_are_exact(int processors) => EachAsync("processors-cores", processors, async (lab, scenario, expected) =>
    {
        var last = processors - 1;
        var tested = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Count, processor: (uint)last);
        var other = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.OtherRoot, EventAction.Count, processor: 0);
        var (_, made) = await RunAsync(lab, scenario, processors);
        made[last].KernelEntries.ShouldBe(expected[last]);
        Counts(await lab.EventAsync(tested)).ShouldBe((expected[last], expected[last]));
        Counts(await lab.EventAsync(other)).ShouldBe((made[0].OtherUserEntries, made[0].OtherKernelEntries));
    });

    [Theory]
    [Trait("Run", "long")]
    [InlineData(2)]
    [InlineData(4)]
    public Task Records_alternate_on_each_processor(int processors) =>
        EachAsync("processors-records", processors, async (lab, scenario, expected) =>
        {
            using var log = new TransitionLog(lab.Debugger);
            var added = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Log);
            await RunAsync(lab, scenario, processors);
            var counted = await lab.EventAsync(added);
            counted.Dropped.ShouldBe(0UL);
            var records = await log.ReadAsync(counted.UserReached + counted.KernelReached);
            for (var i = 0; i < processors; i++)
            {
                var here = records.Where(record => record.Processor == i).ToList();
                ((ulong)here.Count).ShouldBe(2 * expected[i], $"processor {i}");
                for (var j = 0; j < here.Count; j++)
                {
                    here[j].Context.ShouldBe((byte)(j % 2 == 0 ? 3 : 0), $"processor {i}, record {j}");
                }
            }
        });

    private static (ulong User, ulong Kernel) Counts(EventEntry entry) => (entry.UserReached, entry.KernelReached);

    private static async Task<(LabFigures Figures, IReadOnlyList<ProcessorFigures> Processors)> RunAsync(LabGuest lab, LabScenario scenario, int processors)
    {
        await lab.ReleaseAsync(scenario);
        var made = await lab.ProcessorsAsync(processors);
        return (await lab.DoneAsync(scenario), made);
    }

    // A thread more than processors, so that some of them have more to do; the neighbour's threads move among them.
    private static Task EachAsync(
        string name, int processors, Func<LabGuest, LabScenario, IReadOnlyList<ulong>, Task> test)
    {
        var runs = Modes.SelectMany(mode => Scenarios, (mode, scenario) => (mode, scenario)).ToList();
        var items = string.Join(',', runs.Select(run => $"{run.mode}:{run.scenario}={Times}"));
        var settings = $"cpus={processors},threads={processors + 1},others=2,each={Each},does=syscall+int+pagefault+ud+timer";
        return LabGuest.RunAsync($"{name}-{processors}", $"{settings},wait=forever,{items},syscall=1,poweroff", async lab =>
        {
            await lab.GreetingAsync();
            foreach (var (mode, name) in runs)
            {
                var scenario = await lab.NextAsync(name);
                scenario.Mode.ShouldBe(mode);
                await test(lab, scenario, ProcessorFigures.Expected(processors, processors + 1, Times, Each, name == "migrating"));
                await lab.Debugger.ClearAllEventsAsync();
            }
        }, processors);
    }
}
