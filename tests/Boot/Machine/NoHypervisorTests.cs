using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Machine;

public sealed class NoHypervisorTests
{
    [Fact]
    public async Task The_same_disk_boots_without_us()
    {
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = "no-hypervisor",
            Hypervisor = false,
            DebugLine = false,
            Append = "console=ttyS0,115200 quiet hvk.run=poweroff",
        });
        await guest.WaitForConsoleTextAsync("guest ready");
        (await guest.WaitForExitAsync()).ShouldBe(0);
    }
}
