using System;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Output;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Program;

/// <summary>What is shown of events with code: lists, details, failures and buffers.</summary>
public class EventCommandTests
{
    private const string Name = "65488B042588010000488B80B8000000480550040000C3";

    private static FakeTarget MakeTarget()
    {
        var target = new FakeTarget();
        target.Machine.Processes.Add(FakeMachine.Process(0x490, "counter", 0x10a3c2000));
        target.Machine.RefuseDuplicates = false;
        target.Machine.Activated = true;
        return target;
    }

    [Fact]
    public async Task The_list_shows_the_command_of_another_console_cut_to_70_characters()
    {
        var target = MakeTarget();
        await using (var first = await ConsoleHarness.StartAsync(target))
        {
            await first.RunAsync("  !mode   ku pid 490\tcode {90 90 90} log  ");
            await first.RunAsync($"!mode ku pid 490 code {{{Name}}} buffer 18 imm no sc off");
        }

        await using var console = await ConsoleHarness.StartAsync(target);
        var lines = (await console.RunAsync("events")).Split('\n');
        lines[1].ShouldEndWith("  counter  !mode ku pid 490 code {90 90 90} log");
        lines[2].ShouldEndWith("  counter  !mode ku pid 490 code {65488B042588010000488B80B8000000480550040000C3…");
        lines[2].Split("  ")[^1].Length.ShouldBe(70);
        var json = (await console.RunJsonAsync("events"))[^1]["data"]!["events"]!.AsArray();
        ((string)json[1]!["command"]!).ShouldBe($"!mode ku pid 490 code {{{Name}}} buffer 18 imm no sc off");
    }

