using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Commands;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Language;

/// <summary>What the options of <c>!mode</c> ask the target for: defaults, every option, and what is answered where HyperDbg's own answer is none.</summary>
public class ModeOptionTests
{
    private static FakeTarget MakeTarget()
    {
        var target = new FakeTarget();
        target.Machine.Processes.Add(FakeMachine.Process(0x490, "counter", 0x10a3c2000));
        target.Machine.Processes.Add(FakeMachine.Process(0x1c0, "other", 0x10a3c3000));
        target.Machine.RefuseDuplicates = false;
        target.Machine.Activated = true;
        return target;
    }

    [Fact]
    public async Task Without_options_the_defaults_hold()
    {
        var asked = await AskAsync("!mode u pid 490");
        var request = asked.Request;
        request.Type.ShouldBe((EventType)25);
        request.Direction.ShouldBe(ModeTrapDirection.User);
        request.KeyKind.ShouldBe(ProcessKeyKind.Pid);
        request.Key.ShouldBe(0x490ul);
        request.Processor.ShouldBe(uint.MaxValue);
        request.Flags.ShouldBe(EventFlags.None);
        request.Condition.ShouldBe(default);
        asked.Actions.ShouldBe([new ActionDescriptor { Kind = EventAction.Break }]);
        asked.Text.ShouldBe("!mode u pid 490"u8.ToArray());
    }

    [Theory]
    [InlineData("u", 3u)]
    [InlineData("k", 0u)]
    [InlineData("uk", 1u)]
    [InlineData("ku", 1u)]
    [InlineData("KU", 1u)]
    public async Task The_mode_has_the_manuals_numbers(string mode, uint number) =>
        ((uint)(await AskAsync($"!mode {mode} pid 490")).Request.Direction).ShouldBe(number);

    [Theory]
    [InlineData("imm yes", EventFlags.None)]
    [InlineData("imm no", EventFlags.Collect)]
    [InlineData("sc off", EventFlags.None)]
    [InlineData("sc on", EventFlags.ShortCircuit)]
    [InlineData("IMM No SC On", EventFlags.Collect | EventFlags.ShortCircuit)]
    [InlineData("stage pre", EventFlags.None)]
    public async Task Flags(string options, EventFlags flags) => (await AskAsync($"!mode u {options} pid 490")).Request.Flags.ShouldBe(flags);

    [Fact]
    public async Task Core_and_address_space()
    {
        var request = (await AskAsync("!mode core 0n1 cr3 10a3c2000 k")).Request;
        (request.Processor, request.KeyKind, request.Key).ShouldBe((1u, ProcessKeyKind.Cr3, 0x10a3c2000ul));
    }

    [Theory]
    [InlineData("log", new[] { EventAction.Log })]
    [InlineData("count", new[] { EventAction.Count })]
    [InlineData("code {90}", new[] { EventAction.CustomCode })]
    [InlineData("code {90} count", new[] { EventAction.CustomCode })]
    [InlineData("code {90} log", new[] { EventAction.CustomCode, EventAction.Log })]
    [InlineData("log code {90}", new[] { EventAction.Log, EventAction.CustomCode })]
    [InlineData("code {90} log code {cc}", new[] { EventAction.CustomCode, EventAction.Log, EventAction.CustomCode })]
    [InlineData("condition {90}", new[] { EventAction.Break })]
    [InlineData("buffer 10", new[] { EventAction.Break })]
    public async Task Actions_come_in_the_order_given(string options, EventAction[] kinds) =>
        (await AskAsync($"!mode u {options} pid 490")).Actions.Select(action => action.Kind).ShouldBe(kinds);

    [Fact]
    public async Task Code_is_taken_byte_for_byte_and_each_has_its_buffer()
    {
        var asked = await AskAsync("!mode ku pid 490 code {65488B042588010000488B80B8000000480550040000C3} buffer 18 code{90 90 90} condition {48 89 d0}");
        asked.Bytes(asked.Actions[0].Code).ShouldBe(Convert.FromHexString("65488B042588010000488B80B8000000480550040000C3"));
        asked.Bytes(asked.Actions[1].Code).ShouldBe([0x90, 0x90, 0x90]);
        asked.Bytes(asked.Request.Condition).ShouldBe([0x48, 0x89, 0xd0]);
        asked.Actions.Select(action => action.BufferBytes).ShouldBe([0x18u, 0x18u]);
    }

