using System;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Linux;

/// <summary>Stopping the guest: at a transition, and at any time; what is seen there is what the guest's own files say.</summary>
[Collection(StockLinux.Collection)]
public sealed class BreakTests(StockLinux linux, ITestOutputHelper output) : LinuxTest(linux, output)
{
    private const ulong KernelHalf = 0xFFFF_8000_0000_0000;

    [Fact]
    public async Task The_first_user_instruction_is_the_one_of_the_programs_file()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", 10);
        var file = new ElfFile(CpioArchive.File(Repository.PathOf("out", "guest", "linux", "initrd.img"), "bin/hvk"));
        var added = await Debugger.AddModeEventAsync(ModeTrapDirection.User, ProcessKey.Pid(program.Pid));
        var stop = await Debugger.WaitForStopAsync(BootedGuest.Patience);

        stop.Reason.ShouldBe(StopReason.Event);
        stop.EventId.ShouldBe(added.Id);
        stop.Context.ShouldBe((byte)3);
        stop.Pid.ShouldBe(program.Pid);
        var registers = await Debugger.ReadRegistersAsync();
        registers.Rip.ShouldBe(stop.Rip);
        (registers.Cs & 3).ShouldBe(3);
        var expected = file.Code(stop.Rip, 15);
        expected.Length.ShouldBe(15);
        stop.Instruction.ShouldBe(expected);
        (await Debugger.ReadMemoryAsync(stop.Rip, 15)).ShouldBe(expected);

        await Debugger.ClearEventAsync(added.Id);
        await Debugger.ContinueAsync();
        await program.ReleaseAsync();
        await program.DoneAsync("syscalls done");
    }

    [Fact]
    public async Task A_break_on_each_direction_alternates()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", 10);
        var added = await Debugger.AddModeEventAsync(ModeTrapDirection.UserAndKernel, ProcessKey.Pid(program.Pid));
        var context = (await Debugger.WaitForStopAsync(BootedGuest.Patience)).Context;
        for (var i = 0; i < 10; i++)
        {
            await Debugger.ContinueAsync();
            var stop = await Debugger.WaitForStopAsync(BootedGuest.Patience);
            stop.Context.ShouldBe(context == 0 ? (byte)3 : (byte)0);
            (stop.Rip >= KernelHalf).ShouldBe(stop.Context == 0);
            context = stop.Context;
        }

        await Debugger.ClearEventAsync(added.Id);
        await Debugger.ContinueAsync();
        await program.ReleaseAsync();
        await program.DoneAsync("syscalls done");
    }

    [Fact]
    public async Task An_idle_guest_is_stopped_and_its_clock_goes_on()
    {
        await Shell.StartAsync("hvk clock");
        await Shell.WaitAsync(@"clock \d");
        var stop = await Debugger.PauseAsync();
        var symbol = await Debugger.Symbols.AtAsync(stop.Rip);
        symbol.ShouldNotBeNull();
        (await Debugger.GetStatusAsync()).State.ShouldBe(TargetState.Stopped);
        await Debugger.ContinueAsync();

        var first = await Uptime();
        var second = await Uptime();
        second.ShouldBeGreaterThan(first);
    }

    [Fact]
    public async Task Kernel_symbols_are_those_of_the_guest()
    {
        var lines = await Shell.RunAsync("grep -E ' T (entry_SYSCALL_64|vfs_read|schedule)$' /proc/kallsyms");
        var listed = lines.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        listed.Length.ShouldBe(3);
        foreach (var line in listed.Select(line => line.Trim().Split(' ')))
        {
            var address = ulong.Parse(line[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            (await Debugger.Symbols.AddressOfAsync(line[2])).ShouldBe(address);
        }
    }

    [Fact]
    public async Task Our_own_memory_is_not_there()
    {
        var line = Guest.Console.Text.Split('\n').Single(text => text.Contains("HvKernel: reserved 0x", StringComparison.Ordinal));
        var bounds = Regex.Match(line, "reserved 0x([0-9a-f]+) to 0x([0-9a-f]+)");
        var start = ulong.Parse(bounds.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var end = ulong.Parse(bounds.Groups[2].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        foreach (var address in new[] { start, start + 0x1000, end - 8 })
        {
            var refused = await Should.ThrowAsync<TargetException>(() => Debugger.ReadMemoryAsync(address, 8, MemoryView.Physical));
            refused.Status.ShouldBe(ReplyStatus.NotRam);
        }

        // The guest keeps out of it by itself: the firmware's memory map says reserved.
        var map = await Shell.RunAsync("cat /proc/iomem");
        map.Split('\n').Where(entry => entry.EndsWith("Reserved", StringComparison.Ordinal) || entry.TrimEnd().EndsWith("Reserved", StringComparison.Ordinal))
            .Select(entry => Regex.Match(entry, "([0-9a-f]+)-([0-9a-f]+)"))
            .ShouldContain(entry =>
                ulong.Parse(entry.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture) <= start
                && ulong.Parse(entry.Groups[2].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >= end - 1);
    }

    private async Task<double> Uptime() =>
        double.Parse((await Shell.WaitAsync(@"clock (\d+\.\d+)")).Groups[1].Value, CultureInfo.InvariantCulture);
}
