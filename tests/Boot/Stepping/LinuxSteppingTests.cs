using System;
using System.Globalization;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Boot.Tests.Linux;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Stepping;

/// <summary>Breakpoints and steps in stock Debian's kernel and one of its programs.</summary>
[Collection(StockLinux.Collection)]
public sealed class LinuxSteppingTests(StockLinux linux, ITestOutputHelper output) : LinuxTest(linux, output)
{
    private const int Calls = 25;
    private const ulong KernelHalf = 0xFFFF_8000_0000_0000;

    [Fact]
    public async Task A_kernel_function_stops_as_often_as_the_program_calls_it()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);
        await Debugger.PauseAsync();
        var function = await Debugger.Symbols.AddressOfAsync("__x64_sys_getppid");
        var added = await Debugger.AddBreakpointAsync(new BreakpointDefinition(function, Pid: program.Pid));
        var other = await Debugger.AddBreakpointAsync(new BreakpointDefinition(function, Pid: 1));
        await program.ReleaseAsync();
        for (var call = 0; call < Calls; call++)
        {
            var stop = await GoAsync();
            (stop.Reason, stop.BreakpointId, stop.Rip, stop.Pid).ShouldBe((StopReason.Breakpoint, added.Id, function, program.Pid));
            if (call == 1)
            {
                await UpAndOnAsync();
            }
        }

        (await HitsAsync(added.Id)).ShouldBe((ulong)Calls);
        (await HitsAsync(other.Id)).ShouldBe(0UL);
        await Debugger.ModifyBreakpointAsync(LinkProtocol.All, BreakpointOperation.Clear);
        await Debugger.ContinueAsync();
        (await program.DoneAsync("syscalls done")).SystemCalls.ShouldBe((ulong)Calls);
    }

    [Fact]
    public async Task A_system_call_is_stepped_into_and_over()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);
        await Debugger.PauseAsync();
        var entry = await Debugger.Symbols.AddressOfAsync("entry_SYSCALL_64");
        var function = await Debugger.Symbols.AddressOfAsync("__x64_sys_getppid");
        await Debugger.AddBreakpointAsync(new BreakpointDefinition(function, Pid: program.Pid));
        await program.ReleaseAsync();
        await GoAsync();

        // The program's address comes from its next way out of the kernel.
        await Debugger.ModifyBreakpointAsync(LinkProtocol.All, BreakpointOperation.Clear);
        var added = await Debugger.AddModeEventAsync(ModeTrapDirection.User, ProcessKey.Pid(program.Pid));
        var behind = (await GoAsync()).Rip;
        await Debugger.ClearEventAsync(added.Id);
        var view = MemoryView.Root((await program.ProcessAsync()).PageRoot);
        (await Debugger.ReadMemoryAsync(behind - 2, 2, view)).ShouldBe([0x0F, 0x05]);
        var id = (await Debugger.AddBreakpointAsync(new BreakpointDefinition(behind - 2, view, program.Pid))).Id;
        (await GoAsync()).Rip.ShouldBe(behind - 2);
        var over = await Debugger.StepOverAsync();
        (over.IsComplete, over.Stop.Rip, over.Stop.Pid).ShouldBe((true, behind, program.Pid));
        (await GoAsync()).Rip.ShouldBe(behind - 2);
        (await Debugger.StepAsync()).Stop.Rip.ShouldBe(entry);
        (await Debugger.StepAsync(4)).Stop.Rip.ShouldBeInRange(entry, entry + 0x80);
        await Debugger.ClearBreakpointAsync(id);
        await Debugger.ContinueAsync();
        (await program.DoneAsync("syscalls done")).SystemCalls.ShouldBe((ulong)Calls);
    }

    [Fact]
    public async Task HvKernels_own_memory_and_what_is_no_memory_are_refused()
    {
        await Debugger.PauseAsync();
        var hidden = HiddenStart();
        (await RefusalAsync(new BreakpointDefinition(hidden, MemoryView.Physical))).Status.ShouldBe(ReplyStatus.NotRam);
        (await RefusalAsync(new BreakpointDefinition(0xFEE0_0000, MemoryView.Physical))).Status.ShouldBe(ReplyStatus.NotRam);
        (await RefusalAsync(new BreakpointDefinition(0x1000))).Status.ShouldBe(ReplyStatus.NotMapped);
        await Debugger.ContinueAsync();
    }

    // From the first instruction of the function: its caller is do_syscall_64, and stays what is stepped over its further calls.
    private async Task UpAndOnAsync()
    {
        var up = await Debugger.StepOutAsync();
        up.IsComplete.ShouldBeTrue();
        (await Debugger.Symbols.AtAsync(up.Stop.Rip))!.Name.ShouldBe("do_syscall_64");
        var stack = (await Debugger.ReadRegistersAsync()).General.Rsp;
        for (var steps = 0; steps < 6; steps++)
        {
            var over = await Debugger.StepOverAsync();
            over.IsComplete.ShouldBeTrue();
            over.Stop.Rip.ShouldBeGreaterThan(KernelHalf);
            over.Stop.Rsp.ShouldBeGreaterThanOrEqualTo(stack - 0x100);
        }
    }

    private ulong HiddenStart()
    {
        var match = Regex.Match(Guest.Console.Text, "reserved 0x([0-9a-f]+) to");
        match.Success.ShouldBeTrue("the target says where its memory is");
        return ulong.Parse(match.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private async Task<StopEvent> GoAsync()
    {
        await Debugger.ContinueAsync();
        return await Debugger.WaitForStopAsync(BootedGuest.Patience);
    }

    private async Task<ulong> HitsAsync(uint id)
    {
        foreach (var entry in await Debugger.ListBreakpointsAsync())
        {
            if (entry.Id == id)
            {
                return entry.Hits;
            }
        }

        throw new InvalidOperationException($"breakpoint {id} is not listed");
    }

    private async Task<TargetException> RefusalAsync(BreakpointDefinition definition) =>
        await Should.ThrowAsync<TargetException>(Debugger.AddBreakpointAsync(definition));
}
