using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Linux;

/// <summary>A guest whose kernel has panicked can still be looked at.</summary>
public sealed class PanicTests
{
    [Fact]
    public async Task A_guest_that_panicked_is_stopped_and_read()
    {
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = "panic",
            Append = "console=ttyS0,115200 hvk.run=panic",
        });
        await guest.WaitForConsoleTextAsync("end Kernel panic");

        (await guest.Debugger.PauseAsync()).Reason.ShouldBe(StopReason.Pause);
        var stop = guest.Debugger.CurrentStop;
        stop.ShouldNotBeNull();
        (await guest.Debugger.Symbols.AtAsync(stop.Rip)).ShouldNotBeNull();
        (await guest.Debugger.ListProcessesAsync()).ShouldContain(process => process.Pid == 1);
        await guest.Debugger.ContinueAsync();
        (await guest.Debugger.PauseAsync()).Reason.ShouldBe(StopReason.Pause);
    }
}
