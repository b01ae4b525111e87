using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Examples;
using HvDbg.Output;
using HvDbg.Terminal;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Forwarding;

/// <summary>Programs that leave: a batch of the console, and the example on the library.</summary>
public sealed class LeavingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hvdbg").FullName;
    private readonly CancellationTokenSource _end = new();
    private readonly FakeTarget _target = new();

    public LeavingTests()
    {
        _target.Machine.Processes.Add(FakeMachine.Process(0x1c0, "counter", 0x10a3c2000));
        _target.Listen(Socket, _end.Token);
    }

    private string Socket => Path.Combine(_folder, "debug.sock");

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_batch_writes_everything_before_it_leaves()
    {
        AfterAddEvent(() => _target.SendTransitions(0, 0, 5000));
        var pipe = Path.Combine(_folder, "pipe");
        var log = Path.Combine(_folder, "log");
        var output = new StringWriter();
        var running = CommandLine.InvokeAsync(
            [
                $"unix:{Socket}", "-c", $"output create log file {log}", "-c", "output open log", "-c", $"output create pipe namedpipe {pipe}",
                "-c", "output open pipe", "-c", "!mode u pid 1c0 log output {log,pipe}", "-c", "wait event 0n5000 timeout 0n30",
            ],
            output,
            output,
            (options, token) => ConsoleProgram.RunAsync(options, new PlainOutput(output, output), new PlainLineReader(TextReader.Null), token));
        await Messages.Until(() => File.Exists(pipe), "the pipe is made");
        using var reader = await PipeReader.OpenAsync(pipe);
        var lines = await reader.RestAsync();
        (await running.Soon()).ShouldBe(0);
        lines.ShouldBe(Messages.Lines(0, 0, 5000));
        File.ReadAllLines(log).ShouldBe([.. Messages.Lines(0, 0, 5000)]);
        output.ToString().ShouldNotContain("reached");
    }

    [Fact]
    public async Task The_example_registers_two_actions_prints_what_comes_and_clears_the_event()
    {
        var asked = Array.Empty<EventAction>();
        AfterAddEvent(() =>
        {
            var known = _target.Events.Known[0];
            asked = Array.ConvertAll(known.Actions, action => action.Kind);
            _target.SendTransitions(0, 0x20, 1);
            _target.SendTransitions(9, 0x21, 1);
            _target.SendBuffer(0, 0x20, 1, 0, 0, 0, 0, 0, 0, 0);
            _target.SendTransitions(0, 0x22, 5);
        });
        var output = new StringWriter { NewLine = "\n" };
        (await LogTransitions.RunAsync([$"unix:{Socket}", "448", "4"], output).Soon()).ShouldBe(0);
        asked.ShouldBe([EventAction.Log, EventAction.CustomCode]);
        output.ToString().ShouldBe("""
            event 0 watches counter
            tick 20: the kernel was reached at 401000
            tick 20: rax was 1
            tick 22: the kernel was reached at 401000
            tick 23: the kernel was reached at 401000

            """.ReplaceLineEndings("\n"));
        _target.Machine.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_example_clears_its_event_when_its_code_fails_and_explains_itself()
    {
        AfterAddEvent(() => _target.SendFault(0));
        var output = new StringWriter { NewLine = "\n" };
        (await LogTransitions.RunAsync([$"unix:{Socket}", "448"], output).Soon()).ShouldBe(1);
        output.ToString().ShouldEndWith("the event's code failed at 1003, and it is disabled\n");
        _target.Machine.Events.ShouldBeEmpty();
        (await LogTransitions.RunAsync([$"unix:{Socket}", "0x1c0"], output)).ShouldBe(2);
        output.ToString().ShouldContain("usage: ");
    }

    /// <summary>Sends something right behind the answer to the registration.</summary>
    private void AfterAddEvent(Action send)
    {
        _target.Line = frame =>
        {
            if (Frames.Decode([frame]).Found[0].Type == (MessageType.AddEvent | MessageType.ReplyBit))
            {
                _target.Line = passed => passed;
                _target.SendRaw(frame);
                send();
                return null;
            }

            return frame;
        };
    }
}
