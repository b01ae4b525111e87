using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Machine;

/// <summary>Machines that HvKernel cannot virtualise: one clear sentence, and the machine boots all the same, or not, as configured.</summary>
public sealed class RefusalTests
{
    private const string Refused = "HvKernel: this machine cannot be virtualised by HvKernel; nothing was changed";

    [Fact]
    public async Task A_processor_without_vmx_boots_its_next_program()
    {
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = "refusal-continue",
            With = "qemu",
            DebugLine = false,
            Append = "console=ttyS0,115200 quiet hvk.run=poweroff",
        });

        await guest.WaitForConsoleTextAsync("HvKernel: missing: CPUID.01H:ECX.VMX[bit 5]");
        await guest.WaitForConsoleTextAsync(Refused);
        await guest.WaitForConsoleTextAsync("guest ready");
        (await guest.WaitForExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task On_refusal_stop_goes_back_to_the_firmware()
    {
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = "refusal-stop",
            With = "qemu",
            DebugLine = false,
            Configuration = "next = \\EFI\\linux\\vmlinuz.efi\non-refusal = stop\n",
        });

        await guest.WaitForConsoleTextAsync(Refused);
        await guest.WaitForConsoleTextAsync("HvKernel: on-refusal = stop: back to the firmware");
        guest.Console.Text.ShouldNotContain("next program");
    }

    [Fact]
    public async Task Firmware_that_locks_vmx_off_is_named()
    {
        var esp = Directory.CreateTempSubdirectory("hvk-lock-");
        try
        {
            using var build = Process.Start("sh", [Repository.PathOf("tests", "Guests", "LockVmx", "build.sh"), esp.FullName]);
            await build.WaitForExitAsync();
            build.ExitCode.ShouldBe(0);
            await using var guest = await BootedGuest.StartAsync(new BootOptions
            {
                Name = "refusal-locked",
                DebugLine = false,
                Esp = esp.FullName,
                StartsItself = false,
                Configuration = "next = \\EFI\\linux\\vmlinuz.efi\nargs = initrd=\\initrd.img console=ttyS0,115200 quiet hvk.run=poweroff\n",
            });

            await guest.WaitForConsoleTextAsync("HvKernel: missing: IA32_FEATURE_CONTROL: locked");
            await guest.WaitForConsoleTextAsync(Refused);
            await guest.WaitForConsoleTextAsync("guest ready");
        }
        finally
        {
            esp.Delete(recursive: true);
        }
    }
}
