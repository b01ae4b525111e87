using System;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>What machine code finds when it begins, and what becomes of what it leaves.</summary>
public sealed class CodeEntryTests
{
    private static readonly string[] Registers =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    // GUEST_REGS and the control block behind it.
    private const int WordsAtRegisters = 24;
    private const int Flags = 16;
    private const int FirstWord = 17;
    private const int Bytes = 8 * (FirstWord + WordsAtRegisters);

    // All registers, the flags, and everything that rdx points to. It also fills the shadow space, and leaves out the ret.
    private static readonly string Witness =
        string.Concat(Registers.Select((register, i) => $"mov [rcx + {8 * i}], {register};"))
        + $"pushfq; pop qword [rcx + {8 * Flags}];"
        + "mov [rsp + 8], rax; mov [rsp + 16], rax; mov [rsp + 24], rax; mov [rsp + 32], rax;"
        + string.Concat(Enumerable.Range(0, WordsAtRegisters).Select(i => $"mov rbx, [rdx + {8 * i}]; mov [rcx + {8 * (FirstWord + i)}], rbx;"))
        + "mov rax, rcx";

    [Fact]
    public Task Entry_state_is_the_documented_one_in_every_manner() =>
        CodeHarness.RunAsync("code-entry", CodeHarness.EachMode([.. CodeHarness.Choices.Select(_ => "numbers=9")]), quickLine: true, test: async lab =>
        {
            await lab.GreetingAsync();
            foreach (var mode in CodeHarness.Modes)
            {
                foreach (var run in CodeHarness.Choices)
                {
                    var scenario = await lab.NextCodeAsync("numbers");
                    using var arriving = lab.Debugger.Subscribe();
                    using var log = new TransitionLog(lab.Debugger);
                    var added = await lab.AddAsync(
                        ModeTrapDirection.UserAndKernel, scenario, ActionDefinition.Log, CodeHarness.Code(Witness, Bytes, run));
                    var part = await lab.Debugger.ReadEventPartAsync(added.Id, 1);
                    part.Manner.ShouldBe(CodeHarness.MannerOf(run));
                    await lab.RunToEndAsync(scenario);
                    var records = await log.ReadAsync(20);
                    var seen = await arriving.TakeAsync<BufferEvent>(20);
                    for (var i = 0; i < seen.Count; i++)
                    {
                        ShouldBeEntryState(seen[i], part.Buffer, $"{mode}, run {run}, {i}");
                        Word(seen[i], FirstWord + 17).ShouldBe(added.Id);
                        Word(seen[i], FirstWord + 18).ShouldBe(0UL, "processor");
                        Word(seen[i], FirstWord + 20).ShouldBe(records[i].Rip);

                        // The kernel is reached before it has loaded its own root.
                        (Word(seen[i], FirstWord + 22) & 0x000F_FFFF_FFFF_F000).ShouldBe(scenario.UserRoot);
                        Word(seen[i], FirstWord + 23).ShouldBeInRange(i == 0 ? 1 : Word(seen[i - 1], FirstWord + 23) + 1, ulong.MaxValue);
                        if (seen[i].Context == 0)
                        {
                            // The number of the call, which exit's is 10 of.
                            Word(seen[i], FirstWord).ShouldBe(i == 19 ? 10UL : (ulong)(i / 2));
                        }
                    }

                    await lab.Debugger.ClearAllEventsAsync();
                }
            }
        });