    [Fact]
    public async Task Asm_binds_to_its_own_block()
    {
        var asked = await AskAsync("!mode ku pid 490 asm condition {mov rax, rdx} code {90 90} asm code {nop; ret} code {c3}");
        asked.Bytes(asked.Request.Condition).ShouldBe([0x48, 0x89, 0xd0]);
        asked.Actions.Select(action => Convert.ToHexString(asked.Bytes(action.Code))).ShouldBe(["9090", "90C3", "C3"]);
        asked = await AskAsync("!mode ku pid 490 condition {48 89 d0} asm code {nop}");
        asked.Bytes(asked.Request.Condition).ShouldBe([0x48, 0x89, 0xd0]);
        asked.Bytes(asked.Actions[0].Code).ShouldBe([0x90]);
    }

    [Theory]
    [InlineData("!mode u pid 0x1c0")]
    [InlineData("!mode k pid 0x1c0")]
    [InlineData("!mode ku pid 0x1c0")]
    [InlineData("!mode ku pid 490 code {90 90 90}")]
    [InlineData("!mode ku pid 490 code {90 90 90} condition {90 90 90}")]
    [InlineData("!mode k pid 490 code {488B5A404881FB484442477402EB0848C7424048444232C3}")]
    [InlineData("!mode k pid 490 code {65488B042588010000488B80B8000000480550040000C3} buffer 18")]
    public async Task The_manuals_own_commands_are_accepted(string command) => (await AskAsync(command)).Actions.ShouldHaveSingleItem();

    [Fact]
    public async Task The_examples_of_help_are_accepted()
    {
        foreach (var example in CommandTable.Default.Find("!mode")!.Examples)
        {
            await AskAsync(example);
        }
    }

    [Theory]
    [InlineData("", RunManner.Direct, RunManner.Contained)]
    [InlineData("run auto", RunManner.Direct, RunManner.Contained)]
    [InlineData("run contained", RunManner.Contained, RunManner.Contained)]
    [InlineData("run root", RunManner.Direct, RunManner.Root)]
    public async Task Run_chooses_the_manner_by_what_is_proved(string run, RunManner provable, RunManner other)
    {
        // nop; and rdmsr, which is privileged; and jmp $, which does not end.
        var asked = await AskAsync($"!mode u pid 490 code {{90}} code {{0f 32}} code {{eb fe}} {run}");
        asked.Actions.Select(action => action.Code.Manner).ShouldBe([provable, other, other]);
    }

    [Fact]
    public async Task Vector_state_is_told_to_the_target()
    {
        // pxor xmm0, xmm0
        var asked = await AskAsync("!mode u pid 490 code {90} code {66 0f ef c0}");
        asked.Actions.Select(action => action.Code.Flags).ShouldBe([BlobFlags.None, BlobFlags.UsesVectorState]);
    }

