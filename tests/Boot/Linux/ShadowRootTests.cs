using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Linux;

/// <summary>Stock Debian on a processor whose mode-based execute control is masked off.</summary>
public sealed class StockLinuxWithShadowRoots : StockLinux
{
    public new const string Collection = "stock Linux, shadow roots";

    protected override BootOptions Options => new()
    {
        Name = "linux-no-mbec", Interactive = true, Append = "console=ttyS0,115200 quiet", Mask = "mbec",
    };
}

/// <summary>The same without kernel page-table isolation.</summary>
public sealed class StockLinuxWithShadowRootsWithoutIsolation : StockLinux
{
    public new const string Collection = "stock Linux, shadow roots, pti=off";

    protected override BootOptions Options => new()
    {
        Name = "linux-no-mbec-pti-off", Interactive = true, Append = "console=ttyS0,115200 quiet pti=off", Mask = "mbec",
    };
}

[CollectionDefinition(StockLinuxWithShadowRoots.Collection)]
public sealed class StockLinuxWithShadowRootsCollection : ICollectionFixture<StockLinuxWithShadowRoots>;

[CollectionDefinition(StockLinuxWithShadowRootsWithoutIsolation.Collection)]
public sealed class StockLinuxWithShadowRootsWithoutIsolationCollection : ICollectionFixture<StockLinuxWithShadowRootsWithoutIsolation>;

/// <summary>Transitions of a Linux process where shadow roots catch them: counts, exec and exit, and what the guest sees of it.</summary>
public abstract class ShadowRootTests(StockLinux linux, ITestOutputHelper output) : LinuxTest(linux, output)
{
    private const int Calls = 10_000;
    private const int Few = 2000;

    protected abstract bool Isolation { get; }

    [Fact]
    public async Task Kernel_and_user_are_reached_once_a_system_call()
    {
        Debugger.Target.Capabilities.HasFlag(TargetCapabilities.ShadowRoots).ShouldBeTrue();
        (await Debugger.GetGuestOsAsync()).PageTableIsolation.ShouldBe(Isolation);
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);
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
        (kernelEvent.UserReached, userEvent.KernelReached).ShouldBe((0ul, 0ul));
    }

    [Fact]
    public async Task A_process_that_calls_exec_and_ends_is_followed_to_its_new_roots_and_let_go()
    {
        using var notices = Debugger.Subscribe();
        var program = await Scenario.StartAsync(Shell, Guest, "exec", Few);
        var both = await program.CountAsync(ModeTrapDirection.UserAndKernel);
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("exec done");

        var counted = await program.EventAsync(both);
        figures.ShouldBoundKernelEntries(counted.KernelReached);
        counted.UserReached.ShouldBeInRange(counted.KernelReached - 1, counted.KernelReached + 1);
        (await notices.NextNoticeAsync(both)).ShouldBe(EventNoticeKind.ExecFollowed);
        (await notices.NextNoticeAsync(both)).ShouldBe(EventNoticeKind.ProcessExited);

        // Nothing is shadowed any more, so nothing violates, whatever becomes of the pages that were roots.
        var before = (await Debugger.GetExitCountersAsync(0)).Counts[(int)ExitReason.EptViolation];
        await Shell.RunAsync("dd if=/dev/zero of=/tmp/filled bs=1M count=64; rm /tmp/filled");
        (await Debugger.GetExitCountersAsync(0)).Counts[(int)ExitReason.EptViolation].ShouldBe(before);
    }

    [Fact]
    public async Task The_debugger_shows_the_guests_own_root_and_not_its_shadow()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);
        await program.CountAsync(ModeTrapDirection.UserAndKernel);
        var broken = (await Debugger.AddModeEventAsync(ModeTrapDirection.User, ProcessKey.Pid(program.Pid), EventAction.Break)).Id;
        await program.ReleaseAsync();
        var stop = await Debugger.WaitForStopAsync(BootedGuest.Patience);
        stop.EventId.ShouldBe(broken);
        var registers = await Debugger.ReadRegistersAsync();
        registers.Cr3.ShouldBe(stop.Cr3);

        // At the edge of user mode the user half's root is current where there are two.
        (stop.Cr3 & 0x000F_FFFF_FFFF_F000).ShouldBe((await program.ProcessAsync()).PageRoot | (Isolation ? 0x1000UL : 0));
        await Debugger.ClearEventAsync(broken);
        await Debugger.ContinueAsync();
        var figures = await program.DoneAsync("syscalls done");
        figures.SystemCalls.ShouldBe((ulong)Calls);
        (await Shell.RunAsync("dmesg | grep -c -e BUG -e 'bad p' -e Oops")).Trim().ShouldBe("0");
    }
}

[Collection(StockLinuxWithShadowRoots.Collection)]
public sealed class ShadowRootWithIsolationTests(StockLinuxWithShadowRoots linux, ITestOutputHelper output) : ShadowRootTests(linux, output)
{
    protected override bool Isolation => true;
}

[Collection(StockLinuxWithShadowRootsWithoutIsolation.Collection)]
public sealed class ShadowRootWithoutIsolationTests(StockLinuxWithShadowRootsWithoutIsolation linux, ITestOutputHelper output)
    : ShadowRootTests(linux, output)
{
    protected override bool Isolation => false;
}
