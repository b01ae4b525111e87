using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>Messages without pause: none is lost unseen, and none keeps a break-in out. <c>HVK_FLOOD</c>: how many (500,000).</summary>
[Trait("Run", "long")]
public sealed class CodeFloodTests(ITestOutputHelper output)
{
    private static readonly int Calls = Lengths.Of("HVK_FLOOD", 500_000);

    // Each takes as long as some twenty thousand messages.
    private static readonly int BreakIns = Calls / 50_000;

    // Of a break-in, on a machine that has time.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    [Fact]
    public Task All_messages_of_a_flood_are_accounted_for_and_a_break_in_gets_through() => CodeHarness.RunAsync(
        "code-flood",
        $"wait=forever,plain:syscall={Calls},syscall=1,poweroff",
        async lab =>
        {
            await lab.GreetingAsync();
            var scenario = await lab.NextCodeAsync("syscall");
            var quiet = new List<TimeSpan>();
            for (var i = 0; i < BreakIns; i++)
            {
                quiet.Add(await BreakInAsync(lab));
            }

            using var arriving = lab.Debugger.Subscribe();
            var added = await lab.AddAsync(ModeTrapDirection.Kernel, scenario, ActionDefinition.Log);
            using var counted = new CancellationTokenSource();
            var counting = CountAsync(arriving, counted.Token);
            await lab.ReleaseAsync(scenario);
            var flooded = new List<TimeSpan>();
            for (var i = 0; i < BreakIns; i++)
            {
                // All over the flood, and the last one well before its end.
                var wanted = (ulong)i * (ulong)Calls / (ulong)BreakIns * 3 / 4;
                await CodeHarness.UntilAsync(async () => (await lab.EventAsync(added)).KernelReached >= wanted, $"{wanted} calls");
                flooded.Add(await BreakInAsync(lab));
            }

            (await lab.EventAsync(added)).KernelReached.ShouldBeLessThan((ulong)Calls, "the flood was over before the last break-in");
            await lab.DoneAsync(scenario, TimeSpan.FromMinutes(12));
            var entry = await lab.EventAsync(added);
            output.WriteLine($"triggered {entry.KernelReached}, sent {entry.Sent}, dropped {entry.Dropped}");
            output.WriteLine($"break-in, ms, quiet: {Text(quiet)}; flooded: {Text(flooded)}");
            entry.KernelReached.ShouldBe((ulong)Calls + 1);
            (entry.Sent + entry.Dropped).ShouldBe(entry.KernelReached);
            entry.Sent.ShouldBeGreaterThan(0UL);
            entry.Dropped.ShouldBeGreaterThan(0UL);

            // What was sent arrives, all of it.
            await CodeHarness.UntilAsync(() => Task.FromResult((ulong)Volatile.Read(ref _received) >= entry.Sent), $"{entry.Sent} records");
            await counted.CancelAsync();
            await counting;
            ((ulong)_received).ShouldBe(entry.Sent);
            arriving.Missed.ShouldBe(0L);
            var limit = Longest * BusyFactor();
            output.WriteLine($"limit of a break-in: {limit.TotalMilliseconds:0} ms");
            flooded.Max().ShouldBeLessThan(limit);
        },
        limit: TimeSpan.FromMinutes(20));

    // How many want each processor at the moment: a machine on which several do lets an emulator wait that much longer.
    private static double BusyFactor()
    {
        var load = double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
        return Math.Max(1, load / Environment.ProcessorCount);
    }

    private long _received;

    private async Task CountAsync(EventSubscription arriving, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                if (await arriving.Reader.ReadAsync(stop) is TransitionsEvent part)
                {
                    Interlocked.Add(ref _received, part.Transitions.Count);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Everything was read.
        }
    }

    private static async Task<TimeSpan> BreakInAsync(LabGuest lab)
    {
        var clock = Stopwatch.StartNew();
        (await lab.Debugger.PauseAsync()).Reason.ShouldBe(StopReason.Pause);
        clock.Stop();
        await lab.Debugger.ContinueAsync();
        return clock.Elapsed;
    }

    private static string Text(List<TimeSpan> times) =>
        $"median {times.Order().ElementAt(times.Count / 2).TotalMilliseconds:0}, longest {times.Max().TotalMilliseconds:0}";
}
