using System;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Program;

/// <summary>Scripts at the console: compiled for what the target says, and shown by what was compiled.</summary>
public class ScriptCommandTests
{
    private const string Printing = "!mode k pid 490 script {\n  .n = .n + 1;\n  printf(\"n is %d of %s\\n\", .n, $pname);\n}";

    private static FakeTarget MakeTarget()
    {
        var target = new FakeTarget();
        target.Machine.Processes.Add(FakeMachine.Process(0x490, "counter", 0x10a3c2000));
        target.Machine.Activated = true;
        return target;
    }

    // What the target sends for the format of Printing.
    private static byte[] Message(uint eventId, ushort part = 0) =>
    [
        .. Wire.Bytes(new PrintRecord { EventId = eventId, Part = part, Kinds = 0b0100, Format = 0, Arguments = 2, StringBytes = 11, Tick = 5 }),
        .. Wire.Bytes(41UL),
        .. Wire.Bytes(0xFFFF_8780_0031_7F00UL),
        .. Wire.Bytes(new PrintedString { Bytes = 7 }),
        .. "counter"u8,
    ];

    [Fact]
    public async Task A_script_is_sent_as_direct_code_with_its_mark_and_so_is_its_condition()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        await console.RunAsync("!mode k pid 490 when {@rax == 1} script {.n = .n + 1;} log");
        var asked = console.Target.Events.Known.Single().Value;
        asked.Actions.Select(action => action.Kind).ShouldBe([EventAction.Script, EventAction.Log]);
        asked.Actions[0].Code.Manner.ShouldBe(RunManner.Direct);
        asked.Actions[0].Code.Flags.ShouldBe(BlobFlags.Script);
        asked.Request.Condition.Flags.ShouldBe(BlobFlags.Script);
        asked.Request.Condition.Bytes.ShouldBeGreaterThan(0u);
    }

    [Fact]
    public async Task A_wrong_script_is_shown_at_its_place_and_no_event_is_set()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        var lines = (await console.RunAsync("!mode k pid 490 script {\n  .n = ;\n}")).Split('\n');
        lines[0].ShouldStartWith("script 2:8: ");
        lines[1].ShouldBe("    .n = ;");
        lines[2].ShouldBe("         ^");
        console.Target.Events.Known.ShouldBeEmpty();
        (await console.RunAsync("!mode k pid 490 when {1} condition {90}")).ShouldStartWith("when: cannot go together with condition");
        console.Target.Events.Known.ShouldBeEmpty();
    }

    [Fact]
    public async Task Messages_are_formatted_by_the_console_that_set_the_event_and_by_one_that_attached_later()
    {
        var target = MakeTarget();
        await using (var first = await ConsoleHarness.StartAsync(target))
        {
            await first.RunAsync(Printing);
            target.Send(MessageType.Print, [.. Message(0), .. Message(0)]);
            (await first.RunAsync("wait event 2")).ShouldContain("n is 41 of counter\nn is 41 of counter");
        }

        await using var later = await ConsoleHarness.StartAsync(target);
        target.Send(MessageType.Print, Message(0));
        await later.RunAsync("wait event 1");
        later.Text.ShouldContain("n is 41 of counter");
    }

    [Fact]
    public async Task A_failure_is_shown_by_line_and_caret()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        await console.RunAsync("!mode k pid 490 script {\n  .n = 1;\n  .n = 5 / .m;\n}");
        var code = console.Target.Events.Known.Single().Value.Actions[0].Code;
        var script = await console.Session.Scripts.FindAsync(0, default);
        var offset = script!.Script!.Lines.First(line => line.Span.Source is not null && line.Span.Position.Line == 3).Offset;
        console.Target.Send(MessageType.BlobFault, new BlobFault
        {
            Kind = BlobFaultKind.ScriptFailure,
            Detail = (uint)ScriptFailure.DivisionByZero,
            CodeAddress = 0x1000,
            CodeBytes = code.Bytes,
            Rip = 0x1001 + (ulong)offset,
        });
        var lines = (await console.RunAsync("wait event 1")).Split('\n');
        lines[0].ShouldBe("event 0: its script failed, and it is disabled");
        lines[1].ShouldStartWith("script 3:");
        lines[1].ShouldEndWith(": division by zero");
        lines[2].ShouldBe("    .n = 5 / .m;");
    }

    [Fact]
    public async Task An_expression_is_shown_and_statements_run_with_what_they_print_ahead_of_the_answer()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        console.Target.Stop(StopReason.Pause);
        await console.RunAsync("pause");
        console.Target.Events.Run = (request, _) =>
        {
            request.Flags.ShouldBe(BlobFlags.Script);
            return (new RunCodeReply { Result = 0x1F }, []);
        };
        (await console.RunAsync("? @rax + 1")).ShouldEndWith("1f  (0n31)");
        (await console.RunAsync("print @rax + 1")).ShouldBe("1f");
        console.Target.Events.Run = (_, _) =>
        {
            console.Target.Send(MessageType.Print, Message(LinkProtocol.All));
            return (new RunCodeReply(), []);
        };
        (await console.RunAsync("? printf(\"n is %d of %s\\n\", .n, $pname)")).ShouldBe("n is 41 of counter");
    }

    [Fact]
    public async Task An_argument_may_be_an_expression_of_the_language_and_sums_need_no_script()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        console.Target.Stop(StopReason.Pause);
        await console.RunAsync("pause");
        var runs = 0;
        console.Target.Events.Run = (_, _) =>
        {
            runs++;
            return (new RunCodeReply { Result = 0x1234 }, []);
        };
        await console.RunAsync("r rax = poi(@rsp + 8) & ff");
        runs.ShouldBe(1);
        (await console.RunAsync("r rax")).ShouldBe("rax=0000000000001234");
        await console.RunAsync("r rax=@rax + 1");
        (await console.RunAsync("r rax")).ShouldBe("rax=0000000000001235");
        runs.ShouldBe(1);
        await console.RunAsync("db poi( @rsp + 8 ) l 10");
        runs.ShouldBe(2);
        (await console.RunAsync("db poi(@rsp")).ShouldContain("expected");
        runs.ShouldBe(2);
    }

    [Fact]
    public async Task A_brace_in_a_literal_or_a_comment_does_not_end_a_script()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        var answer = await console.RunAsync("!mode k pid 490 script { printf(\"}{ \\\"}\"); // }\n /* } */ .n = 1; } imm no");
        answer.ShouldStartWith("event 0 watches");
        console.Target.Events.Known.Single().Value.Request.Flags.ShouldBe(EventFlags.Collect);
    }

    [Fact]
    public async Task Globals_are_listed_by_name()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        (await console.RunAsync("globals")).ShouldBe("no script has named a global");
        await console.RunAsync("!mode k pid 490 script {.n = .other;}");
        (await console.RunAsync("globals")).Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0])
            .ShouldBe(["name", ".n", ".other"]);
    }
}
