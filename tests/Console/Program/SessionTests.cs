using System;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Session;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Program;

/// <summary>Events, stops and waiting, as a person or a script sees them.</summary>
public class SessionTests
{
    private static FakeTarget MakeTarget()
    {
        var target = new FakeTarget();
        target.Machine.Symbols[0xffffffff81e00080] = "entry_SYSCALL_64";
        target.Machine.Processes.Add(FakeMachine.Process(0x1c0, "counter", 0x10a3c2000));
        target.Machine.Registers[0].Rip = 0x401000;
        target.Machine.Put(0x401000, 0x48, 0x89, 0xd0);
        return target;
    }

    [Fact]
    public async Task Setting_listing_changing_and_clearing_events()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        (await console.RunAsync("events")).ShouldBe("no events");
        (await console.RunAsync("!mode u pid 1c0")).ShouldBe("""
            event 0 watches pid 1c0 (0n448), counter
            the trap for transitions was off and is on now ('preactivate mode' does that ahead of time)
            """.ReplaceLineEndings("\n"));
        (await console.RunAsync("!mode ku cr3 777000 core 1 log")).ShouldBe("event 1 watches cr3 777000");
        var row = console.Target.Machine.Events[1];
        (row.Direction, (EventAction)row.FirstAction, row.Processor, row.KeyKind, row.Key)
            .ShouldBe((ModeTrapDirection.UserAndKernel, EventAction.Log, 1u, ProcessKeyKind.Cr3, 0x777000ul));
        console.Target.Machine.Events[1] = row with
        {
            UserReached = 10000, KernelReached = 10001, ConditionFalse = 12, ShortCircuited = 2, ActionTicks = 1500, Sent = 900, Dropped = 3,
        };
        await console.RunAsync("events d 0");
        (await console.RunAsync("events")).ShouldBe("""
            id  state       user  kernel  condition false  short-circuited      time  sent  dropped  process  command
            0   disabled       0       0                0                0  0.000 us     0        0  counter  !mode u pid 1c0
            1   enabled   10 000  10 001               12                2  1.500 ms   900        3           !mode ku cr3 777000 core 1 log
            """.ReplaceLineEndings("\n"));
        (await console.RunAsync("events e 0")).ShouldBe("event 0 enabled");
        console.Target.Machine.Events[0].Enabled.ShouldBe((byte)1);
        (await console.RunAsync("events c 5")).ShouldBe("there is no event with this number");
        (await console.RunAsync("event c all")).ShouldBe("all events cleared");
        console.Target.Machine.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task After_preactivation_an_event_says_nothing_about_the_trap()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        (await console.RunAsync("preactivate mode")).ShouldBe("the trap for transitions is on");
        (await console.RunAsync("!mode u pid 1c0")).ShouldBe("event 0 watches pid 1c0 (0n448), counter");
    }

    [Theory]
    [InlineData("!mode u pid 5", "there is no process with this pid")]
    [InlineData("!mode k pid 1c0", "event 0 already watches these transitions: clear it first with 'events c 0'")]
    public async Task Refused_events_are_explained(string command, string expected)
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        await console.RunAsync("!mode u pid 1c0");
        (await console.RunAsync(command)).ShouldBe(expected);
        console.Succeeded.ShouldBeFalse();
        console.Target.Machine.Events.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_guest_that_is_not_known_and_a_processor_without_MBEC_are_explained()
    {
        var target = MakeTarget();
        target.Machine.DiscoveryFailure = 4;
        await using var console = await ConsoleHarness.StartAsync(target);
        (await console.RunAsync("!mode u pid 1c0")).ShouldBe(
            "the guest's operating system was not recognised (its discovery failed at step 4): 'cr3 X' in the place of 'pid X' works without it");
        (await console.RunAsync("!mode u cr3 1000")).ShouldStartWith("event 0 watches cr3 1000");
        target.Machine.Capabilities = TargetCapabilities.None;
        (await console.RunAsync("!mode u cr3 2000")).ShouldBe(
            "the processor lacks MBEC (mode-based execute control for EPT) and the monitor trap flag that its fallback needs: transitions cannot be caught");
        target.Machine.Capabilities = TargetCapabilities.ShadowRoots;
        (await console.RunAsync("!mode u cr3 2000")).ShouldStartWith("event 1 watches cr3 2000");
    }

    [Fact]
    public async Task A_stop_shows_event_context_process_and_one_instruction()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        await console.RunAsync("!mode u pid 1c0");
        console.Session.Prompt.ShouldBe("HvDbg> ");
        console.Target.Stop(StopReason.Event, 0, 3);
        (await console.RunAsync("wait event")).ShouldBe("""
            event 0: reached user, processor 0, process 1c0 (0n448) counter
            00000000`00401000    48 89 D0                            mov rax, rdx
            """.ReplaceLineEndings("\n"));
        console.Session.Prompt.ShouldBe("0: HvDbg> ");
        await console.RunAsync("g");
        console.Session.Prompt.ShouldBe("HvDbg> ");
    }

    [Fact]
    public async Task A_stop_in_the_kernel_has_a_symbol_line()
    {
        var target = MakeTarget();
        target.Machine.Registers[0].Rip = 0xffffffff81e00083;
        target.Machine.Put(0xffffffff81e00083, 0x90);
        await using var console = await ConsoleHarness.StartAsync(target);
        target.Stop(StopReason.Event, 2, 0);
        (await console.RunAsync("wait event")).ShouldBe("""
            event 2: reached kernel, processor 0, process 1c0 (0n448) counter
            entry_SYSCALL_64+0x3:
            ffffffff`81e00083    90                                  nop
            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Pausing_twice_says_so()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        (await console.RunAsync("pause")).ShouldStartWith("paused, processor 0, process 1c0");
        (await console.RunAsync("pause")).ShouldBe("the guest stands still already");
    }

    [Fact]
    public async Task Logged_transitions_are_one_line_each()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        SendTransitions(console.Target, (0x401000, 3), (0xffffffff81e00080, 0));
        (await console.RunAsync("wait event 2")).ShouldBe("""
            event 1  processor 0  reached user    00000000`00401000  tick 64
            event 1  processor 0  reached kernel  ffffffff`81e00080  tick 65  entry_SYSCALL_64
            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Waiting_counts_what_came_since_the_last_cause_or_wait()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        SendTransitions(console.Target, (1, 3), (2, 0), (3, 3));
        (await console.RunAsync("wait event 2 timeout 5")).Split('\n').Length.ShouldBe(3);
        console.Succeeded.ShouldBeTrue();
        await console.RunAsync("wait event timeout 5");
        console.Succeeded.ShouldBeTrue();
        (await console.RunAsync("wait event timeout 1")).ShouldBe("wait: 0 of 1 events came within 1 s");
        console.Succeeded.ShouldBeFalse();

        // What came before the event was set is not what is waited for.
        SendTransitions(console.Target, (1, 3));
        await console.RunAsync("flush");
        await console.RunAsync("!mode u pid 1c0");
        await console.RunAsync("wait event timeout 1");
        console.Succeeded.ShouldBeFalse();
    }

    [Fact]
    public async Task Notices_losses_and_text_are_shown()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        console.Target.SendText("HvKernel: booting\n");
        console.Target.Send(MessageType.EventNotice, Notice(3, EventNoticeKind.ProcessExited, "sh"));
        console.Target.Send(MessageType.EventNotice, Notice(3, EventNoticeKind.ExecFollowed, "ls"));
        await console.RunAsync("flush");
        console.Text.ShouldContain("HvKernel: booting\n");
        console.Text.ShouldContain("event 3: the process sh ended; the event will not trigger again\n");
        console.Text.ShouldContain("event 3: the process ls runs another program now and is watched on\n");
        console.Reports.SelectMany(report => report.Lines).Single(line => line.Text == "HvKernel: booting").Style.ShouldBe(Output.LineStyle.Dim);
    }

    [Fact]
    public async Task The_guests_console_is_searched_from_its_start_and_then_from_the_last_match()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, "boot\nlogin: a\r\nlogin: b\n");
            await using var console = await ConsoleHarness.StartAsync(guest: new GuestConsole(path));
            (await console.RunAsync("wait guest \"login:\" timeout 5")).ShouldBe("login: a");
            (await console.RunAsync("wait guest \"login:\" timeout 5")).ShouldBe("login: b");
            var waiting = console.RunAsync("wait guest \"ready now\" timeout 20");
            await File.AppendAllTextAsync(path, "\e[6n\ax ready");
            await Task.Delay(250);
            waiting.IsCompleted.ShouldBeFalse();
            await File.AppendAllTextAsync(path, " now\n");
            (await waiting).ShouldBe("x ready now");
            (await console.RunAsync("wait guest \"login:\" timeout 1")).ShouldBe("wait: the guest did not print \"login:\" within 1 s");
            console.Succeeded.ShouldBeFalse();
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Without_a_guest_console_waiting_for_it_says_how_to_give_one()
    {
        await using var console = await ConsoleHarness.StartAsync();
        (await console.RunAsync("wait guest \"x\"")).ShouldBe(
            "wait guest: the guest's console is not known; give its file with --guest-console FILE or HVDBG_GUEST_CONSOLE");
    }

    [Fact]
    public async Task A_reset_is_told_and_the_session_goes_on()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        await console.RunAsync("!mode u pid 1c0");
        console.Target.Reset();
        for (var i = 0; i < 200 && !console.Text.Contains("reset", StringComparison.Ordinal); i++)
        {
            await Task.Delay(50);
        }

        (await console.RunAsync("events")).ShouldBe("the machine was reset: its events are gone\nno events");
    }

    [Fact]
    public async Task A_target_that_falls_silent_fails_the_command_in_one_line()
    {
        await using var console = await ConsoleHarness.StartAsync(
            MakeTarget(), options: FakeTarget.FastOptions with { PollInterval = TimeSpan.Zero, RequestTimeout = TimeSpan.FromMilliseconds(300) });
        console.Target.Deaf = true;
        (await console.RunAsync("r")).Split('\n')[^1].ShouldBe("the target does not answer (ReadRegisters, 0.3 s)");
    }

    private static void SendTransitions(FakeTarget target, params (ulong Rip, byte Context)[] transitions)
    {
        var tick = 100ul;
        target.Send(
            MessageType.Transitions,
            [.. transitions.SelectMany(item => Wire.Bytes(new TransitionRecord { Rip = item.Rip, Context = item.Context, EventId = 1, Tick = tick++ }))]);
    }

    private static unsafe EventNotice Notice(uint id, EventNoticeKind kind, string name)
    {
        var notice = new EventNotice { EventId = id, Kind = kind };
        Encoding.ASCII.GetBytes(name).CopyTo(new Span<byte>(notice.Name, LinkProtocol.NameBytes));
        return notice;
    }
}