    /// <summary>
    /// Situations in which HyperDbg's own client gives an error, another error than the one that is meant, or none: options, and our answer.
    /// Where it is a warning the event is set, else nothing is sent.
    /// </summary>
    public static TheoryData<string, string> Situations => new()
    {
        // Assembler failure: named at its place, instead of "incorrect use".
        { "!mode u pid 490 asm code {nop; ^movv rax, 1}", "code: *" },
        { "!mode u pid 490 asm condition {^movv rax, 1} code {90}", "condition: *" },

        // Not hexadecimal: says which of the two.
        { "!mode u pid 490 code {^nop}", "code: 'n' is no hexadecimal digit; for assembly text put 'asm' before" },
        { "!mode u pid 490 condition {^nop}", "condition: 'n' is no hexadecimal digit; for assembly text put 'asm' before" },

        // Scripts: missing file, empty file.
        { "!mode u pid 490 script ^{file:/nowhere/x.ds}", "script: there is no file /nowhere/x.ds" },
        { "!mode u pid 490 script ^file:/dev/null", "script: the file /dev/null is empty" },

        // Outputs.
        { "!mode u pid 490 output {^}", "output: expected names of outputs in braces, separated by commas, a name is missing" },
        { "!mode u pid 490 output {a,b,c,d,e,^f}", "output: expected at most 5 names, found 6" },
        { "!mode u pid 490 output {^a}", "output: there is no output a: 'output create a …' makes one" },

        // Values that are none.
        { "!mode u pid 490 buffer ^x", "buffer: expected a hexadecimal number of at most 32 bits (0n12 is decimal), found \"x\"" },
        { "!mode u pid ^x", "pid: expected a hexadecimal number of at most 32 bits (0n12 is decimal), found \"x\"" },
        { "!mode u pid 490 core ^x", "core: expected a hexadecimal number of at most 32 bits (0n12 is decimal), found \"x\"" },
        { "!mode u pid 490 imm ^maybe", "imm: expected yes or no, found \"maybe\"" },
        { "!mode u pid 490 sc ^maybe", "sc: expected on or off, found \"maybe\"" },
        { "!mode u pid 490 stage ^maybe", "stage: expected pre, post or all, found \"maybe\"" },

        // The option is the last word.
        { "!mode u pid 490 core^", "core: expected a hexadecimal number of at most 32 bits (0n12 is decimal), the value is missing" },
        { "!mode u pid^", "pid: expected a hexadecimal number of at most 32 bits (0n12 is decimal), the value is missing" },
        { "!mode u pid 490 imm^", "imm: expected yes or no, the value is missing" },

        // Stages.
        { "!mode u pid 490 sc on stage ^post", "stage: expected pre, found \"post\": what is short-circuited has no stage after it" },
        { "!mode u pid 490 sc on stage ^all", "stage: expected pre, found \"all\": what is short-circuited has no stage after it" },
        { "!mode u pid 490 stage ^post", "stage: expected pre, found \"post\": a transition has no stage after it" },
        { "!mode u pid 490 stage ^all", "stage: expected pre, found \"all\": a transition has no stage after it" },

        // Left over, missing, and unknown words.
        { "!mode u ^k pid 490", "!mode: expected pid, *" },
        { "!mode u ^u pid 490", "!mode: expected pid, *" },
        { "!mode u pid 490 ^stray", "!mode: expected core, *" },
        { "!mode pid 490^", "!mode: {u|k|uk|ku} is missing *" },
        { "!mode u^", "!mode: pid X or cr3 X is missing *" },
        { "!mode u pid ^all", "pid: !mode watches one process, and cannot watch all" },
        { "!mode ^x pid 490", "mode: expected u, k, uk or ku, found \"x\"" },

        // Digits that HyperDbg shifts, and a malformed block that it takes for none.
        { "!mode u pid 490 code {48 ^9}", "code: an odd number of hexadecimal digits: 9 has 1, a byte has two" },
        { "!mode u pid 490 code ^nop", "code: expected machine code in braces: *" },
    };

