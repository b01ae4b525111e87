using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Linux;

/// <summary>A pid means the process: through exec, to its exit, and not the next one that gets the number.</summary>
[Collection(StockLinux.Collection)]
public sealed class ProcessLifeTests(StockLinux linux, ITestOutputHelper output) : LinuxTest(linux, output)
{
    private const int Calls = 2000;

    [Fact]
    public async Task Exec_keeps_the_process_watched()
    {
        using var notices = Debugger.Subscribe();
        var program = await Scenario.StartAsync(Shell, Guest, "exec", Calls);
        var both = await program.CountAsync(ModeTrapDirection.UserAndKernel);
        var before = (await program.ProcessAsync()).PageRoot;
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("exec done");

        // All calls but a handful are the new program's.
        var counted = await program.EventAsync(both);
        figures.ShouldBoundKernelEntries(counted.KernelReached);
        counted.UserReached.ShouldBeInRange(counted.KernelReached - 1, counted.KernelReached + 1);
        (await notices.NextNoticeAsync(both)).ShouldBe(EventNoticeKind.ExecFollowed);
        before.ShouldNotBe(0UL);

        // Linux gives the new program its name only after its address space is current.
        (await notices.NextNoticeAsync(both)).ShouldBe(EventNoticeKind.ProcessExited);
        (await program.EventAsync(both)).ProcessName.ShouldBe("counted");
    }

    [Fact]
    public async Task Exit_ends_the_event()
    {
        using var notices = Debugger.Subscribe();
        var program = await Scenario.StartAsync(Shell, Guest, "exit", Calls);
        var both = await program.CountAsync(ModeTrapDirection.UserAndKernel);
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("exit done");

        (await notices.NextNoticeAsync(both)).ShouldBe(EventNoticeKind.ProcessExited);
        var counted = await program.EventAsync(both);
        counted.State.ShouldBe(WatchState.ProcessExited);
        figures.ShouldBoundKernelEntries(counted.KernelReached);

        // The last entry into the kernel has no return.
        counted.UserReached.ShouldBeInRange(counted.KernelReached - 2, counted.KernelReached);
    }

    [Fact]
    public async Task A_pid_that_is_given_again_is_another_process()
    {
        var first = await Scenario.StartAsync(Shell, Guest, "pidreuse", Calls);
        var both = await first.CountAsync(ModeTrapDirection.UserAndKernel);
        await first.ReleaseAsync();
        await first.DoneAsync("pidreuse first");
        var second = await Scenario.ReadyAsync(Guest, "pidreuse second");
        second.Pid.ShouldBe(first.Pid);

        var counted = await first.EventAsync(both);
        counted.State.ShouldBe(WatchState.ProcessExited);
        await second.ReleaseAsync();
        await second.DoneAsync("pidreuse done");
        (await first.EventAsync(both)).KernelReached.ShouldBe(counted.KernelReached);
    }

    [Fact]
    public async Task After_the_last_event_loads_of_cr3_exit_no_more()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);
        var both = await program.CountAsync(ModeTrapDirection.UserAndKernel);
        await Debugger.ClearEventAsync(both);
        var before = (await Debugger.GetExitCountersAsync(0)).Counts[(int)ExitReason.ControlRegisterAccess];
        await program.ReleaseAsync();
        await program.DoneAsync("syscalls done");

        (await Debugger.GetExitCountersAsync(0)).Counts[(int)ExitReason.ControlRegisterAccess].ShouldBe(before);
        (await Debugger.ListEventsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_cannot_be_watched_is_refused_and_changes_nothing()
    {
        (await RefusalOf(ProcessKey.Pid(0x7FFF_FFF0))).Status.ShouldBe(ReplyStatus.NoSuchProcess);
        (await RefusalOf(ProcessKey.Pid(2))).Status.ShouldBe(ReplyStatus.KernelThread);
        (await RefusalOf(ProcessKey.Cr3(0xFEE0_0000))).Status.ShouldBe(ReplyStatus.BadPageRoot);
        (await Should.ThrowAsync<TargetException>(() => Debugger.AddModeEventAsync(
            ModeTrapDirection.User, ProcessKey.Pid(1), EventAction.Count, processor: 7))).Status.ShouldBe(ReplyStatus.NoSuchProcessor);
        (await Debugger.ListEventsAsync()).ShouldBeEmpty();

        var first = await Debugger.AddModeEventAsync(ModeTrapDirection.UserAndKernel, ProcessKey.Pid(1), EventAction.Count);
        var again = await RefusalOf(ProcessKey.Pid(1));
        again.Status.ShouldBe(ReplyStatus.DuplicateEvent);
        again.Detail.ShouldBe(first.Id);
        (await Debugger.ListEventsAsync()).Single().Id.ShouldBe(first.Id);
    }

    private Task<TargetException> RefusalOf(ProcessKey key) =>
        Should.ThrowAsync<TargetException>(() => Debugger.AddModeEventAsync(ModeTrapDirection.Kernel, key, EventAction.Count));
}
