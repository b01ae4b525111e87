using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Program;

/// <summary>Steps as the console asks for them, and as it shows what became of them.</summary>
public class StepCommandTests
{
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("t", StepKind.Into, StepPeers.Run)]
    [InlineData("i", StepKind.Into, StepPeers.Hold)]
    [InlineData("p", StepKind.Over, StepPeers.Run)]
    [InlineData("gu", StepKind.Out, StepPeers.Run)]
    public async Task Each_command_asks_for_its_step_on_the_current_processor(string command, StepKind kind, StepPeers peers)
    {
        await using var console = await StoppedAsync();
        await console.RunAsync("~ 1");
        (await console.RunAsync(command)).ShouldBe("ffffffff`81000014    90                                  nop");
        console.Succeeded.ShouldBeTrue();
        var request = console.Target.Steps.Requests.ShouldHaveSingleItem();
        request.Processor.ShouldBe(1u);
        request.Kind.ShouldBe(kind);
        request.Peers.ShouldBe(peers);
        request.Limit.ShouldBe(Debugger.DefaultStepLimit);
        console.Session.Prompt.ShouldStartWith("1: ");
    }

    [Fact]
    public async Task A_count_is_hexadecimal_and_each_step_is_shown()
    {
        await using var console = await StoppedAsync();
        var lines = (await console.RunAsync("t 12")).Split('\n');
        lines.Length.ShouldBe(0x12);
        lines[^1].ShouldStartWith("ffffffff`81000058    90 ");
        console.Target.Steps.Requests.Count.ShouldBe(0x12);
    }

    [Fact]
    public async Task A_program_gets_how_many_steps_were_made_and_where_they_ended()
    {
        await using var console = await StoppedAsync();
        var objects = await console.RunJsonAsync("p 2");
        objects.Count(item => (string?)item["type"] == "stop" && (string?)item["reason"] == "step" && (bool?)item["complete"] == true).ShouldBe(2);
        var data = objects.Single(item => (string?)item["type"] == "result")["data"]!;
        ((int?)data["steps"]).ShouldBe(2);
        ((string?)data["reason"]).ShouldBe("step");
        ((string?)data["rip"]).ShouldBe("0xffffffff81000018");
    }

    [Fact]
    public async Task What_is_stepped_is_followed_to_another_processor()
    {
        await using var console = await StoppedAsync();
        console.Target.Steps.Outcome = _ => () => console.Target.Steps.Finish(1);
        await console.RunAsync("p 2");
        console.Target.Steps.Requests.Select(request => request.Processor).ShouldBe([0u, 1u]);
    }

    [Theory]
    [InlineData(StopReason.Event, "event 3", "event")]
    [InlineData(StopReason.Breakpoint, "breakpoint 3", "breakpoint")]
    [InlineData(StopReason.Pause, "a pause", "pause")]
    public async Task Another_stop_ends_the_steps_and_is_named(StopReason reason, string cause, string name)
    {
        await using var console = await StoppedAsync();
        console.Target.Steps.Outcome = number => number == 1 ? () => console.Target.Stop(reason, 3, 3) : () => console.Target.Steps.Finish(0);
        var text = await console.RunAsync("t 5");
        text.ShouldEndWith($"{cause} came before the end of step 2 of 5");
        console.Succeeded.ShouldBeTrue();
        console.Target.Steps.Requests.Count.ShouldBe(2);
        await console.RunAsync("g");
        console.Target.Stop(StopReason.Pause);
        await console.Debugger.WaitForStopAsync(Enough);
        console.Target.Steps.Outcome = _ => () => console.Target.Stop(reason, 3, 3);
        var data = (await console.RunJsonAsync("gu")).Single(item => (string?)item["type"] == "result")["data"]!;
        ((string?)data["reason"]).ShouldBe(name);
        ((string?)data["endedBy"]).ShouldBe(cause);
        ((int?)data["steps"]).ShouldBe(0);
    }

    [Fact]
    public async Task A_step_that_reaches_its_limit_fails_and_says_so()
    {
        await using var console = await StoppedAsync();
        console.Target.Steps.Outcome = _ => () => console.Target.Steps.Finish(0, StepEnd.LimitReached);
        (await console.RunAsync("gu")).ShouldEndWith("the step has not come to its end after f4240 instructions: repeat the command, or set a breakpoint and use 'g'");
        console.Succeeded.ShouldBeFalse();
        console.Target.Steps.Outcome = _ => () => console.Target.Steps.Finish(0, StepEnd.NoPlaceToStop);
        (await console.RunAsync("p")).ShouldContain("the step ends inside the call");
        console.Succeeded.ShouldBeFalse();
    }

    [Fact]
    public async Task Giving_up_a_step_stops_the_guest()
    {
        await using var console = await StoppedAsync();
        using var giveUp = new CancellationTokenSource();
        console.Target.Steps.Outcome = _ => giveUp.Cancel;
        var outcome = await console.Session.ExecuteAsync("gu", giveUp.Token);
        outcome.Succeeded.ShouldBeFalse();
        console.Text.ShouldContain("interrupted");
        console.Debugger.CurrentStop!.Reason.ShouldBe(StopReason.Pause);
    }

    [Fact]
    public async Task A_step_whose_reply_and_stop_were_lost_on_the_line_is_made_once_and_noticed()
    {
        await using var console = await StoppedAsync();
        var dropped = 0;
        console.Target.Line = frame => (MessageType)frame[6] is (MessageType.Step | MessageType.ReplyBit) or MessageType.Stopped && dropped++ < 2 ? null : frame;
        await console.RunAsync("t");
        console.Succeeded.ShouldBeTrue();
        console.Target.Steps.Requests.Count.ShouldBe(1);
        console.Debugger.CurrentStop!.Rip.ShouldBe(0xffffffff81000014);
    }

    [Fact]
    public async Task A_step_needs_a_stopped_guest_a_processor_that_can_and_a_console_that_may()
    {
        await using var console = await StoppedAsync();
        console.Target.Machine.Capabilities = TargetCapabilities.ModeBasedExecute;
        (await console.RunAsync("t")).ShouldBe("the processor lacks the monitor trap flag, without which there are no steps and no breakpoints");
        await console.RunAsync("g");
        (await console.RunAsync("t")).ShouldBe("the guest runs: stop it first with 'pause' or Ctrl+C");
        await using var observer = await ConsoleHarness.StartAsync(null, null, FakeTarget.FastOptions with { Manner = AttachManner.Observer });
        (await observer.RunAsync("gu")).ShouldBe("this console observes only (--observe): nothing may stop the guest");
        (await observer.RunAsync("bp 1000")).ShouldContain("the guest runs");
    }

    private static async Task<ConsoleHarness> StoppedAsync()
    {
        var target = new FakeTarget();
        target.Machine.Put(0xffffffff81000000, Enumerable.Repeat((byte)0x90, 0x100).ToArray());
        var console = await ConsoleHarness.StartAsync(target);
        await console.RunAsync("pause");
        return console;
    }
}