    [Theory]
    [InlineData(1, WatchState.Armed, EventCondition.None, "enabled")]
    [InlineData(0, WatchState.Armed, EventCondition.None, "disabled")]
    [InlineData(0, WatchState.Armed, EventCondition.Faulted, "faulted")]
    [InlineData(1, WatchState.Armed, EventCondition.Parked, "parked, enabled")]
    [InlineData(1, WatchState.ProcessExited, EventCondition.None, "process exited")]
    [InlineData(0, WatchState.ProcessExited, EventCondition.Faulted, "process exited")]
    public async Task States(byte enabled, WatchState state, EventCondition condition, string expected)
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        await console.RunAsync("!mode u pid 490");
        var row = console.Target.Machine.Events[0];
        console.Target.Machine.Events[0] = row with { Enabled = enabled, State = state, Condition = condition };
        (await console.RunAsync("events")).Split('\n')[1].ShouldStartWith($"0   {expected}  ");
        var json = (await console.RunJsonAsync("events"))[^1]["data"]!["events"]![0]!;
        ((bool)json["enabled"]!, (bool)json["faulted"]!, (bool)json["parked"]!, (bool)json["exited"]!).ShouldBe(
            (enabled != 0, condition == EventCondition.Faulted, condition == EventCondition.Parked, state == WatchState.ProcessExited));
    }

    [Fact]
    public async Task An_event_set_without_text_shows_the_command_that_its_row_tells()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        await console.Debugger.AddEventAsync(new ModeEventDefinition
        {
            Mode = ModeTrapDirection.Kernel,
            Process = ProcessKey.Cr3(0x777000),
            Processor = 1,
            Condition = CodeDefinition.Of([0x90]),
            Actions = [ActionDefinition.CustomCode([0x90])],
            ShortCircuit = true,
            Collect = true,
        });
        (await console.RunAsync("events")).Split('\n')[1].ShouldEndWith("  !mode k cr3 777000 core 1 sc on imm no condition {…} code {…}");
    }

    [Fact]
    public async Task Showing_an_event_tells_its_code_how_it_runs_and_why()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        await console.RunAsync($"!mode ku pid 490 core 1 condition {{48 89 d0}} code {{{Name}}} log code {{0f 32}} buffer 18 sc on imm no");
        console.Target.Events.Figures[(0, EventPart.Condition)] = new EventPartReply { Runs = 12, Ticks = 3 };
        console.Target.Events.Figures[(0, 0)] = new EventPartReply { Runs = 1, InvalidPointers = 2, Ticks = 1500, Buffer = 0x7000 };
        console.Target.Events.Figures[(0, 2)] = new EventPartReply { Faults = 1, Buffer = 0x8000 };
        var row = console.Target.Machine.Events[0];
        console.Target.Machine.Events[0] = row with
        {
            UserReached = 10000, KernelReached = 2, ConditionFalse = 3, ShortCircuited = 4, BreaksSuppressed = 5, Sent = 6, Dropped = 7, ActionTicks = 2000,
        };
        var lines = (await console.RunAsync("events show 0")).Split('\n');
        lines[..9].ShouldBe(
        [
            $"event 0: !mode ku pid 490 core 1 condition {{48 89 d0}} code {{{Name}}} log code {{0f 32}} buffer 18 sc on imm no",
            "  state      enabled",
            "  process    pid 490 (0n1168), counter",
            "  direction  ku: user mode or the kernel is reached",
            "  processor  1",
            "  options    imm no, sc on",
            "  triggers   user 10 000, kernel 2; condition false 3; short-circuited 4; breaks not carried out 5",
            "  messages   6 sent, 7 dropped",
            "  time       2.000 ms in condition and actions",
        ]);
        lines[9].ShouldBe("  condition  0x3 bytes; runs direct: proved to end after at most 1 instructions and to do nothing privileged");
        lines[10].ShouldBe("             ran 12 times, failed 0 times, 0 invalid pointers, 3.000 us");
        lines[11].ShouldStartWith("             0000  48 89 D0  ");
        lines[11].ShouldContain("mov rax");
        lines[12].ShouldStartWith("  action 0   code, 0x17 bytes, buffer of 0x18 bytes at 00000000`00007000; runs direct: proved to end after at most 4 instructions");
        lines[13].ShouldBe("             ran once, failed 0 times, 2 invalid pointers, 1.500 ms");
        lines[14].ShouldStartWith("             0000  65 48 8B 04 25 88 01 00 00  ");
        lines[15].ShouldStartWith("             0009  48 8B 80 B8 00 00 00  ");
        lines[16].ShouldStartWith("             0010  48 05 50 04 00 00  ");
        lines[17].ShouldStartWith("             0016  C3  ");
        lines[18].ShouldBe("  action 1   log");
        lines[19].ShouldStartWith("  action 2   code, 0x2 bytes, buffer of 0x18 bytes at 00000000`00008000; runs contained: ");
        lines[19].ShouldContain("rdmsr");
        lines[20].ShouldBe("             ran 0 times, failed once, 0 invalid pointers, 0.000 us");
        lines[21].ShouldContain("0F 32");
        lines.Length.ShouldBe(22);

        var json = (await console.RunJsonAsync("events show 0"))[^1]["data"]!;
        ((bool)json["shortCircuit"]!, (bool)json["immediate"]!, (uint)json["core"]!, (string)json["direction"]!).ShouldBe((true, false, 1u, "ku"));
        ((string)json["condition"]!["bytes"]!, (string)json["condition"]!["manner"]!).ShouldBe(("4889d0", "direct"));
        json["actions"]!.AsArray().Select(action => (string)action!["kind"]!).ShouldBe(["code", "log", "code"]);
        ((string)json["actions"]![0]!["bytes"]!).ShouldBe(Name.ToLowerInvariant());
        json["actions"]![0]!["instructions"]!.AsArray().Count.ShouldBe(4);
    }

    [Fact]
    public async Task What_is_proved_and_contained_all_the_same_says_so()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        await console.RunAsync("!mode u pid 490 code {90} run contained");
        (await console.RunAsync("events show 0")).ShouldContain("runs contained: as it was asked for; it is proved and could run directly\n");
        (await console.RunAsync("events show 5")).ShouldBe("there is no event with this number");
        console.Succeeded.ShouldBeFalse();
    }

    [Fact]
    public async Task Short_circuiting_means_the_event_that_stopped_the_guest_where_none_is_named()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        await console.RunAsync("!mode u pid 490");
        await console.RunAsync("!mode u pid 490 log");
        (await console.RunAsync("events sc on")).ShouldBe("events sc: no event stopped the guest: name the one that is meant");
        (await console.RunAsync("events sc on 1")).ShouldBe("event 1 short-circuited");
        console.Target.Machine.Events.Select(row => row.Flags).ShouldBe([EventFlags.None, EventFlags.ShortCircuit]);
        await console.RunAsync("pause");
        (await console.RunAsync("events sc off")).ShouldBe("events sc: no event stopped the guest: name the one that is meant");
        await console.RunAsync("g");
        console.Target.Stop(StopReason.Event, 0, 3);
        await console.RunAsync("wait event");
        (await console.RunAsync("events sc on")).ShouldBe("event 0 short-circuited");
        (await console.RunAsync("events sc off 1")).ShouldBe("event 1 short-circuited no longer");
        console.Target.Machine.Events.Select(row => row.Flags).ShouldBe([EventFlags.ShortCircuit, EventFlags.None]);
        (await console.RunAsync("events sc on 7")).ShouldBe("there is no event with this number");
    }

    [Fact]
    public async Task Flushing_shows_what_was_sent_and_tells_what_was_thrown_away()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        console.Target.Events.Waiting = 1200;
        console.Target.SendText("before\n");
        (await console.RunAsync("flush")).ShouldBe("""
            before
            the target dropped 1200 messages: its queue was full, or they were flushed
            1 200 messages thrown away, 1 200 dropped since boot
            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_buffer_is_dumped_with_its_event_and_as_text_where_it_is_one()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        Send(console.Target, "systemd\0\0\0\0\0\0\0\0\0\0\0"u8.ToArray(), 0xffff888100000450);
        Send(console.Target, [1, 2, 0xff], 0x7000);
        (await console.RunAsync("wait event 2")).ShouldBe("""
            event 1  action 2  processor 1  reached kernel  0x12 bytes at ffff8881`00000450  tick 64  "systemd"
            ffff8881`00000450  73 79 73 74 65 6D 64 00 00 00 00 00 00 00 00 00  systemd.........
            ffff8881`00000460  00 00                                            ..
            event 1  action 2  processor 1  reached kernel  0x3 bytes at 00000000`00007000  tick 64
            00000000`00007000  01 02 FF                                         ...
            """.ReplaceLineEndings("\n"));
        Send(console.Target, "ab\0"u8.ToArray(), 0x7000);
        var json = (await console.RunJsonAsync("wait event"))[0];
        ((string)json["type"]!, (uint)json["event"]!, (int)json["action"]!, (string)json["bytes"]!, (string)json["text"]!, (string)json["address"]!)
            .ShouldBe(("buffer", 1u, 2, "616200", "ab", "0x7000"));
    }

    [Theory]
    [InlineData("systemd\0\0", "systemd")]
    [InlineData("a b\0\u0001", "a b")]
    [InlineData("no end", null)]
    [InlineData("\0", null)]
    [InlineData("tab\there\0", null)]
    [InlineData("del\u007f\0", null)]
    public void Text_is_printable_up_to_a_zero(string bytes, string? text) =>
        HvDbg.Display.CodeDisplay.TextOf(Encoding.Latin1.GetBytes(bytes)).ShouldBe(text);

    [Fact]
    public async Task A_failure_of_code_shows_exception_place_instruction_and_registers()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        var fault = Fault(BlobFaultKind.Exception, 14, 0x4007);
        fault.Part = 1;
        console.Target.Send(MessageType.BlobFault, fault);
        var lines = (await console.RunAsync("wait event")).Split('\n');
        lines[0].ShouldBe("event 3: its action 1 failed, and it is disabled: #PF with error code 2 at address 00000000`00000010");
        lines[1].ShouldBe("  at offset 7 of its code (rip 00000000`00004007), contained, processor 1, reached user, tick 64");
        lines[2].ShouldStartWith("  48 8B 00                            mov rax");
        lines[3].ShouldBe("  RAX=0000000000000010 RBX=0000000000000000 RCX=0000000000000000");
        lines[8].ShouldBe("  R15=000000000000000f");
        lines[9].ShouldBe("  RFLAGS 0000000000000246");
        lines.Length.ShouldBe(10);

        console.Target.Send(MessageType.BlobFault, fault);
        var json = (await console.RunJsonAsync("wait event"))[0];
        ((string)json["type"]!, (string)json["exception"]!, (uint)json["offset"]!, (string)json["part"]!, (int)json["action"]!)
            .ShouldBe(("fault", "#PF", 7u, "action", 1));
        ((string)json["registers"]!["r15"]!).ShouldBe("0xf");
        ((string)json["instruction"]!["bytes"]!).ShouldBe("488b00");
    }

    [Theory]
    [InlineData(BlobFaultKind.Exception, 13, 0u, 0x4000ul, "#GP with error code 2", "at offset 0 of its code (rip 00000000`00004000)")]
    [InlineData(BlobFaultKind.Exception, 0, 0u, 0x4000ul, "#DE", "at offset 0 of its code")]
    [InlineData(BlobFaultKind.Exception, 1, 0u, 0x4000ul, "#DB", "at offset 0 of its code")]
    [InlineData(BlobFaultKind.Exception, 3, 0u, 0x4000ul, "#BP", "at offset 0 of its code")]
    [InlineData(BlobFaultKind.Exception, 6, 0u, 0x4000ul, "#UD", "at offset 0 of its code")]
    [InlineData(BlobFaultKind.Exception, 12, 0u, 0x4000ul, "#SS with error code 2", "at offset 0 of its code")]
    [InlineData(BlobFaultKind.Exception, 17, 0u, 0x4000ul, "#AC with error code 2", "at offset 0 of its code")]
    [InlineData(BlobFaultKind.Exception, 15, 0u, 0x4000ul, "vector 0xf", "at offset 0 of its code")]
    [InlineData(BlobFaultKind.TimeLimit, 0, 0u, 0x4019ul, "it ran too long", "at offset 19 of its code")]
    [InlineData(BlobFaultKind.TimeLimit, 0, 0u, 0x401aul, "it ran too long", "outside its code (rip 00000000`0000401a)")]
    [InlineData(BlobFaultKind.ForbiddenInstruction, 0, 31u, 0x4000ul, "an instruction that leaves its context (RDMSR)", "at offset 0 of its code")]
    [InlineData(BlobFaultKind.EntryFailed, 0, 7u, 0x4000ul, "the processor refused to enter its context (0x7), which is HvKernel's own fault", "at offset 0 of its code")]
    public async Task Failures_in_words(BlobFaultKind kind, byte vector, uint detail, ulong rip, string why, string where)
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        var fault = Fault(kind, vector, rip);
        fault.Detail = detail;
        fault.Part = (ushort)EventPart.Condition;
        fault.InstructionLength = 0;
        console.Target.Send(MessageType.BlobFault, fault);
        var lines = (await console.RunAsync("wait event")).Split('\n');
        lines[0].ShouldBe($"event 3: its condition failed, and it is disabled: {why}");
        lines[1].ShouldStartWith("  " + where);
        lines[2].ShouldBe("  (no memory that can be read)");
        console.Reports[^2].Lines[0].Style.ShouldBe(LineStyle.Warning);
    }

    [Fact]
    public async Task Parking_is_told()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        foreach (var kind in new[] { EventNoticeKind.Parked, EventNoticeKind.Released, EventNoticeKind.KernelHoldEnded })
        {
            console.Target.Send(MessageType.EventNotice, new EventNotice { EventId = 3, Kind = kind });
        }

        (await console.RunJsonAsync("flush")).Where(item => (string)item["type"]! == "notice").Select(item => (string)item["notice"]!)
            .ShouldBe(["parked", "released", "kernel-hold-ended"]);
        console.Text.ShouldContain("is held at the edge of user mode until the event is disabled or cleared\n");
    }

    private static void Send(FakeTarget target, byte[] bytes, ulong address) => target.Send(
        MessageType.BufferPart,
        [
            .. Wire.Bytes(new BufferPart
            {
                EventId = 1, Action = 2, Processor = 1, Tick = 0x64, Address = address, TotalBytes = (uint)bytes.Length, Bytes = (uint)bytes.Length,
            }),
            .. bytes,
        ]);

    private static unsafe BlobFault Fault(BlobFaultKind kind, byte vector, ulong rip)
    {
        var fault = new BlobFault
        {
            EventId = 3,
            Kind = kind,
            Manner = RunManner.Contained,
            Vector = vector,
            Context = 3,
            Processor = 1,
            InstructionLength = 16,
            Tick = 0x64,
            ErrorCode = 2,
            Address = 0x10,
            Rip = rip,
            CodeAddress = 0x4000,
            CodeBytes = 0x1a,
            Rflags = 0x246,
        };
        fault.Registers.Rax = 0x10;
        fault.Registers.R15 = 0xf;
        byte[] instruction = [0x48, 0x8b, 0x00, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        instruction.CopyTo(new Span<byte>(fault.Instruction, 16));
        return fault;
    }
}
