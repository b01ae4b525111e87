using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>
/// One boot in one address-space mode that runs each kind of transition under each kind of event, and keeps what was seen; the tests then
/// judge. Where the boot itself breaks, each test says so.
/// </summary>
public abstract class LabCampaign(string mode, string? mask = null) : IAsyncLifetime
{
    /// <summary>Every kind of transition and how often; system calls are the cheapest.</summary>
    public static readonly IReadOnlyDictionary<string, int> Kinds = new Dictionary<string, int>
    {
        ["syscall"] = 300, ["int"] = 60, ["pagefault"] = 60, ["ud"] = 60, ["timer"] = 60, ["switch"] = 60,
    };

    private readonly Dictionary<string, LabObservation> _observations = [];
    private Exception? _problem;

    public string Mode => mode;

    /// <summary>Whether shadow roots catch transitions, because mode-based execute control is masked off or not there.</summary>
    public bool HasShadowRoots { get; private set; }

    /// <summary>LSTAR of the guest.</summary>
    public ulong SyscallEntry { get; private set; }

    public LabObservation this[string run]
    {
        get
        {
            if (_problem is not null)
            {
                throw _problem;
            }

            return _observations[run];
        }
    }

    public async Task InitializeAsync()
    {
        try
        {
            await LabGuest.RunAsync($"lab-{mode}{(mask is null ? "" : "-no-" + mask)}", Options(), RunAsync, mask: mask);
        }
        catch (Exception problem)
        {
            // Thrown again by each test: xunit shows the failure of a fixture without its message's lines.
            _problem = problem;
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    // Each kind five times under events, alternately waiting in the kernel's address space and in the process's own; then the single runs.
    private string Options()
    {
        var items = new List<string> { "wait=forever", $"{mode}:syscall=1" };
        foreach (var (kind, times) in Kinds)
        {
            items.AddRange(["hold=kernel", $"{kind}={times}", "hold=process", $"{kind}={times}", "hold=kernel", $"{kind}={times}"]);
            items.AddRange(["hold=process", $"{kind}={times}"]);
        }

        items.AddRange(["hold=kernel", "syscall=50", "syscall=50", "switch=50", "switch=50", "switch=50", "userspin", "syscall=1", "poweroff"]);
        return string.Join(',', items);
    }

    private async Task RunAsync(LabGuest lab)
    {
        await lab.GreetingAsync();
        HasShadowRoots = lab.Debugger.Target.Capabilities.HasFlag(TargetCapabilities.ShadowRoots);
        lab.Debugger.Target.Capabilities.HasFlag(TargetCapabilities.ModeBasedExecute).ShouldBe(!HasShadowRoots);
        if (mask is not null)
        {
            HasShadowRoots.ShouldBeTrue();
        }

        // By the time of the first scenario the guest's own tables and registers are current.
        var first = await lab.NextAsync("syscall");
        SyscallEntry = await lab.Debugger.ReadMsrAsync(0xC000_0082);
        await lab.RunToEndAsync(first);

        foreach (var kind in Kinds.Keys)
        {
            await ObserveAsync(lab, $"{kind} ku log", kind, scenario => [lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Log)]);
            await ObserveAsync(lab, $"{kind} u count", kind, scenario => [lab.AddAsync(ModeTrapDirection.User, scenario.UserRoot, EventAction.Count)]);
            await ObserveAsync(lab, $"{kind} k count", kind, scenario => [lab.AddAsync(ModeTrapDirection.Kernel, scenario.Root, EventAction.Count)]);
            await ObserveAsync(lab, $"{kind} u, k", kind, scenario =>
            [
                lab.AddAsync(ModeTrapDirection.User, scenario.Root, EventAction.Log),
                lab.AddAsync(ModeTrapDirection.Kernel, scenario.UserRoot, EventAction.Count),
            ]);
        }

        await ObserveAsync(lab, "disabled", "syscall", scenario => [lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Log)], disable: true);
        await ObserveAsync(lab, "core 0", "syscall", scenario => [lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Count, processor: 0)]);
        await ObserveAsync(lab, "no event", "switch", _ => []);
        await ObserveAsync(lab, "both processes", "switch", scenario =>
        [
            lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Count),
            lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.OtherRoot, EventAction.Count),
        ]);
        await ObserveAsync(lab, "after clearing", "switch", _ => []);
        await CatchAtOnceAsync(lab);

        // The machine waits with its end until everything has been asked.
        var last = await lab.NextAsync("syscall");
        try
        {
            await lab.ReleaseAsync(last);
        }
        catch (LinkLostException)
        {
            // The machine's end may overtake the answer.
        }

        (await lab.Guest.WaitForExitAsync()).ShouldBe(0);
    }

    private async Task ObserveAsync(
        LabGuest lab, string run, string kind, Func<LabScenario, IEnumerable<Task<AddedEvent>>> add, bool disable = false)
    {
        var scenario = await lab.NextAsync(kind);
        using var log = new TransitionLog(lab.Debugger);
        var added = new List<AddedEvent>();
        foreach (var adding in add(scenario))
        {
            added.Add(await adding);
            if (disable)
            {
                await lab.Debugger.DisableEventAsync(added[^1].Id);
            }
        }

        var before = await lab.Debugger.GetExitCountersAsync(0);
        var figures = await lab.RunToEndAsync(scenario);
        var after = await lab.Debugger.GetExitCountersAsync(0);
        var events = (await lab.Debugger.ListEventsAsync()).Where(entry => added.Any(one => one.Id == entry.Id)).ToList();
        await lab.Debugger.ClearAllEventsAsync();
        _observations[run] = new LabObservation
        {
            Scenario = scenario,
            Guest = figures,
            Events = events,
            Records = await log.ReadAsync(events.Aggregate(0UL, (sum, entry) => sum + Recorded(entry))),
            Violations = Difference(before, after, ExitReason.EptViolation),
            Faults = Difference(before, after, ExitReason.ExceptionOrNmi),
            ControlRegisterExits = Difference(before, after, ExitReason.ControlRegisterAccess),
        };
    }

    // The event is set while the process stands in ring 3.
    private async Task CatchAtOnceAsync(LabGuest lab)
    {
        var scenario = await lab.NextAsync("userspin");
        await lab.ReleaseAsync(scenario);
        StopEvent stop;
        do
        {
            // Another pause where the guest was still on its way from the flag into ring 3.
            stop = await lab.Debugger.PauseAsync();
            if (stop.Rip is >= LabGuest.UserText and < LabGuest.UserTextEnd)
            {
                break;
            }

            await lab.Debugger.ContinueAsync();
        }
        while (true);

        var added = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Count);
        await lab.Debugger.ContinueAsync();
        await lab.WriteAsync(scenario.Data);
        var figures = await lab.DoneAsync(scenario);
        _observations["set in ring 3"] = new LabObservation
        {
            Scenario = scenario, Guest = figures, Events = [await lab.EventAsync(added)], Violations = 0, Faults = 0, ControlRegisterExits = 0,
        };
        await lab.Debugger.ClearAllEventsAsync();
    }

    private static ulong Recorded(EventEntry entry) => entry.Action == EventAction.Log ? entry.UserReached + entry.KernelReached - entry.Dropped : 0;

    private static ulong Difference(ExitCounters before, ExitCounters after, ExitReason reason) => after.Counts[(int)reason] - before.Counts[(int)reason];
}
