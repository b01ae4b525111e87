using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Machine;

/// <summary>The stock kernel of another Debian release, through <c>--kernel</c>: found and followed without any configuration too.</summary>
public sealed partial class OtherKernelTests
{
    private const ulong Calls = 1000;

    [Fact]
    public async Task Trixie_boots_and_its_processes_transitions_are_counted()
    {
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = "trixie",
            Kernel = await KernelAsync("trixie"),
            Append = $"console=ttyS0,115200 quiet hvk.run=syscalls:{Calls},idle",
        });
        var ready = await guest.WaitForConsoleTextAsync(ReadyLine());
        var pid = uint.Parse(ready.Groups["pid"].Value, CultureInfo.InvariantCulture);

        await guest.Debugger.PauseAsync();
        (await guest.Debugger.GetGuestOsAsync()).Banner.ShouldStartWith("Linux version 6.12.");
        var process = (await guest.Debugger.ListProcessesAsync()).Single(listed => listed.Pid == pid);
        var added = await guest.Debugger.AddModeEventAsync(ModeTrapDirection.UserAndKernel, new ProcessKey(ProcessKeyKind.Pid, pid), EventAction.Count);
        await guest.Debugger.WriteMemoryAsync(
            ulong.Parse(ready.Groups["flag"].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            new byte[] { 1 },
            new MemoryView(AddressSpace.PageRoot, process.PageRoot));
        await guest.Debugger.ContinueAsync();
        var done = await guest.WaitForConsoleTextAsync(DoneLine());

        var counted = (await guest.Debugger.ListEventsAsync()).Single(listed => listed.Id == added.Id);
        var most = Number(done, "syscalls") + Number(done, "interrupts") + Number(done, "faults");
        counted.KernelReached.ShouldBeInRange(Calls, most);
        counted.UserReached.ShouldBeInRange(counted.KernelReached - 1, counted.KernelReached + 1);
    }

    private static ulong Number(Match line, string name) => ulong.Parse(line.Groups[name].Value, CultureInfo.InvariantCulture);

    private static async Task<string> KernelAsync(string suite)
    {
        var start = new ProcessStartInfo("sh", [Repository.PathOf("qemu", "get-kernel.sh"), suite]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var path = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0);
        return path.Trim();
    }

    [GeneratedRegex(@"syscalls pid=(?<pid>\d+) n=\d+ flag=0x(?<flag>[0-9a-f]+) ready")]
    private static partial Regex ReadyLine();

    [GeneratedRegex(@"syscalls done pid=\d+ n=\d+ syscalls=(?<syscalls>\d+) interrupts=(?<interrupts>\d+) loc=\d+ faults=(?<faults>\d+) .*status=0")]
    private static partial Regex DoneLine();
}
