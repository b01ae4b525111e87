using System.Globalization;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Boot.Tests.Linux;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Processors;

/// <summary>
/// Transitions of a process with a thread on each of two processors: no system call may be missing, and nothing be there that the guest
/// does not know of.
/// </summary>
public sealed class ProcessorsModeTests
{
    private const int Processors = 2;
    private const int Calls = 4000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_process_on_two_processors_is_counted_whole(bool isolation)
    {
        var options = ProcessorsLinux.Options(isolation ? "processors-mode" : "processors-mode-nopti", Processors, isolation ? "" : "pti=off", run: null);
        await using var guest = await BootedGuest.StartAsync(options with { Attach = true });
        var shell = new GuestShell(guest);
        await shell.ReadyAsync();
        await PinnedAsync(guest, shell);
        await MigratingAsync(guest, shell);
    }

    // An event for each processor: one more for both would watch the same transitions, which is refused.
    private static async Task PinnedAsync(BootedGuest guest, GuestShell shell)
    {
        var program = await Scenario.StartAsync(shell, guest, "pinned", Calls);
        await guest.Debugger.PauseAsync();
        var each = new uint[Processors];
        for (var i = 0u; i < Processors; i++)
        {
            each[i] = (await guest.Debugger.AddModeEventAsync(
                ModeTrapDirection.UserAndKernel, ProcessKey.Pid(program.Pid), EventAction.Count, i)).Id;
        }

        await guest.Debugger.ContinueAsync();
        await program.ReleaseAsync();
        var interrupts = new ulong[Processors];
        for (var i = 0; i < Processors; i++)
        {
            var line = await guest.WaitForConsoleTextAsync(new Regex($@"pinned processor={i} syscalls={Calls} interrupts=(\d+)\n"), ProcessorsLinux.Long);
            interrupts[i] = ulong.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture);
        }

        var figures = await program.DoneAsync("pinned done");
        figures.SystemCalls.ShouldBe((ulong)(Processors * Calls));
        ulong sum = 0;
        for (var i = 0; i < Processors; i++)
        {
            var counted = await program.EventAsync(each[i]);
            counted.KernelReached.ShouldBeInRange((ulong)Calls, Calls + interrupts[i] + figures.Faults);
            counted.UserReached.ShouldBeInRange(counted.KernelReached - 1, counted.KernelReached + 1);
            sum += counted.KernelReached;
        }

        figures.ShouldBoundKernelEntries(sum);
        await guest.Debugger.ClearAllEventsAsync();
        await shell.InterruptAsync();
    }

    private static async Task MigratingAsync(BootedGuest guest, GuestShell shell)
    {
        var program = await Scenario.StartAsync(shell, guest, "migrating", Calls);
        var both = await program.CountAsync(ModeTrapDirection.UserAndKernel);
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("migrating done");
        figures.SystemCalls.ShouldBe((ulong)(Processors * Calls));
        var counted = await program.EventAsync(both);
        figures.ShouldBoundKernelEntries(counted.KernelReached);
        counted.UserReached.ShouldBeInRange(counted.KernelReached - Processors, counted.KernelReached + Processors);
    }
}