    [Theory]
    [MemberData(nameof(Situations))]
    public async Task Every_situation_has_its_own_answer(string marked, string message)
    {
        var position = marked.IndexOf('^', StringComparison.Ordinal);
        var command = marked.Remove(position, 1);
        await using var console = await ConsoleHarness.StartAsync(MakeTarget(), options: FakeTarget.FastOptions with { PollInterval = TimeSpan.Zero });
        console.Target.Executed.Clear();

        var lines = (await console.RunAsync(command)).Split('\n');

        console.Succeeded.ShouldBeFalse();
        lines.Length.ShouldBe(3);
        lines[1].ShouldBe("  " + command);
        if (message.EndsWith('*'))
        {
            // The position within the code is the assembler's own matter, and tested there.
            lines[0].ShouldStartWith(message[..^1]);
            lines[2].Trim().ShouldBe("^");
        }
        else
        {
            lines[0].ShouldBe(message);
            lines[2].ShouldBe(new string(' ', 2 + position) + "^");
        }

        console.Target.Executed.ShouldBeEmpty();
        console.Target.Machine.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_output_goes_together_with_imm_no()
    {
        var sinks = new FakeSinks { ["a"] = Sinks.SinkState.Open, ["b"] = Sinks.SinkState.NotOpened, ["c"] = Sinks.SinkState.Closed };
        await using var console = await ConsoleHarness.StartAsync(MakeTarget(), sinks: sinks);
        (await console.RunAsync("!mode u pid 490 log imm no output { a , b }")).ShouldBe("""
            event 0 watches pid 490 (0n1168), counter
            warning: the output b is not open yet: 'output open b' opens it
            """.ReplaceLineEndings("\n"));
        sinks.Attached.ShouldBe([(0u, "a b")]);
        (await console.RunAsync("!mode u pid 490 log output {A}")).ShouldStartWith("output: there is no output A: 'output create A …' makes one\n");
        (await console.RunAsync("!mode u pid 490 log output {c}")).ShouldStartWith("output: c is closed, for good: 'output create' makes another\n");
        (await console.RunAsync("!mode u pid 490 log output {a")).ShouldStartWith("the brace is not closed\n");
        console.Target.Machine.Events.Count.ShouldBe(1);
        sinks.Attached.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_break_is_refused_where_the_console_observes()
    {
        await using var console = await ConsoleHarness.StartAsync(
            MakeTarget(), options: FakeTarget.FastOptions with { PollInterval = TimeSpan.Zero, Manner = AttachManner.Observer });
        console.Target.Executed.Clear();
        (await console.RunAsync("!mode u pid 490 condition {90}")).ShouldBe(
            "!mode: without code, log or count an event stops the guest, and this console observes only (--observe)");
        console.Succeeded.ShouldBeFalse();
        console.Target.Executed.ShouldBeEmpty();
        (await console.RunAsync("!mode u pid 490 condition {90} code {90}")).ShouldBe("event 0 watches pid 490 (0n1168), counter");
    }

    [Fact]
    public async Task Warnings_about_dangers_come_once_in_a_session()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        const string Set = "watches pid 490 (0n1168), counter";
        const string Root = "warning: code that runs in VMX root ('run root') can take the machine down";
        const string Kernel = "warning: 'sc on' with k holds back system calls and interrupts of the process, and its processor with them, until a time limit ends it";
        (await console.RunAsync("!mode u pid 490 code {90} run root")).ShouldBe($"event 0 {Set}\n{Root}");
        (await console.RunAsync("!mode u pid 490 code {90} run root")).ShouldBe($"event 1 {Set}");
        (await console.RunAsync("!mode u pid 490 sc on log")).ShouldBe($"event 2 {Set}");
        (await console.RunAsync("!mode ku pid 490 sc on log")).ShouldBe($"event 3 {Set}\n{Kernel}");
        (await console.RunAsync("!mode k pid 490 sc on log")).ShouldBe($"event 4 {Set}");
        (await console.RunAsync("!mode k pid 490 buffer 10000 log")).ShouldBe(
            $"event 5 {Set}\nwarning: nothing uses the buffer, because there is no code");
    }

    private static async Task<FakeEvent> AskAsync(string command)
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        var answer = await console.RunAsync(command);
        console.Succeeded.ShouldBeTrue(answer);
        return console.Target.Events.Known[0];
    }

    private sealed class FakeSinks : Dictionary<string, Sinks.SinkState>, Sinks.ISinkRegistry
    {
        internal List<(uint Id, string Names)> Attached { get; } = [];

        public Sinks.SinkState StateOf(string name) => this.GetValueOrDefault(name);

        public void Attach(uint eventId, IReadOnlyList<string> names)
        {
            if (names.Count > 0)
            {
                Attached.Add((eventId, string.Join(' ', names)));
            }
        }
    }
}
