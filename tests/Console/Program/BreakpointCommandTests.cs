using System;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Program;

/// <summary>Breakpoints as the console asks for them and lists them.</summary>
public class BreakpointCommandTests
{
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_breakpoint_is_set_listed_disabled_enabled_and_cleared()
    {
        await using var console = await StoppedAsync();
        (await console.RunAsync("bp do_exit+4 core 1")).ShouldBe("breakpoint 0 at ffffffff`81000024 (do_exit+0x4), physical 76543024");
        var request = console.Target.Steps.Added.ShouldHaveSingleItem();
        (request.Address, request.Space, request.Pid, request.Core).ShouldBe((0xffffffff81000024, AddressSpace.Current, LinkProtocol.All, 1u));
        (await console.RunAsync("bp 401136 pid 490")).ShouldBe("breakpoint 1 at 00000000`00401136, physical 76543136");
        request = console.Target.Steps.Added[1];
        (request.Address, request.Space, request.PageRoot, request.Pid, request.Core)
            .ShouldBe((0x401136ul, AddressSpace.PageRoot, 0x12340000ul, 0x490u, LinkProtocol.All));
        console.Target.Machine.Breakpoints[1] = console.Target.Machine.Breakpoints[1] with { Hits = 12345 };
        (await console.RunAsync("bd 1")).ShouldBe("breakpoint 1 disabled");
        (await console.RunAsync("bl")).Split('\n').ShouldBe(
        [
            "id  state     address            physical  pid  core    hits  symbol",
            "0   enabled   ffffffff`81000024  76543024  all  1          0  do_exit+0x4",
            "1   disabled  00000000`00401136  76543136  490  all   12 345",
        ]);
        (await console.RunAsync("be all")).ShouldBe("all breakpoints enabled");
        console.Target.Machine.Breakpoints.ShouldAllBe(row => (row.Flags & BreakpointFlags.Enabled) != 0);
        (await console.RunAsync("bc 0")).ShouldBe("breakpoint 0 cleared");
        (await console.RunAsync("bc all")).ShouldBe("all breakpoints cleared");
        (await console.RunAsync("bl")).ShouldBe("no breakpoints");
    }

    [Fact]
    public async Task A_program_gets_all_of_it()
    {
        await using var console = await StoppedAsync();
        var added = (await console.RunJsonAsync("bp do_exit"))[0]["data"]!;
        ((int?)added["breakpoint"], (string?)added["address"], (string?)added["physical"], (bool?)added["visible"])
            .ShouldBe((0, "0xffffffff81000020", "0x76543020", false));
        var row = (await console.RunJsonAsync("bl"))[0]["data"]!["breakpoints"]!.AsArray().ShouldHaveSingleItem()!;
        row.ToJsonString().ShouldBe(
            """{"breakpoint":0,"enabled":true,"visible":false,"address":"0xffffffff81000020","physical":"0x76543020","pid":null,"core":null,"hits":0,"symbol":"do_exit"}""");
    }

    [Fact]
    public async Task A_breakpoint_that_the_guest_can_see_is_named_as_such()
    {
        await using var console = await StoppedAsync();
        console.Target.Machine.Capabilities = TargetCapabilities.MonitorTrap;
        (await console.RunAsync("bp do_exit")).Split('\n')[1]
            .ShouldBe("the processor has no execute-only EPT translations: the guest can read this breakpoint's byte (CC)");
        (await console.RunAsync("bl")).ShouldContain("enabled, visible");
    }

    [Theory]
    [InlineData("bp 5000", "00000000`00005000: the address is not mapped")]
    [InlineData("bp do_exit", "breakpoint 0 is the same")]
    [InlineData("bp 401136 pid 7777", "there is no process with this pid")]
    [InlineData("bc 5", "there is no breakpoint with this number")]
    [InlineData("bp no_such_symbol", "no_such_symbol: the guest's kernel has no such symbol")]
    public async Task What_the_target_refuses_is_said_in_one_line(string command, string message)
    {
        await using var console = await StoppedAsync();
        await console.RunAsync("bp do_exit");
        (await console.RunAsync(command)).ShouldBe(message);
        console.Succeeded.ShouldBeFalse();
    }

    [Fact]
    public async Task A_stop_at_a_breakpoint_names_it()
    {
        await using var console = await StoppedAsync();
        await console.RunAsync("g");
        console.Target.Stop(StopReason.Breakpoint, 2, 0, 1);
        var met = await console.Debugger.WaitForStopAsync(Enough);
        (await console.Session.Pump.WaitUntilShownAsync(met, Enough, default)).ShouldBeTrue();
        console.Text.ShouldContain("breakpoint 2, processor 1, process 490 (0n1168) counter\n");
        console.Debugger.CurrentStop!.BreakpointId.ShouldBe(2u);
        console.Debugger.CurrentStop!.EventId.ShouldBeNull();
        var stop = EventTextOf(console);
        stop.ShouldContain("\"reason\":\"breakpoint\",\"breakpoint\":2,\"processor\":1");
    }

    private static string EventTextOf(ConsoleHarness console) =>
        console.Reports.Last(report => (string?)report.Data["type"] == "stop").Data.ToJsonString();

    private static async Task<ConsoleHarness> StoppedAsync()
    {
        var target = new FakeTarget();
        target.Machine.Put(0xffffffff81000000, Enumerable.Repeat((byte)0x90, 0x100).ToArray());
        target.Machine.Put(0x401000, 0x90);
        target.Machine.Symbols.Add(0xffffffff81000020, "do_exit");
        target.Machine.Processes.Add(FakeMachine.Process(0x490, "counter", 0x12340000));
        var console = await ConsoleHarness.StartAsync(target);
        await console.RunAsync("pause");
        return console;
    }
}
