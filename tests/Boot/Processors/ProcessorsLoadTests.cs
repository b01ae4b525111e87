using System;
using System.Globalization;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Boot.Tests.Linux;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Processors;

/// <summary>
/// Processors that go and come back, and a load on all of them, with the same kernel warnings as without HvKernel. <c>HVK_OFFLINE</c>: how often processors
/// go (3); <c>HVK_LOAD</c>: rounds of the load (1); <c>HVK_LOAD_SECONDS</c>: how long the load runs beside a watched process, by the emulator's clock (2).
/// </summary>
[Trait("Run", "long")]
public sealed class ProcessorsLoadTests(ITestOutputHelper output)
{
    private const int Processors = 2;

    // What the bare machine warns of it does so early: it need not run as long.
    private const int BareSeconds = 60;

    // A fortieth of the usual: two busy processors of Bochs make some six million steps a second, so this clock runs about as fast as ours.
    private const string SlowClock = "cpu: ips=5000000";

    [Fact]
    public async Task Offline_and_load_are_as_without_us()
    {
        var offline = Lengths.Of("HVK_OFFLINE", 3);
        var load = Lengths.Of("HVK_LOAD", 1);
        var seconds = Lengths.Of("HVK_LOAD_SECONDS", 2);
        var limit = ProcessorsLinux.Long + TimeSpan.FromSeconds(4 * seconds);

        var bare = await ProcessorsLinux.RunAsync(
            Options("processors-load-bare", "hvk.release=auto", $"offline:{offline},load:{load},team:{Math.Min(seconds, BareSeconds)},dmesg", limit, hypervisor: false));

        await using var guest = await BootedGuest.StartAsync(
            Options("processors-load", "", $"offline:{offline},load:{load},team:{seconds},dmesg,idle", limit, hypervisor: true) with { Attach = true });
        var team = await Scenario.ReadyAsync(guest, "team", ProcessorsLinux.Long);
        var both = await team.CountAsync(ModeTrapDirection.UserAndKernel);
        await team.ReleaseAsync();
        await guest.WaitForConsoleTextAsync("dmesg done", limit);
        var counted = await team.EventAsync(both);

        foreach (var text in new[] { bare, guest.Console.Text })
        {
            text.ShouldContain($"offline done n={offline} succeeded={offline} online={Processors}\n");

            // Five checks a round, three workers on two processors.
            text.ShouldContain($"load: OK {15 * load}\n");
            Figures(text);
        }

        var (checks, entries, took) = Figures(guest.Console.Text);
        took.ShouldBeGreaterThanOrEqualTo((ulong)seconds);
        counted.KernelReached.ShouldBeGreaterThanOrEqualTo(entries);

        // The process's first transition that is seen may be of either kind on each processor, and so may be its last.
        counted.UserReached.ShouldBeInRange(counted.KernelReached - Processors - 1, counted.KernelReached + Processors + 1);
        KernelWarnings.NewIn(guest.Console.Text, bare).ShouldBeEmpty();
        output.WriteLine($"figure: processors off- and online: {offline} of {offline}");
        output.WriteLine($"figure: {took} s of load: {checks} checks of it right, {counted.KernelReached} entries counted of at least {entries}; no new kernel warnings");
    }

    private static BootOptions Options(string name, string words, string run, TimeSpan limit, bool hypervisor) =>
        ProcessorsLinux.Options(name, Processors, words, run, hypervisor) with { BochsOptions = SlowClock, Limit = limit };

    // Both say OK, or there is no such line. The load beside the team is the second one.
    private static (ulong Checks, ulong Entries, ulong Seconds) Figures(string text)
    {
        var load = new Regex(@"^load: OK (\d+)\nteam: ", RegexOptions.Multiline).Match(text);
        var team = new Regex(@"^team: OK rounds=\d+ guarded=\d+ entries=(\d+) seconds=(\d+) status=0x0\n", RegexOptions.Multiline).Match(text);
        load.Success.ShouldBeTrue(text);
        team.Success.ShouldBeTrue(text);
        return (Number(load, 1), Number(team, 1), Number(team, 2));
    }

    private static ulong Number(Match match, int group) => ulong.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
}
