using System.IO;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Restart;

/// <summary>Suspend to RAM, which HvKernel does not offer to the guest, and power-off by ACPI, on a machine whose firmware has tables with both.</summary>
public sealed class PowerTests
{
    [Fact]
    public async Task Suspend_is_not_offered_and_power_off_works()
    {
        var text = await RunAsync("suspend", "states,suspend,off", hypervisor: true);
        text.ShouldContain("HvKernel: running");
        text.ShouldContain("states /sys/power/mem_sleep: [s2idle]\n");
        text.ShouldContain("suspend refused\n");
        text.ShouldContain("off now\n");
    }

    [Fact]
    [Trait("Run", "long")]
    public async Task The_bare_machine_offers_it()
    {
        var text = await RunAsync("suspend-bare", "states,off", hypervisor: false);
        text.ShouldNotContain("HvKernel: running");
        text.ShouldContain("states /sys/power/mem_sleep: s2idle [deep]\n");
    }

    // The tables must be there before HvKernel is, which changes what the firmware has.
    private static async Task<string> RunAsync(string name, string run, bool hypervisor)
    {
        var esp = Directory.CreateTempSubdirectory("hvk-power-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(esp, "EFI", "acpi"));
            Directory.CreateDirectory(Path.Combine(esp, "EFI", "hvkernel"));
            File.Copy(Repository.PathOf("out", "acpi.efi"), Path.Combine(esp, "EFI", "acpi", "acpi.efi"));
            File.Copy(Repository.PathOf("out", "hvkernel.efi"), Path.Combine(esp, "EFI", "hvkernel", "hvkernel.efi"));
            File.WriteAllText(
                Path.Combine(esp, "startup.nsh"), "@echo -off\r\nfs0:\r\n\\EFI\\acpi\\acpi.efi suspend next=\\EFI\\hvkernel\\hvkernel.efi\r\n");
            await using var guest = await BootedGuest.StartAsync(new BootOptions
            {
                Name = name,
                Hypervisor = hypervisor,
                DebugLine = false,
                Esp = esp,
                StartsItself = false,
                Append = $"console=ttyS0,115200 quiet hvk.run={run}",
            });
            (await guest.WaitForExitAsync()).ShouldBe(0, guest.Report());
            return guest.Console.Text;
        }
        finally
        {
            Directory.Delete(esp, recursive: true);
        }
    }
}
