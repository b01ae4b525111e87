using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Boot.Tests.Linux;
using HvKernel.Boot.Tests.Processors;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Restart;

/// <summary>A second kernel that the first one starts by kexec comes up under HvKernel, on all processors, and is debugged like the first.</summary>
[Trait("Run", "long")]
public sealed class KexecTests
{
    private const int Processors = 2;
    private const int Calls = 1000;

    [Fact]
    public async Task A_second_kernel_comes_up_and_is_followed()
    {
        var esp = Directory.CreateTempSubdirectory("hvk-kexec-").FullName;
        try
        {
            using var make = Process.Start("sh", [Repository.PathOf("tests", "Guests", "Linux", "kexec.sh"), esp]);
            await make.WaitForExitAsync();
            make.ExitCode.ShouldBe(0);
            await using var guest = await BootedGuest.StartAsync(
                ProcessorsLinux.Options("kexec", Processors, @"initrd=\kexec.img", run: null) with { Attach = true, Esp = esp });
            var shell = new GuestShell(guest);
            await shell.ReadyAsync();

            // The first kernel is known and one of its processes watched when it goes.
            (await guest.Debugger.ListProcessesAsync()).ShouldContain(process => process.Pid == 1);
            var old = await guest.Debugger.AddModeEventAsync(ModeTrapDirection.UserAndKernel, ProcessKey.Pid(1), EventAction.Count);
            await shell.StartAsync("hvk kexec");
            await guest.WaitForConsoleTextAsync("kexec now", ProcessorsLinux.Long);
            await shell.ReadyAsync();
            (await shell.RunAsync("cat /proc/cmdline")).ShouldContain("hvk.boot=2");
            (await shell.RunAsync("nproc")).Trim().ShouldBe("2");
            await guest.Debugger.ClearEventAsync(old.Id);

            var program = await Scenario.StartAsync(shell, guest, "pinned", Calls);
            var both = await program.CountAsync(ModeTrapDirection.UserAndKernel);
            await program.ReleaseAsync();
            var figures = await program.DoneAsync("pinned done");
            figures.SystemCalls.ShouldBe((ulong)(Processors * Calls));
            figures.ShouldBoundKernelEntries((await program.EventAsync(both)).KernelReached);
        }
        finally
        {
            Directory.Delete(esp, recursive: true);
        }
    }
}
