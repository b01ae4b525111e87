using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Output;
using HvDbg.Terminal;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Program;

/// <summary>The program as a script starts it: its arguments, what it prints, and its exit status.</summary>
public sealed class BatchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hvdbg").FullName;
    private readonly CancellationTokenSource _end = new();
    private readonly FakeTarget _target = new();
    private string _output = "";
    private string _errors = "";

    public void Dispose()
    {
        _end.Cancel();
        Directory.Delete(_folder, recursive: true);
    }

    private string Socket => Path.Combine(_folder, "debug.sock");

    [Fact]
    public async Task All_commands_succeed()
    {
        _target.Listen(Socket, _end.Token);
        (await RunAsync($"unix:{Socket}", "-c", "r rip", "-c", "rdmsr c0000082")).ShouldBe(0);
        _output.ShouldBe($"""
            attached to unix:{Socket}: 2 processor(s), guest running
            rip=ffffffff81000010
            msr c0000082=ffffffff81e00080

            """.ReplaceLineEndings("\n"));
        _errors.ShouldBe("");
    }

    [Fact]
    public async Task A_failed_command_makes_the_status_1_and_the_others_run_all_the_same()
    {
        _target.Listen(Socket, _end.Token);
        (await RunAsync($"unix:{Socket}", "-c", "rdmsr 1", "-c", "r rip")).ShouldBe(1);
        _output.ShouldContain("rip=ffffffff81000010");
        _errors.ShouldBe("the processor has no such MSR (#GP)\n");
    }

    [Fact]
    public async Task A_command_that_is_none_makes_the_status_1()
    {
        _target.Listen(Socket, _end.Token);
        (await RunAsync($"unix:{Socket}", "-c", "bogus")).ShouldBe(1);
        _errors.ShouldBe("there is no command \"bogus\": '.help' lists the commands\n  bogus\n  ^\n");
    }

    [Fact]
    public async Task Stop_on_error_leaves_at_the_first_failure()
    {
        _target.Listen(Socket, _end.Token);
        (await RunAsync($"unix:{Socket}", "--stop-on-error", "-c", "rdmsr 1", "-c", "r rip")).ShouldBe(1);
        _output.ShouldNotContain("rip=");
    }

    [Fact]
    public async Task Exit_ends_the_batch()
    {
        _target.Listen(Socket, _end.Token);
        (await RunAsync($"unix:{Socket}", "-c", "exit", "-c", "rdmsr 1")).ShouldBe(0);
    }

    [Fact]
    public async Task Files_and_commands_run_in_the_order_of_the_command_line()
    {
        _target.Listen(Socket, _end.Token);
        var file = Path.Combine(_folder, "script");
        await File.WriteAllTextAsync(file, "# a comment\n\n  r cs  \r\nr ss\n");
        (await RunAsync($"unix:{Socket}", "-c", "r rip", "-f", file, "--command", "r zf")).ShouldBe(0);
        _output.Split('\n')[1..^1].ShouldBe(["rip=ffffffff81000010", "cs=0010", "ss=0018", "zf=1"]);
    }

    [Fact]
    public async Task A_missing_file_fails_before_anything_is_sent()
    {
        _target.Listen(Socket, _end.Token);
        (await RunAsync($"unix:{Socket}", "-c", "pause", "-f", Path.Combine(_folder, "none"))).ShouldBe(1);
        _errors.ShouldContain("none");
        _target.Received.ShouldBe(0);
    }

    [Fact]
    public async Task The_target_may_appear_later()
    {
        var running = RunAsync($"unix:{Socket}", "--wait", "20", "-c", "r rip");
        await Task.Delay(400);
        running.IsCompleted.ShouldBeFalse();
        _target.Listen(Socket, _end.Token);
        (await running).ShouldBe(0);
    }

    [Fact]
    public async Task A_target_that_does_not_appear_makes_the_status_1()
    {
        (await RunAsync($"unix:{Socket}", "--wait", "0.3", "-c", "r rip")).ShouldBe(1);
        _errors.ShouldStartWith("no target within 0.3 s: ");
        _errors.TrimEnd('\n').ShouldNotContain("\n");
    }

    [Theory]
    [InlineData("COM1", "endpoint \"COM1\": expected tcp:HOST:PORT, unix:PATH or a device path like /dev/ttyS0,115200")]
    [InlineData("unix:x --wait soon", "--wait: expected a number of seconds from 0 to 1000000, found \"soon\"")]
    [InlineData("unix:x -c", "Required argument missing for option: '-c'.")]
    [InlineData("unix:x y", "Unrecognized command or argument 'y'.")]
    public async Task A_wrong_command_line_makes_the_status_2(string arguments, string message)
    {
        (await RunAsync(arguments.Split(' '))).ShouldBe(2);
        _errors.ShouldBe(message + "\n");
    }

    [Fact]
    public async Task A_command_may_begin_like_a_response_file()
    {
        _target.Listen(Socket, _end.Token);
        (await RunAsync($"unix:{Socket}", "-c", "@rip")).ShouldBe(1);
        _errors.ShouldStartWith("there is no command \"@rip\"");
    }

    [Fact]
    public async Task With_json_every_line_is_an_object()
    {
        _target.Machine.Processes.Add(FakeMachine.Process(0x1c0, "counter", 0x10a3c2000));
        _target.Machine.Put(0xffffffff81000010, 0x90);
        _target.Listen(Socket, _end.Token);
        (await RunAsync(
            $"unix:{Socket}", "--json", "-c", "!mode u pid 1c0", "-c", "pause", "-c", "r rip", "-c", "db @rip l 2", "-c", "bogus", "-c", "rdmsr 1", "-c", "events"))
            .ShouldBe(1);
        _errors.ShouldBe("");
        var objects = _output.TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!.AsObject()).ToArray();
        objects.Select(item => (string)item["type"]!).ShouldBe(["attached", "result", "stop", "result", "result", "result", "error", "error", "result"]);
        ((bool)objects[0]["stopped"]!).ShouldBeFalse();
        ((int)objects[1]["data"]!["event"]!).ShouldBe(0);
        ((string)objects[1]["command"]!).ShouldBe("!mode u pid 1c0");
        ((string)objects[2]["reason"]!).ShouldBe("pause");
        ((string)objects[2]["rip"]!).ShouldBe("0xffffffff81000010");
        ((string)objects[2]["instruction"]!["text"]!).ShouldBe("nop");
        ((int)objects[2]["pid"]!).ShouldBe(0x1c0);
        ((string)objects[4]["data"]!["rip"]!).ShouldBe("0xffffffff81000010");
        ((string)objects[5]["data"]!["bytes"]!).ShouldBe("9000");
        ((int)objects[6]["position"]!).ShouldBe(0);
        ((string)objects[7]["name"]!).ShouldBe("rdmsr");
        ((string)objects[7]["message"]!).ShouldBe("the processor has no such MSR (#GP)");
        ((string)objects[8]["data"]!["events"]![0]!["command"]!).ShouldBe("!mode u pid 1c0");
    }

    [Fact]
    public async Task With_json_a_target_that_does_not_appear_is_an_object_too()
    {
        (await RunAsync($"unix:{Socket}", "--wait", "0.2", "--json", "-c", "r")).ShouldBe(1);
        ((string)JsonNode.Parse(_output)!["type"]!).ShouldBe("error");
    }

    [Fact]
    public async Task Every_command_answers_an_object_with_json()
    {
        _target.Machine.Put(0xffffffff81000010, 0x90);
        _target.Machine.Processes.Add(FakeMachine.Process(5, "x", 0x1000));
        _target.Machine.Symbols[0xffffffff81000000] = "_stext";
        _target.Listen(Socket, _end.Token);
        var commands = new[]
        {
            ".help", ".help r", "preactivate mode", "pause", "r", "r rax=1", "u l 1", "eb @rip 90", "!pte @rip", "!va2pa @rip", "~", "~ 0",
            ".process", ".status", "cpu", "wrmsr c0000082 1", "sleep 1", "flush",
            "!mode u pid 5 condition {90} code {90} buffer 10 log", "events", "events show 0", "events sc on 0", "events c all", "g", "exit",
        };
        (await RunAsync([$"unix:{Socket}", "--json", .. commands.SelectMany(command => new[] { "-c", command })])).ShouldBe(0);
        var results = _output.TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!).Where(item => (string)item["type"]! == "result").ToArray();
        results.Select(item => (string)item["command"]!).ShouldBe(commands);
        results.ShouldAllBe(item => item["data"] is JsonObject);

        // Every field is documented; those of "r" are the registers' names.
        var document = Resources.Read("commands.md");
        var undocumented = results
            .Where(item => (string)item["name"]! != "r")
            .SelectMany(FieldsOf)
            .Where(name => !document.Contains($"`{name}`", StringComparison.Ordinal));
        undocumented.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_console_that_observes_says_so_and_stops_nothing()
    {
        _target.Machine.Processes.Add(FakeMachine.Process(5, "x", 0x1000));
        _target.Listen(Socket, _end.Token);
        (await RunAsync($"unix:{Socket}", "--observe", "-c", "!mode u pid 5", "-c", "pause", "-c", "!mode u pid 5 count", "-c", ".status")).ShouldBe(1);
        _output.ShouldStartWith($"attached to unix:{Socket}: 2 processor(s), guest running, observing only\n");
        _output.ShouldContain("event 0 watches pid 5 (0n5), x\n");
        _output.ShouldContain("\nconsole   observes only: nothing it does stops the guest\n");
        _errors.ShouldBe("""
            !mode: without code, log or count an event stops the guest, and this console observes only (--observe)
            this console observes only (--observe): nothing may stop the guest

            """.ReplaceLineEndings("\n"));
        _target.Manner.ShouldBe(AttachManner.Observer);
        _target.Machine.State.ShouldBe(TargetState.Running);
        _target.Executed.ShouldNotContain(MessageType.Pause);
        _target.Machine.Events.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_command_with_an_open_brace_goes_on_in_the_next_line_of_a_file()
    {
        _target.Machine.Processes.Add(FakeMachine.Process(5, "x", 0x1000));
        _target.Listen(Socket, _end.Token);
        var file = Path.Combine(_folder, "script");
        await File.WriteAllTextAsync(file, "!mode u pid 5 code {\r\n  90\r\n  # 91\r\n  c3\r\n} log\nr cs\n!mode u pid 6 code {\n  90\n zz }\n!mode u {");
        (await RunAsync($"unix:{Socket}", "-f", file)).ShouldBe(1);
        _errors.Split('\n').ShouldBe(
        [
            "code: '#' is no hexadecimal digit; for assembly text put 'asm' before", "    # 91", "    ^",
            "code: 'z' is no hexadecimal digit; for assembly text put 'asm' before", "   zz }", "   ^",
            "the brace is not closed", "  !mode u {", "          ^", "",
        ]);
        _output.ShouldEndWith("\ncs=0010\n");
        await File.WriteAllTextAsync(file, "!mode u pid 5 code {\r\n  90\r\n  c3\r\n} log\n");
        (await RunAsync($"unix:{Socket}", "-f", file)).ShouldBe(0);
        _target.Events.Known[0].Bytes(_target.Events.Known[0].Actions[0].Code).ShouldBe([0x90, 0xc3]);
    }

    [Fact]
    public async Task A_stop_from_before_is_shown_to_a_console_that_attaches_late()
    {
        _target.Machine.Put(0xffffffff81000010, 0x90);
        _target.Stop(StopReason.WaitForDebugger);
        _target.Listen(Socket, _end.Token);
        (await RunAsync($"unix:{Socket}", "-c", "g")).ShouldBe(0);
        _output.ShouldBe($"""
            attached to unix:{Socket}: 2 processor(s), guest stopped
            waiting for the debugger before the next program starts, processor 0
            ffffffff`81000010    90                                  nop

            """.ReplaceLineEndings("\n"));
        _target.Machine.State.ShouldBe(TargetState.Running);
    }

    [Fact]
    public async Task A_stop_by_an_event_from_before_is_what_a_late_console_waits_for()
    {
        _target.Stop(StopReason.Event, 4, 3);
        _target.Listen(Socket, _end.Token);
        (await RunAsync($"unix:{Socket}", "-c", "wait event timeout 5")).ShouldBe(0);
        (await RunAsync($"unix:{Socket}", "-c", "g", "-c", "wait event timeout 1")).ShouldBe(1);
    }

    [Fact]
    public async Task Without_a_batch_lines_come_from_the_input_until_its_end()
    {
        _target.Listen(Socket, _end.Token);
        var output = new StringWriter();
        var options = new ConsoleOptions { Endpoint = $"unix:{Socket}" };
        var status = await ConsoleProgram.RunAsync(
            options, new PlainOutput(output, output), new PlainLineReader(new StringReader("r cs\nbogus\n\nr ss\n")), default);
        status.ShouldBe(0);
        output.ToString().Split('\n')[1..^1].ShouldBe(["cs=0010", "there is no command \"bogus\": '.help' lists the commands", "  bogus", "  ^", "ss=0018"]);
    }

    private static IEnumerable<string> FieldsOf(JsonNode node) => node switch
    {
        JsonObject item => item.SelectMany(field => field.Value is null ? [field.Key] : FieldsOf(field.Value).Prepend(field.Key)),
        JsonArray list => list.SelectMany(item => item is null ? [] : FieldsOf(item)),
        _ => [],
    };

    private async Task<int> RunAsync(params string[] arguments)
    {
        var output = new StringWriter { NewLine = "\n" };
        var errors = new StringWriter { NewLine = "\n" };
        var status = await CommandLine.InvokeAsync(
            arguments,
            output,
            errors,
            (options, token) => ConsoleProgram.RunAsync(
                options,
                options.Json ? new JsonOutput(output) : new PlainOutput(output, errors),
                new PlainLineReader(TextReader.Null),
                token));
        (_output, _errors) = (output.ToString(), errors.ToString());
        return status;
    }
}