    [Fact]
    public Task Writes_to_the_registers_take_effect_rsp_included_unless_they_are_to_be_kept() =>
        CodeHarness.RunAsync("code-registers", "wait=forever,two-root:userspin,syscall=1,poweroff", quickLine: true, test: async lab =>
        {
            await lab.GreetingAsync();
            var scenario = await lab.NextCodeAsync("userspin");
            await lab.StopInProcessAsync(scenario);
            foreach (var run in CodeHarness.Choices)
            {
                var before = (await lab.Debugger.ReadRegistersAsync()).General;
                var write = string.Concat(Enumerable.Range(0, 16).Select(i => $"mov qword [rdx + {8 * i}], 0x{0x1100 + i:x};"));
                var kept = await lab.Debugger.RunCodeAsync(CodeHarness.Definition(write, run), keepRegisters: true);
                kept.Fault.ShouldBeNull();
                (await lab.Debugger.ReadRegistersAsync()).General.ShouldBe(before);

                // What a run that fails has written is thrown away.
                var failed = await lab.Debugger.RunCodeAsync(CodeHarness.Definition(write + "ud2", run));
                failed.Fault.ShouldNotBeNull().Vector.ShouldBe((byte)6);
                (await lab.Debugger.ReadRegistersAsync()).General.ShouldBe(before);

                var taken = await lab.Debugger.RunCodeAsync(CodeHarness.Definition(write + "mov eax, 0x77", run));
                taken.Fault.ShouldBeNull();
                taken.Result.ShouldBe(0x77UL);
                var general = (await lab.Debugger.ReadRegistersAsync()).General;
                var words = new[]
                {
                    general.Rax, general.Rcx, general.Rdx, general.Rbx, general.Rsp, general.Rbp, general.Rsi, general.Rdi,
                    general.R8, general.R9, general.R10, general.R11, general.R12, general.R13, general.R14, general.R15,
                };
                words.ShouldBe(Enumerable.Range(0, 16).Select(i => 0x1100UL + (ulong)i));

                // Code sees what was written before it, and the context that it is given.
                var read = await lab.Debugger.RunCodeAsync(
                    CodeHarness.Definition("mov rax, [rdx + 0x20]; add rax, r8", run), context: 0x1_0000_0000);
                read.Manner.ShouldBe(CodeHarness.MannerOf(run));
                read.Result.ShouldBe(0x1_0000_1104UL);
            }
        });

    [Fact]
    public Task A_pointer_that_cannot_be_read_is_ignored_and_counted_and_one_into_the_guest_is_delivered() =>
        CodeHarness.RunAsync("code-pointers", CodeHarness.EachMode([.. CodeHarness.Choices.Select(_ => "syscall=10")]), quickLine: true, test: async lab =>
        {
            await lab.GreetingAsync();
            foreach (var mode in CodeHarness.Modes)
            {
                foreach (var run in CodeHarness.Choices)
                {
                    var scenario = await lab.NextCodeAsync("syscall");
                    using var arriving = lab.Debugger.Subscribe();

                    // The process's own program; nothing; an address that is none; the last bytes of the user half's last page.
                    var program = await lab.AddAsync(ModeTrapDirection.User, scenario, CodeHarness.Code("mov eax, 0x400000", 16, run));
                    var silent = await lab.AddAsync(ModeTrapDirection.User, scenario, CodeHarness.Code("xor eax, eax", 16, run));
                    var odd = await lab.AddAsync(ModeTrapDirection.User, scenario, CodeHarness.Code("mov rax, 0x8000000000000000", 16, run));
                    var cut = await lab.AddAsync(ModeTrapDirection.User, scenario, CodeHarness.Code("mov eax, 0x800000 - 8", 16, run));
                    await lab.RunToEndAsync(scenario);
                    foreach (var (added, sent, invalid) in new[] { (program, 11UL, 0UL), (silent, 0UL, 0UL), (odd, 0UL, 11UL), (cut, 0UL, 11UL) })
                    {
                        var entry = await lab.EventAsync(added);
                        entry.Condition.ShouldBe(EventCondition.None);
                        entry.UserReached.ShouldBe(11UL);
                        entry.Sent.ShouldBe(sent, $"{mode}, run {run}, event {added.Id}");
                        (await lab.Debugger.ReadEventPartAsync(added.Id, 0)).InvalidPointers.ShouldBe(invalid);
                    }

                    foreach (var buffer in await arriving.TakeAsync<BufferEvent>(11))
                    {
                        buffer.Bytes.ShouldBe(scenario.Line.Bytes("bytes"));
                        buffer.Address.ShouldBe(0x40_0000UL);
                    }

                    await lab.Debugger.ClearAllEventsAsync();
                }
            }
        });

    private static void ShouldBeEntryState(BufferEvent seen, ulong buffer, string where)
    {
        var registers = Enumerable.Range(0, 16).Select(i => Word(seen, i)).ToArray();
        registers[1].ShouldBe(buffer, where);
        registers[2].ShouldNotBe(0UL, where);
        registers[4].ShouldNotBe(0UL, where);
        (registers[4] % 16).ShouldBe(8UL, where);
        registers[8].ShouldBe(seen.Context, where);
        foreach (var zero in new[] { 0, 3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15 })
        {
            registers[zero].ShouldBe(0UL, $"{Registers[zero]}, {where}");
        }

        // Direction flag.
        (Word(seen, Flags) & (1 << 10)).ShouldBe(0UL, where);
    }

    private static ulong Word(BufferEvent buffer, int number) => BitConverter.ToUInt64(buffer.Bytes.AsSpan()[(8 * number)..]);
}
