using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Display;

/// <summary>What commands show, in HyperDbg's layouts.</summary>
public class FormatTests
{
    private const ulong Code = 0xffffffff81000010;

    private static FakeTarget MakeTarget()
    {
        var target = new FakeTarget();
        target.Machine.Symbols[0xffffffff81000000] = "_stext";
        target.Machine.Symbols[0xffffffff81e00080] = "entry_SYSCALL_64";
        target.Machine.Processes.Add(FakeMachine.Process(0x1c0, "counter", 0x10a3c2000));
        target.Machine.Processes.Add(FakeMachine.Process(2, "kthreadd", 0, 1));
        target.Machine.Processes.Add(FakeMachine.Process(1, "init", 0x102000));
        target.Machine.Processes.Add(FakeMachine.Process(0x1c1, "done", 0, 2));

        // mov [rsp+8],rbx; call +0xe00066 (to 0xffffffff81e00080); syscall; jmp $; lea rax,[rip+0x5]
        target.Machine.Put(Code, 0x48, 0x89, 0x5c, 0x24, 0x08, 0xe8, 0x66, 0x00, 0xe0, 0x00, 0x0f, 0x05, 0xeb, 0xfe);
        return target;
    }

    [Theory]
    [InlineData("db", """
        ffffffff`81000010  48 89 5C 24 08 E8 66 00 E0 00 0F 05 EB FE 00 00  H.\$..f.........
        ffffffff`81000020  00 00 00                                         ...
        """)]
    [InlineData("dc", """
        ffffffff`81000010  245C8948 0066E808 050F00E0 0000FEEB  H.\$..f.........
        ffffffff`81000020  00000000                             ....
        """)]
    [InlineData("dd", """
        ffffffff`81000010  245C8948 0066E808 050F00E0 0000FEEB
        ffffffff`81000020  00000000
        """)]
    [InlineData("dq", """
        ffffffff`81000010  0066E808`245C8948 0000FEEB`050F00E0
        ffffffff`81000020  00000000`00000000
        """)]
    public async Task Memory_is_shown_in_units(string command, string expected)
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        (await console.RunAsync($"{command} @rip l 13")).ShouldBe(expected.ReplaceLineEndings("\n"));
        (await console.RunAsync($"!{command} ffffffff81000010 l 13")).ShouldBe(expected.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_dump_without_length_shows_80_bytes_and_the_next_one_goes_on_behind_it()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        var first = (await console.RunAsync("db")).Split('\n');
        first.Length.ShouldBe(8);
        first[0].ShouldStartWith("ffffffff`81000010  48 89");
        (await console.RunAsync("dq")).Split('\n')[0].ShouldStartWith("ffffffff`81000090  0");
    }

