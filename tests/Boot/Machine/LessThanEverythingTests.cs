using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Machine;

/// <summary>Machines that lack something, and configurations that are wrong in places: what is missing is said, the rest works.</summary>
public sealed class LessThanEverythingTests
{
    private const ulong SomePageRoot = 0x10_0000;

    [Fact]
    public async Task Without_mbec_shadow_roots_catch_transitions()
    {
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = "no-mbec",
            Cpu = "corei7_haswell_4770",
            Configuration = """
                wait-for-debugger = yes
                next = \EFI\linux\vmlinuz.efi
                args = initrd=\initrd.img console=ttyS0,115200 quiet hvk.run=idle
                """,
        });
        guest.Console.Text.ShouldContain("HvKernel: missing: \"mode-based execute control for EPT\" (!mode uses shadow page roots instead)");
        (await guest.Debugger.WaitForStopAsync(BootedGuest.Patience)).Reason.ShouldBe(StopReason.WaitForDebugger);

        guest.Debugger.Target.Capabilities.HasFlag(TargetCapabilities.ShadowRoots).ShouldBeTrue();
        await guest.Debugger.PreactivateModeAsync();
        (await guest.Debugger.ListEventsAsync()).ShouldBeEmpty();
        await guest.Debugger.ContinueAsync();
        await guest.WaitForConsoleTextAsync("guest ready");
        (await guest.Debugger.GetGuestOsAsync()).Banner.ShouldStartWith("Linux version ");
    }

    [Fact]
    public async Task Waiting_for_the_debugger_there_is_no_os_yet_and_go_on_boots_it()
    {
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = "wait-for-debugger",
            Configuration = """
                wait-for-debugger = yes
                next = \EFI\linux\vmlinuz.efi
                args = initrd=\initrd.img console=ttyS0,115200 quiet hvk.run=idle
                """,
        });
        (await guest.Debugger.WaitForStopAsync(BootedGuest.Patience)).Reason.ShouldBe(StopReason.WaitForDebugger);

        var unknown = await Should.ThrowAsync<TargetException>(() => guest.Debugger.AddModeEventAsync(
            ModeTrapDirection.Kernel, new ProcessKey(ProcessKeyKind.Pid, 1), EventAction.Count));

        unknown.Status.ShouldBe(ReplyStatus.GuestOsUnknown);
        (await guest.Debugger.ListEventsAsync()).ShouldBeEmpty();
        guest.Console.Text.ShouldNotContain("guest ready");
        await guest.Debugger.ContinueAsync();
        await guest.WaitForConsoleTextAsync("guest ready");
    }

    [Fact]
    public async Task Without_a_uart_and_with_a_damaged_configuration_the_guest_boots()
    {
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = "no-uart",
            DebugLine = false,
            BochsOptions = "com2: enabled=0",
            Configuration = """
                next = \EFI\linux\vmlinuz.efi
                args = initrd=\initrd.img console=ttyS0,115200 quiet hvk.run=poweroff
                colour = green
                baud = 31337
                wait-for-debugger = perhaps
                this line says nothing
                """,
        });

        await guest.WaitForConsoleTextAsync("debug port 0x2f8: no UART answers there, so no console can attach; 115200 baud");
        await guest.WaitForConsoleTextAsync("hvkernel.cfg line 3: unknown key");
        await guest.WaitForConsoleTextAsync("hvkernel.cfg line 4: baud: expected a rate that divides 115200");
        await guest.WaitForConsoleTextAsync("hvkernel.cfg line 5: expected yes or no");
        await guest.WaitForConsoleTextAsync("hvkernel.cfg line 6: expected \"key = value\"");
        await guest.WaitForConsoleTextAsync("HvKernel: running");
        (await guest.WaitForExitAsync()).ShouldBe(0);
    }
}
