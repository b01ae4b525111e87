using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Forwarding;

/// <summary>Forwarding as a person sees it: from the command that makes an output to the lines that stand in it.</summary>
public sealed class ForwardingSessionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hvdbg").FullName;
    private readonly FakeTarget _target = new();

    public ForwardingSessionTests()
    {
        _target.Machine.Processes.Add(FakeMachine.Process(0x1c0, "counter", 0x10a3c2000));
        _target.Machine.Activated = true;
        _target.Machine.RefuseDuplicates = false;
    }

    private string Log => Path.Combine(_folder, "log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_an_event_sends_goes_to_its_output_and_is_not_shown()
    {
        await using var console = await ConsoleHarness.StartAsync(_target);
        (await console.RunAsync("output")).ShouldBe("no outputs");
        (await console.RunAsync($"output create log file {Log}")).ShouldBe($"output log is made, and not open yet: file {Log}");
        (await console.RunAsync("output open log")).ShouldBe("output log is open");
        (await console.RunAsync("!mode u pid 1c0 imm no log code {90} buffer 4 output {log}")).ShouldBe("event 0 watches pid 1c0 (0n448), counter");
        (await console.RunAsync("!mode k pid 1c0 log")).ShouldBe("event 1 watches pid 1c0 (0n448), counter");
        _target.SendTransitions(0, 0x64, 2);
        _target.SendTransitions(1, 0x70, 1);
        _target.SendBuffer(0, 0x80, 0x48, 0x44, 0x42, 0x32);
        _target.SendFault(0);
        _target.SendFault(0, (ushort)EventPart.Condition);
        (await console.RunAsync("wait event 6 timeout 0n20")).ShouldBe("event 1  processor 0  reached user    00000000`00401000  tick 70");
        (await console.RunAsync("output close log")).ShouldBe("output log is closed: 5 messages forwarded, 0 dropped");
        const string Fault = "processor 0 reached user tick 99 manner contained rip 0000000000001003 offset 3 instruction 0f30 rflags 0000000000000046 " +
            "rax 0000000000000000 rcx 00000000c0000082 rdx 0000000000000000 rbx 0000000000000000 rsp 0000000000000000 rbp 0000000000000000 " +
            "rsi 0000000000000000 rdi 0000000000000000 r8 0000000000000000 r9 0000000000000000 r10 0000000000000000 r11 0000000000000000 " +
            "r12 0000000000000000 r13 0000000000000000 r14 0000000000000000 r15 0000000000000000 fault #GP with error code 0";
        File.ReadAllLines(Log).ShouldBe(
        [
            "event 0 processor 0 reached user tick 64 rip 0000000000401000",
            "event 0 processor 0 reached user tick 65 rip 0000000000401000",
            "event 0 action 1 processor 1 reached kernel tick 80 address ffff888000001000 length 4 bytes 48444232",
            $"event 0 action 0 {Fault}",
            $"event 0 part condition {Fault}",
        ]);
        var bytes = new FileInfo(Log).Length;
        (await console.RunAsync("output")).ShouldBe($"""
            id  name  type  state   forwarded  bytes  dropped  waiting  target
            0   log   file  closed          5  1 {bytes - 1000}        0        0  {Log}

            event  transitions  buffers  failures  outputs
            0                2        1         2  log
            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task For_programs_the_same_figures_have_names()
    {
        await using var console = await ConsoleHarness.StartAsync(_target);
        var made = (await console.RunJsonAsync($"output create log file \"{Log}\"")).ShouldHaveSingleItem()["data"]!;
        made.ToJsonString().ShouldBe($$"""{"output":"log","kind":"file","target":"{{Log}}"}""");
        (await console.RunJsonAsync("output open log")).ShouldHaveSingleItem()["data"]!.ToJsonString().ShouldBe("""{"output":"log","state":"opened"}""");
        await console.RunAsync("!mode u pid 1c0 log output {log}");
        _target.SendTransitions(0, 0, 40);
        await console.RunAsync("wait event 0n40 timeout 0n20");
        (await console.RunJsonAsync("output close log")).ShouldHaveSingleItem()["data"]!.ToJsonString()
            .ShouldBe($$"""{"output":"log","forwarded":40,"bytes":{{new FileInfo(Log).Length}},"dropped":0,"lost":0}""");
        (await console.RunJsonAsync("output")).ShouldHaveSingleItem()["data"]!.ToJsonString().ShouldBe(
            $$"""{"outputs":[{"id":0,"output":"log","kind":"file","target":"{{Log}}","state":"closed","forwarded":40,"bytes":{{new FileInfo(Log).Length}},"dropped":0,"waiting":0}]""" +
            ""","events":[{"event":0,"transitions":40,"buffers":0,"failures":0,"outputs":["log"]}]}""");
    }

    [Fact]
    public async Task Figures_of_thousands_of_messages_agree_with_the_events_own_while_one_of_two_outputs_dies()
    {
        await using var console = await ConsoleHarness.StartAsync(_target);
        await console.RunAsync("output create full file /dev/full");
        await console.RunAsync("output open full");
        await console.RunAsync($"output create log file {Log}");
        await console.RunAsync("output open log");
        await console.RunAsync("!mode u pid 1c0 log output {full, log}");
        await console.RunAsync("!mode k pid 1c0 log output {log}");
        for (var round = 0; round < 100; round++)
        {
            _target.SendTransitions(0, round * 70, 70);
            _target.SendTransitions(1, round * 30, 30);
        }

        await console.RunAsync("wait event 0n10000 timeout 0n30");
        console.Succeeded.ShouldBeTrue();
        await console.RunAsync("output close log");
        var outputs = console.Session.Outputs.Outputs;
        (outputs[0].Forwarded, outputs[0].Dropped).ShouldBe((0ul, 7000ul));
        (outputs[1].Forwarded, outputs[1].Dropped).ShouldBe((10_000ul, 0ul));
        console.Session.Outputs.Events.Select(item => item.Records).ShouldBe([7000ul, 3000ul]);
        var lines = File.ReadAllLines(Log);
        lines.Where(line => line.StartsWith("event 0 ")).ShouldBe(Messages.Lines(0, 0, 7000));
        lines.Where(line => line.StartsWith("event 1 ")).ShouldBe(Messages.Lines(1, 0, 3000));
        await Messages.Until(() => console.Text.Contains("output full failed", StringComparison.Ordinal), "the failure is told");
        console.Text.Split('\n').Count(line => line.StartsWith("output full failed")).ShouldBe(1);
        console.Text.ShouldNotContain("reached user");
        (await console.RunAsync("output")).ShouldContain("0   full  file  failed");
    }

    [Fact]
    public async Task Messages_that_come_before_the_event_has_its_number_are_forwarded_and_others_shown()
    {
        await using var console = await ConsoleHarness.StartAsync(_target);
        await console.RunAsync($"output create log file {Log}");
        await console.RunAsync("output open log");
        OnAddEvent(() =>
        {
            _target.SendTransitions(7, 1, 1);
            _target.SendTransitions(0, 2, 3);
            _target.SendFault(0);
        });
        var shown = await console.RunAsync("!mode u pid 1c0 log output {log}");
        shown.ShouldContain("event 7  processor 0  reached user    00000000`00401000  tick 1\n");
        shown.ShouldNotContain("event 0  processor");
        shown.ShouldNotContain("#GP");
        await console.RunAsync("wait event 5 timeout 0n20");
        console.Succeeded.ShouldBeTrue();
        await console.RunAsync("output close log");
        var lines = File.ReadAllLines(Log);
        lines[..3].ShouldBe([.. Messages.Lines(0, 2, 3)]);
        lines[3].ShouldEndWith("fault #GP with error code 0");
    }

    [Fact]
    public async Task An_event_that_is_refused_leaves_the_messages_of_others_to_the_console()
    {
        await using var console = await ConsoleHarness.StartAsync(_target);
        await console.RunAsync($"output create log file {Log}");
        await console.RunAsync("output open log");
        OnAddEvent(() => _target.SendTransitions(7, 1, 1));
        var shown = await console.RunAsync("!mode u pid 5 log output {log}");
        shown.ShouldContain("event 7  processor 0  reached user    00000000`00401000  tick 1\n");
        shown.ShouldEndWith("there is no process with this pid");
        _target.SendTransitions(7, 2, 1);
        (await console.RunAsync("wait event 2 timeout 0n20")).ShouldContain("tick 2");
    }

    [Fact]
    public async Task What_goes_to_an_output_that_is_not_open_is_counted_as_dropped_but_failures_are_shown()
    {
        await using var console = await ConsoleHarness.StartAsync(_target);
        await console.RunAsync($"output create log file {Log}");
        (await console.RunAsync("!mode u pid 1c0 log output {log}")).ShouldEndWith("warning: the output log is not open yet: 'output open log' opens it");
        _target.SendTransitions(0, 1, 30);
        _target.SendFault(0);
        (await console.RunAsync("wait event 0n31 timeout 0n20")).ShouldStartWith("event 0: its action 0 failed, and it is disabled: #GP");
        var figures = console.Session.Outputs.FiguresOf("log")!;
        (figures.StateName, figures.Forwarded, figures.Dropped, figures.Waiting).ShouldBe(("not opened", 0ul, 31ul, 0ul));
        await console.RunAsync("output open log");
        _target.SendTransitions(0, 40, 5);
        await console.RunAsync("wait event 5 timeout 0n20");
        await console.RunAsync("output close log");
        File.ReadAllLines(Log).ShouldBe([.. Messages.Lines(0, 40, 5)]);
        (await console.RunAsync("!mode k pid 1c0 log output {log}")).ShouldContain("output: log is closed, for good: 'output create' makes another");
    }

    [Fact]
    public async Task An_output_that_failed_is_warned_of()
    {
        await using var console = await ConsoleHarness.StartAsync(_target);
        await console.RunAsync("output create full file /dev/full");
        await console.RunAsync("output open full");
        await console.RunAsync("!mode u pid 1c0 log output {full}");
        _target.SendTransitions(0, 1, 1);
        await Messages.Until(() => console.Session.Outputs.StateOf("full") == Sinks.SinkState.Failed, "the output fails");
        (await console.RunAsync("!mode k pid 1c0 log output {full}")).ShouldEndWith("warning: the output full failed: 'output open full' tries again");
    }

    [Fact]
    public async Task A_name_is_free_again_when_its_output_is_closed_and_events_keep_theirs()
    {
        await using var console = await ConsoleHarness.StartAsync(_target);
        await console.RunAsync($"output create log file {Log}");
        (await console.RunAsync($"output create log file {Log}")).ShouldStartWith("name: there is an output log already\n");
        await console.RunAsync($"output create LOG file {Log}2");
        console.Succeeded.ShouldBeTrue();
        await console.RunAsync("output open log");
        await console.RunAsync("!mode u pid 1c0 log output {log}");
        await console.RunAsync("output close log");
        (await console.RunAsync("output close log")).ShouldBe("output log is closed already");
        await console.RunAsync($"output create log file {Log}3");
        await console.RunAsync("output open log");
        await console.RunAsync("!mode k pid 1c0 log output {log}");
        _target.SendTransitions(0, 1, 2);
        _target.SendTransitions(1, 1, 4);
        await console.RunAsync("wait event 6 timeout 0n20");
        await console.RunAsync("output close log");
        console.Session.Outputs.Outputs.Select(output => (output.Id, output.Name, output.Forwarded, output.Dropped)).ShouldBe(
            [(0, "log", 0ul, 2ul), (1, "LOG", 0ul, 0ul), (2, "log", 4ul, 0ul)]);
    }

    [Fact]
    public async Task After_a_reset_an_event_of_the_same_number_is_another()
    {
        await using var console = await ConsoleHarness.StartAsync(_target);
        await console.RunAsync($"output create log file {Log}");
        await console.RunAsync("output open log");
        await console.RunAsync("!mode u pid 1c0 log output {log}");
        _target.Reset();
        await Messages.Until(() => console.Text.Contains("the machine was reset", StringComparison.Ordinal), "the reset is told");

        // Set by another console.
        _target.SendTransitions(0, 1, 1);
        (await console.RunAsync("wait event timeout 0n20")).ShouldEndWith("event 0  processor 0  reached user    00000000`00401000  tick 1");
        console.Session.Outputs.FiguresOf("log")!.Forwarded.ShouldBe(0ul);
    }

    /// <summary>Sends something right before the answer to the next registration.</summary>
    private void OnAddEvent(Action send)
    {
        _target.Line = frame =>
        {
            if (Type(frame) == (MessageType.AddEvent | MessageType.ReplyBit))
            {
                _target.Line = passed => passed;
                send();
            }

            return frame;
        };
    }

    private static MessageType Type(byte[] frame) => Frames.Decode([frame]).Found[0].Type;
}
