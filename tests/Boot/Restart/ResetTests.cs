using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Boot.Tests.Linux;
using HvKernel.Boot.Tests.Processors;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Restart;

/// <summary>
/// Each way in which Linux resets a machine brings it back, with HvKernel on it again. <c>HVK_RESETS=all</c>: every way, and the bare machine too;
/// otherwise the last.
/// </summary>
[Trait("Run", "long")]
public sealed class ResetTests(ITestOutputHelper output)
{
    // ACPI's register and port 0xCF9, the keyboard controller, the firmware's service, a triple fault (where HvKernel resets the machine itself).
    private static readonly string[] All = ["acpi", "pci", "kbd", "efi", "triple"];
    private static readonly string[] Few = ["triple"];

    private static bool Everything => Environment.GetEnvironmentVariable("HVK_RESETS") == "all";

    [Fact]
    public async Task The_machine_comes_back_with_HvKernel_on_it()
    {
        var ways = Everything ? All : Few;
        await using var guest = await BootedGuest.StartAsync(Options("resets", ways, hypervisor: true));
        var text = await EndAsync(guest, ways);
        text.Split("HvKernel: running").Length.ShouldBe(2 + ways.Length, "one launch more than resets");
        text.Split("HvKernel: the boot before left ").Length.ShouldBe(1 + ways.Length, "each boot but the first finds the log of the one before");

        await guest.AttachAsync(BootedGuest.Patience);
        (await guest.Debugger.ReadLogAsync(LogBoot.Previous)).ShouldContain("guest took a triple fault");
        var program = await Scenario.ReadyAsync(guest, "syscalls");
        var both = await program.CountAsync(ModeTrapDirection.UserAndKernel);
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("syscalls done");
        figures.ShouldBoundKernelEntries((await program.EventAsync(both)).KernelReached);
        output.WriteLine($"figure: resets survived: {string.Join(", ", ways)}");
    }

    [Fact]
    public async Task The_bare_machine_comes_back_in_the_same_ways()
    {
        if (!Everything)
        {
            output.WriteLine("left out: takes a minute and shows the emulator alone; HVK_RESETS=all runs it");
            return;
        }

        await using var guest = await BootedGuest.StartAsync(Options("resets-bare", All, hypervisor: false));
        (await EndAsync(guest, All)).ShouldNotContain("HvKernel: running");
    }

    // Boots that are reset in their first minute look like failed ones, after which HvKernel would leave one out.
    private static BootOptions Options(string name, IEnumerable<string> ways, bool hypervisor) => new()
    {
        Name = name,
        Hypervisor = hypervisor,
        Attach = false,
        Acpi = true,
        BochsOptions = "cpu: reset_on_triple_fault=1",
        Limit = ProcessorsLinux.Long,
        Configuration = $"""
            next = \EFI\acpi\acpi.efi
            args = next=\EFI\linux\vmlinuz.efi initrd=\initrd.img console=ttyS0,115200 quiet hvk.run={string.Join(',', ways.Select(way => "reset:" + way))},syscalls:500,idle
            max-failed-boots = 0
            """,
    };

    private static async Task<string> EndAsync(BootedGuest guest, IEnumerable<string> ways)
    {
        foreach (var way in ways)
        {
            await guest.WaitForConsoleTextAsync($"reset {way} now");
            await guest.WaitForConsoleTextAsync($"reset {way}: the machine came back");
        }

        return guest.Console.Text;
    }
}