    [Fact]
    public async Task Memory_that_ends_is_shown_up_to_its_end_and_the_command_fails()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        (await console.RunAsync("db ffffffff81000ffc l 20")).ShouldBe("""
            ffffffff`81000ffc  00 00 00 00 ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ??  ....????????????
            ffffffff`81001000: the address is not mapped
            """.ReplaceLineEndings("\n"));
        console.Succeeded.ShouldBeFalse();
        (await console.RunAsync("!db 5000")).ShouldBe("00000000`00005000: the address is no guest RAM: a device, a hole, or memory of HvKernel itself");
        (await console.RunAsync("dq ffffffff81000ff8 l 10")).Split('\n')[0].ShouldBe("ffffffff`81000ff8  00000000`00000000 ????????`????????");
    }

    [Fact]
    public async Task A_long_range_is_read_in_several_requests()
    {
        var target = MakeTarget();
        for (var page = 0ul; page < 4; page++)
        {
            target.Machine.Put(0x400000 + (page * 0x1000), (byte)(0x10 + page));
        }

        await using var console = await ConsoleHarness.StartAsync(target);
        var lines = (await console.RunAsync("db 400000 l 3001")).Split('\n');
        lines.Length.ShouldBe(0x301);
        lines[0x100].ShouldStartWith("00000000`00401000  11 00");
        lines[^1].ShouldBe("00000000`00403000  13                                               .");
    }

    [Fact]
    public async Task Registers_are_laid_out_three_a_row()
    {
        var target = MakeTarget();
        target.Machine.Registers[0].General.Rax = 0x1122334455667788;
        target.Machine.Registers[0].General.R15 = 0xf;
        target.Machine.Registers[0].Rflags = 0x3246 | 1;
        await using var console = await ConsoleHarness.StartAsync(target);
        (await console.RunAsync("r")).ShouldBe("""
            RAX=1122334455667788 RBX=0000000000000000 RCX=0000000000000000
            RDX=0000000000000000 RSI=0000000000000000 RDI=0000000000000000
            RIP=ffffffff81000010 RSP=ffffc90000013e80 RBP=0000000000000000
            R8 =0000000000000000 R9 =0000000000000000 R10=0000000000000000
            R11=0000000000000000 R12=0000000000000000 R13=0000000000000000
            R14=0000000000000000 R15=000000000000000f IOPL=03
            OF 0  DF  0
            IF 1  SF  0
            ZF 1  PF  1
            CF 1  AXF 0
            CS 0010 SS 0018 DS 0000 ES 0000 FS 0000 GS 0000
            RFLAGS 0000000000003247
            CR0 0000000080050033 CR2 0000000000000000 CR3 000000010a3c2000
            CR4 0000000000000000 EFER 0000000000000d01
            FS_BASE 0000000000000000 GS_BASE 0000000000000000 KERNEL_GS_BASE 0000000000000000
            """.ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData("r rip", "rip=ffffffff81000010")]
    [InlineData("r RAX", "rax=1122334455667788")]
    [InlineData("r eax", "eax=55667788")]
    [InlineData("r ax", "ax=7788")]
    [InlineData("r ah", "ah=77")]
    [InlineData("r al", "al=88")]
    [InlineData("r cs", "cs=0010")]
    [InlineData("r zf", "zf=1")]
    [InlineData("r cf", "cf=0")]
    [InlineData("r iopl", "iopl=0")]
    public async Task One_register_is_one_line(string command, string expected)
    {
        var target = MakeTarget();
        target.Machine.Registers[0].General.Rax = 0x1122334455667788;
        await using var console = await ConsoleHarness.StartAsync(target);
        (await console.RunAsync(command)).ShouldBe(expected);
    }

    [Fact]
    public async Task Changing_a_register_needs_a_stopped_guest_and_shows_the_new_value()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        (await console.RunAsync("r rbx=5")).ShouldBe("the guest runs: stop it first with 'pause' or Ctrl+C");
        await console.RunAsync("pause");
        (await console.RunAsync("r rbx = _stext+10")).ShouldBe("rbx=ffffffff81000010");
        console.Target.Machine.Registers[0].General.Rbx.ShouldBe(Code);
        (await console.RunAsync("r rflags=247")).ShouldBe("rflags=0000000000000247");
    }

    [Fact]
    public async Task Instructions_have_address_bytes_text_and_symbols()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        (await console.RunAsync("u @rip l e")).ShouldBe("""
            _stext+0x10:
            ffffffff`81000010    48 89 5C 24 08                      mov qword ptr [rsp+0x8], rbx
            ffffffff`81000015    E8 66 00 E0 00                      call entry_SYSCALL_64
            ffffffff`8100001a    0F 05                               syscall
            ffffffff`8100001c    EB FE                               jmp short _stext+0x1c
            """.ReplaceLineEndings("\n"));
        (await console.RunAsync("u")).Split('\n')[1].ShouldStartWith("ffffffff`8100001e    00 00");
        (await console.RunAsync("u 5000")).ShouldBe("00000000`00005000: the address is not mapped");
    }

    [Fact]
    public async Task Without_knowledge_of_the_guest_instructions_are_shown_without_symbols()
    {
        var target = MakeTarget();
        target.Machine.DiscoveryFailure = 3;
        await using var console = await ConsoleHarness.StartAsync(target);
        (await console.RunAsync("u @rip l a")).ShouldBe("""
            ffffffff`81000010    48 89 5C 24 08                      mov qword ptr [rsp+0x8], rbx
            ffffffff`81000015    E8 66 00 E0 00                      call 0xffffffff81e00080
            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Processes_are_listed_by_pid()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        (await console.RunAsync(".process")).ShouldBe("""
            pid  decimal  name      page root
              1        1  init      00000000`00102000
              2        2  kthreadd                     kernel thread
            1c0      448  counter   00000001`0a3c2000
            1c1      449  done                         ended
            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Memory_of_a_process_is_read_through_its_tables()
    {
        var target = MakeTarget();
        target.Machine.Put(0x400000, 0x7f, 0x45);
        await using var console = await ConsoleHarness.StartAsync(target);
        (await console.RunAsync("db 400000 l 2 pid 1c0")).ShouldStartWith("00000000`00400000  7F 45");
        target.Requests.LastMemory.Space.ShouldBe(AddressSpace.PageRoot);
        target.Requests.LastMemory.PageRoot.ShouldBe(0x10a3c2000ul);
        await console.RunAsync("db 400000 l 2 cr3 777000");
        target.Requests.LastMemory.PageRoot.ShouldBe(0x777000ul);
        await console.RunAsync("!db 400000 l 2");
        target.Requests.LastMemory.Space.ShouldBe(AddressSpace.Physical);
        (await console.RunAsync("db 400000 pid 2")).ShouldBe("pid 2 (kthreadd) has no address space of its own");
        (await console.RunAsync("db 400000 pid 77")).ShouldBe("there is no process with this pid");
    }

    [Theory]
    [InlineData("eb 400000 90 91", new byte[] { 0x90, 0x91 })]
    [InlineData("ed 400000 12345678", new byte[] { 0x78, 0x56, 0x34, 0x12 })]
    [InlineData("eq 400000 1122334455667788", new byte[] { 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11 })]
    [InlineData("!eb 400000 cc", new byte[] { 0xcc })]
    public async Task Values_are_written_least_significant_byte_first(string command, byte[] expected)
    {
        var target = MakeTarget();
        target.Machine.Put(0x400000, 0);
        await using var console = await ConsoleHarness.StartAsync(target);
        (await console.RunAsync(command)).ShouldBe("");
        console.Succeeded.ShouldBeTrue();
        target.Machine.Pages[0x400][..expected.Length].ShouldBe(expected);
        (await console.RunAsync("eb 700000 1")).ShouldBe("00000000`00700000: the address is not mapped");
    }

    [Fact]
    public async Task Page_table_entries_are_shown_level_by_level()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        (await console.RunAsync("!pte @rip")).ShouldBe("""
            VA ffffffff`81000010
            PML4E at 00000000`00001000  contains 00000000`00002067  P W U A
            PDPTE at 00000000`00002000  contains 00000000`00003067  P W U A
            PDE   at 00000000`00003000  contains 00000000`00004067  P W U A
            PTE   at 00000000`00004000  contains 00000000`00005067  P W U A D
            PA 00000000`76543010, page of 4 KiB
            """.ReplaceLineEndings("\n"));
        (await console.RunAsync("!pte 5")).ShouldBe("""
            VA 00000000`00000005
            PML4E at 00000000`00001000  contains 00000000`00002067  P W U A
            PDPTE at 00000000`00002000  contains 00000000`00000000
            00000000`00000005: the address is not mapped
            """.ReplaceLineEndings("\n"));
        (await console.RunAsync("!va2pa @rip")).ShouldBe("76543010");
        (await console.RunAsync("!va2pa 5")).ShouldBe("00000000`00000005: the address is not mapped");
    }

    [Theory]
    [InlineData(ReplyStatus.NotMapped, 4u, 2, 0ul, "PML5E PML4E")]
    [InlineData(ReplyStatus.NotMapped, 1u, 5, 0ul, "PML5E PML4E PDPTE PDE PTE")]
    [InlineData(ReplyStatus.NotMapped, 3u, 2, 0ul, "PML4E PDPTE")]
    [InlineData(ReplyStatus.NotMapped, 0u, 2, 0ul, "PML4E PDPTE")]
    [InlineData(ReplyStatus.Ok, 0u, 4, 0x20_0000ul, "PML5E PML4E PDPTE PDE")]
    [InlineData(ReplyStatus.Ok, 0u, 3, 0x20_0000ul, "PML4E PDPTE PDE")]
    [InlineData(ReplyStatus.Ok, 0u, 3, 0x4000_0000ul, "PML5E PML4E PDPTE")]
    [InlineData(ReplyStatus.Ok, 0u, 5, 0x1000ul, "PML5E PML4E PDPTE PDE PTE")]
    public async Task A_walk_is_named_by_the_level_at_which_it_began(ReplyStatus status, uint level, int levels, ulong pageBytes, string names)
    {
        var target = MakeTarget();
        target.Requests.Walk = new TranslateReply { Header = { Status = status, Detail = level }, Levels = (uint)levels, PageBytes = pageBytes };
        await using var debugger = await target.AttachAsync();
        string.Join(' ', (await debugger.TranslateAsync(0x1000)).Steps.Select(step => step.Name)).ShouldBe(names);
    }

    [Fact]
    public async Task Processors_are_listed_and_chosen()
    {
        var target = MakeTarget();
        target.Machine.Registers[1].Rip = 0x1234;
        await using var console = await ConsoleHarness.StartAsync(target);
        (await console.RunAsync("~")).ShouldBe("""
               n  apic  state   ring  rip                cr3                view
            *  0     0  active     0  ffffffff`81000010  00000001`0a3c2000  normal
               1     2  active     0  00000000`00001234  00000001`0a3c2000  normal
            """.ReplaceLineEndings("\n"));
        (await console.RunAsync("~ 1")).ShouldBe("current processor: 1");
        (await console.RunAsync("r rip")).ShouldBe("rip=0000000000001234");
        (await console.RunAsync("~ 2")).ShouldBe("the target has no processor with this number");
        (await console.RunAsync("r rip")).ShouldBe("rip=0000000000001234");
    }

    [Fact]
    public async Task Msrs_are_read_and_written()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        (await console.RunAsync("rdmsr c0000082")).ShouldBe("msr c0000082=ffffffff81e00080");
        (await console.RunAsync("wrmsr c0000082 5")).ShouldBe("");
        (await console.RunAsync("rdmsr c0000082 core 1")).ShouldBe("msr c0000082=0000000000000005");
        (await console.RunAsync("rdmsr 1")).ShouldBe("the processor has no such MSR (#GP)");
        (await console.RunAsync("wrmsr 1 0")).ShouldBe("the processor refuses this MSR or this value for it (#GP)");
    }

    [Fact]
    public async Task Status_shows_guest_target_link_and_exits()
    {
        await using var console = await ConsoleHarness.StartAsync(MakeTarget());
        await console.RunAsync("pause");
        var lines = (await console.RunAsync(".status")).Split('\n');
        lines[0].ShouldBe("guest     stopped (pause) on processor 0 at ffffffff`81000010");
        lines[1].ShouldBe("console   debugger: breaks and pauses stop the guest");
        lines[2].ShouldBe("target    2 processor(s), protocol 4, boot b007, image 101112131415161718191a1b1c1d1e1f");
        lines[3].ShouldBe("!mode     catches transitions by mode-based execute control (MBEC)");
        lines[4].ShouldBe("guest OS  Linux with page-table isolation, kernel at ffffffff`81000000, 2 symbols, found in 9.000 ms");
        lines[5].ShouldBe("          Linux version 6.12.0-test");
        lines[6].ShouldBe("events    0 set, 0 messages dropped");
        lines[7].ShouldStartWith("link      ");
        lines[8..].ShouldBe([
            "exits                  processor 0  processor 1  all",
            "CPUID                            7            7   14",
            "EPT violation                  100          200  300",
            "all                            107          207  314",
            "share of time in root      2.500 %      2.500 %",
            "longest   processor 0: 5.000 ms, EPT violation",
            "longest   processor 1: 5.000 ms, EPT violation",
        ]);
        console.Target.Machine.DiscoveryFailure = 7;
        (await console.RunAsync(".status")).ShouldContain(
            "guest OS  the guest's operating system was not recognised (its discovery failed at step 7): 'cr3 X' in the place of 'pid X' works without it");
    }

    [Fact]
    public void Exit_reasons_have_names_for_every_one_that_the_target_knows() =>
        System.Enum.GetValues<ExitReason>().ShouldAllBe(reason => !ExitReasonText.Of((int)reason).StartsWith("exit reason"));

    [Fact]
    public void Every_refusal_is_one_line_in_words()
    {
        foreach (var status in System.Enum.GetValues<ReplyStatus>())
        {
            var text = RefusalText.Of(MessageType.AddEvent, status, 1);
            text.ShouldNotContain("\n");
            text.ShouldNotContain("status ");
            text.Length.ShouldBeGreaterThan(3);
        }

        RefusalText.Of(MessageType.AddEvent, (ReplyStatus)999, 0xab).ShouldBe("the target refused the request AddEvent with status 999 (detail ab)");
        RefusalText.Of(MessageType.AddEvent, ReplyStatus.FeatureMissing, (uint)TargetCapabilities.ModeBasedExecute).ShouldContain("MBEC");
        RefusalText.Of(MessageType.AddEvent, ReplyStatus.PagingUnsuitable, (uint)ShadowObstacle.FiveLevel).ShouldContain("CR4.LA57");
        RefusalText.Of(MessageType.AddEvent, ReplyStatus.PagingUnsuitable, (uint)ShadowObstacle.NoExecuteDisable).ShouldContain("IA32_EFER.NXE");
        RefusalText.Of(MessageType.AddEvent, ReplyStatus.PagingUnsuitable, (uint)ShadowObstacle.NotFourLevel).ShouldContain("64-bit");
        RefusalText.Of(MessageType.AddEvent, ReplyStatus.DuplicateEvent, 0x1a).ShouldContain("event 1a ");
        RefusalText.Of(MessageType.AddEvent, ReplyStatus.GuestOsUnknown, 5).ShouldContain("step 5)");
    }

    [Theory]
    [InlineData(0ul, "0")]
    [InlineData(999ul, "999")]
    [InlineData(1234567ul, "1 234 567")]
    public void Large_counts_have_blanks_between_thousands(ulong count, string expected) => Format.Count(count).ShouldBe(expected);

    [Theory]
    [InlineData(1500ul, 1_000_000ul, "1.500 ms")]
    [InlineData(1ul, 1_000_000ul, "1.000 us")]
    [InlineData(2_500_000ul, 1_000_000ul, "2.500 s")]
    [InlineData(2500ul, 0ul, "2 500 ticks")]
    public void Times_have_a_unit_that_fits(ulong ticks, ulong frequency, string expected) => Format.Time(ticks, frequency).ShouldBe(expected);

    [Fact]
    public async Task Help_explains_a_command_from_the_table_that_parses_it()
    {
        await using var console = await ConsoleHarness.StartAsync();
        var help = await console.RunAsync(".help !mode");
        help.ShouldContain("  !mode {u|k|uk|ku} {pid X|cr3 X} [core X] [imm {yes|no}] [sc {on|off}]");
        help.ShouldContain(" [[asm] condition {CODE}] [[asm] code {CODE}…] ");
        help.ShouldContain("  [asm] code {CODE}…");
        (await console.RunAsync(".help mode")).ShouldBe(help);
        var all = await console.RunAsync(".help");
        foreach (var command in console.Session.Table.Commands)
        {
            all.Split('\n').Count(line => line.StartsWith(command.Name + " ")).ShouldBe(1, command.Name);
            (await console.RunAsync($".help {command.Name}")).ShouldStartWith($"{command.Name}: {command.Summary}");
        }
    }
}
