using System;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Linux;

/// <summary>
/// Every system call of a program is one entry into the kernel and one return; the guest bounds what else there may be by its own counts.
/// </summary>
public abstract class TransitionCountTests(StockLinux linux, ITestOutputHelper output) : LinuxTest(linux, output)
{
    private const int Calls = 10_000;

    protected abstract bool Isolation { get; }

    [Fact]
    public async Task Isolation_is_as_the_kernel_says()
    {
        var os = await Debugger.GetGuestOsAsync();
        os.Name.ShouldBe("Linux");
        os.PageTableIsolation.ShouldBe(Isolation);
        var meltdown = await Shell.RunAsync("cat /sys/devices/system/cpu/vulnerabilities/meltdown");
        meltdown.Trim().ShouldBe(Isolation ? "Mitigation: PTI" : "Vulnerable");
        os.Banner.ShouldContain((await Shell.RunAsync("uname -r")).Trim());
    }

    [Fact]
    public async Task Kernel_and_user_are_reached_once_a_system_call()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);

        // No transition between the two settings.
        await Debugger.PauseAsync();
        var kernel = await program.CountAsync(ModeTrapDirection.Kernel);
        var user = await program.CountAsync(ModeTrapDirection.User);
        await Debugger.ContinueAsync();
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("syscalls done");

        var kernelEvent = await program.EventAsync(kernel);
        var userEvent = await program.EventAsync(user);
        figures.SystemCalls.ShouldBe((ulong)Calls);
        figures.ShouldBoundKernelEntries(kernelEvent.KernelReached);
        userEvent.UserReached.ShouldBeInRange(kernelEvent.KernelReached - 1, kernelEvent.KernelReached + 1);
        kernelEvent.UserReached.ShouldBe(0ul);
        userEvent.KernelReached.ShouldBe(0ul);
    }

    [Fact]
    public async Task One_event_counts_both_directions()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);
        var both = await program.CountAsync(ModeTrapDirection.UserAndKernel);
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("syscalls done");

        var counted = await program.EventAsync(both);
        figures.ShouldBoundKernelEntries(counted.KernelReached);
        counted.UserReached.ShouldBeInRange(counted.KernelReached - 1, counted.KernelReached + 1);
    }

    [Fact]
    public async Task Another_process_that_calls_the_kernel_all_the_time_adds_nothing()
    {
        await using var busy = await BusyProgram.StartAsync(Shell);
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);
        var both = await program.CountAsync(ModeTrapDirection.UserAndKernel);
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("syscalls done");

        var counted = await program.EventAsync(both);
        figures.ShouldBoundKernelEntries(counted.KernelReached);
        counted.UserReached.ShouldBeInRange(counted.KernelReached - 1, counted.KernelReached + 1);

        // What the other one did meanwhile would have shown: it makes more calls than the bound has room for.
        await Shell.InterruptAsync();
        var other = (await Debugger.AddModeEventAsync(ModeTrapDirection.Kernel, ProcessKey.Pid(busy.Pid), EventAction.Count)).Id;
        var room = figures.Interrupts + figures.Faults;
        using var limit = new System.Threading.CancellationTokenSource(TimeSpan.FromMinutes(2));
        while ((await Debugger.ListEventsAsync(limit.Token)).Single(item => item.Id == other).KernelReached <= room)
        {
            await Task.Delay(100, limit.Token);
        }
    }

    [Fact]
    public async Task Two_processes_are_counted_apart()
    {
        await using var busy = await BusyProgram.StartAsync(Shell);
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);
        var watched = await program.CountAsync(ModeTrapDirection.Kernel);
        var other = (await Debugger.AddModeEventAsync(ModeTrapDirection.Kernel, ProcessKey.Pid(busy.Pid), EventAction.Count)).Id;
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("syscalls done");

        figures.ShouldBoundKernelEntries((await program.EventAsync(watched)).KernelReached);
        (await program.EventAsync(other)).KernelReached.ShouldBeGreaterThan(figures.Interrupts + figures.Faults);
    }

    [Fact]
    public async Task Logged_transitions_alternate_and_come_in_order()
    {
        const int Few = 200;
        using var arriving = Debugger.Subscribe();
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Few);
        await Debugger.AddModeEventAsync(ModeTrapDirection.UserAndKernel, ProcessKey.Pid(program.Pid), EventAction.Log);
        await program.ReleaseAsync();
        await program.DoneAsync("syscalls done");
        var counted = (await Debugger.ListEventsAsync()).Single();
        counted.Dropped.ShouldBe(0ul);

        var transitions = new System.Collections.Generic.List<Transition>();
        using var limit = new System.Threading.CancellationTokenSource(TimeSpan.FromMinutes(2));
        while ((ulong)transitions.Count < counted.UserReached + counted.KernelReached)
        {
            if (await arriving.Reader.ReadAsync(limit.Token) is TransitionsEvent some)
            {
                transitions.AddRange(some.Transitions);
            }
        }

        for (var i = 1; i < transitions.Count; i++)
        {
            transitions[i].Context.ShouldBe(transitions[i - 1].Context == 0 ? (byte)3 : (byte)0);
            transitions[i].Tick.ShouldBeGreaterThan(transitions[i - 1].Tick);
        }

        // Each call is made by the same instruction, so the return from it leads to the one behind it.
        var returns = transitions.Where(item => item.ReachedUser).GroupBy(item => item.Rip).MaxBy(group => group.Count())!;
        returns.Count().ShouldBeGreaterThanOrEqualTo(Few);
        transitions.ShouldAllBe(item => item.ReachedUser ? item.Rip < 0x8000_0000_0000 : item.Rip >= 0xFFFF_8000_0000_0000);
    }
}

[Collection(StockLinux.Collection)]
public sealed class TransitionCountWithIsolationTests(StockLinux linux, ITestOutputHelper output) : TransitionCountTests(linux, output)
{
    protected override bool Isolation => true;
}

[Collection(StockLinuxWithoutIsolation.Collection)]
public sealed class TransitionCountWithoutIsolationTests(StockLinuxWithoutIsolation linux, ITestOutputHelper output)
    : TransitionCountTests(linux, output)
{
    protected override bool Isolation => false;
}
