using System;
using System.Text;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Lab;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Linux;

/// <summary>Machine code at the transitions of a process of stock Debian.</summary>
public abstract class CodeTests(StockLinux linux, ITestOutputHelper output) : LinuxTest(linux, output)
{
    private const uint LongModeSystemCallTarget = 0xC000_0082;
    private const int NameBytes = 16;

    // Guest RIP in the control block behind GUEST_REGS.
    private const int RipOffset = 0xA0;

    // What `hvk numbers` goes through.
    private static readonly int[] Numbers = [39, 102, 110, 186];

    public static TheoryData<RunChoice> Choices => [.. CodeHarness.Choices];

    [Theory]
    [MemberData(nameof(Choices))]
    public async Task The_current_tasks_name_is_delivered_through_the_kernels_per_cpu_pointer(RunChoice run)
    {
        const int Calls = 100;
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);
        var current = await CurrentTaskAsync();
        var name = await NameOffsetAsync(program, "watched-stay");
        using var arriving = Debugger.Subscribe();
        var code = CodeHarness.Code($"mov rax, gs:[{current}]; add rax, {name}; ret", NameBytes, run);
        var added = await Debugger.AddEventAsync(ModeEventDefinition.Of(ModeTrapDirection.UserAndKernel, ProcessKey.Pid(program.Pid), code));
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("syscalls done");

        // The program is stopped for good by now.
        var counted = await program.EventAsync(added.Id);
        counted.Condition.ShouldBe(EventCondition.None);
        figures.ShouldBoundKernelEntries(counted.KernelReached);
        (counted.Sent + counted.Dropped).ShouldBe(counted.UserReached + counted.KernelReached);
        counted.Sent.ShouldBeGreaterThan(0UL);
        var delivered = await arriving.TakeAsync<BufferEvent>(counted.Sent);
        foreach (var buffer in delivered)
        {
            Encoding.ASCII.GetString(buffer.Bytes.AsSpan()).ShouldBe("watched-stay".PadRight(NameBytes, '\0'));
        }

        delivered.ShouldContain(buffer => buffer.Context == 0);
        delivered.ShouldContain(buffer => buffer.Context == 3);
    }

    [Theory]
    [MemberData(nameof(Choices))]
    public async Task A_condition_on_the_context_selects_user_or_kernel_transitions(RunChoice run)
    {
        const int Calls = 1_000;
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);

        // No transition between the settings.
        await Debugger.PauseAsync();
        var all = await program.CountAsync(ModeTrapDirection.UserAndKernel);
        var user = await AddAsync(program, ModeTrapDirection.UserAndKernel, "xor eax, eax; cmp rdx, 3; sete al", run);
        var kernel = await AddAsync(program, ModeTrapDirection.UserAndKernel, "xor eax, eax; cmp rdx, 0; sete al", run);
        await Debugger.ContinueAsync();
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("syscalls done");

        var counted = await program.EventAsync(all);
        figures.ShouldBoundKernelEntries(counted.KernelReached);
        var atUser = await program.EventAsync(user);
        var atKernel = await program.EventAsync(kernel);
        atUser.UserReached.ShouldBe(counted.UserReached);
        atUser.KernelReached.ShouldBe(0UL);
        atUser.ConditionFalse.ShouldBe(counted.KernelReached);
        atKernel.KernelReached.ShouldBe(counted.KernelReached);
        atKernel.UserReached.ShouldBe(0UL);
        atKernel.ConditionFalse.ShouldBe(counted.UserReached);
    }

    [Theory]
    [MemberData(nameof(Choices))]
    public async Task A_condition_on_one_call_number_triggers_exactly_as_often_as_the_program_made_that_call(RunChoice run)
    {
        const int Calls = 2_003;
        var program = await Scenario.StartAsync(Shell, Guest, "numbers", Calls);
        var entry = await Debugger.ReadMsrAsync(LongModeSystemCallTarget);
        await Debugger.PauseAsync();
        var events = new uint[Numbers.Length];
        for (var i = 0; i < Numbers.Length; i++)
        {
            // By the instruction that the kernel begins with, because an interrupt may come while the number is in rax already.
            events[i] = await AddAsync(
                program,
                ModeTrapDirection.Kernel,
                $"xor eax, eax; cmp qword [rcx], {Numbers[i]}; jne .no; mov rbx, 0x{entry:x}; cmp [rcx + {RipOffset}], rbx; sete al; .no:",
                run);
        }

        await Debugger.ContinueAsync();
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("numbers done");
        figures.SystemCalls.ShouldBe((ulong)Calls);
        for (var i = 0; i < Numbers.Length; i++)
        {
            var counted = await program.EventAsync(events[i]);
            counted.Condition.ShouldBe(EventCondition.None);
            counted.KernelReached.ShouldBe((ulong)((Calls / 4) + (i < Calls % 4 ? 1 : 0)), $"call {Numbers[i]}");
            counted.UserReached.ShouldBe(0UL);
        }
    }

    // Offset of the pointer to the running task from the per-CPU base; it may be the first member of a struct.
    private async Task<ulong> CurrentTaskAsync()
    {
        try
        {
            return await Debugger.Symbols.AddressOfAsync("pcpu_hot");
        }
        catch (TargetException missing) when (missing.Status == ReplyStatus.NoSuchSymbol)
        {
            return await Debugger.Symbols.AddressOfAsync("current_task");
        }
    }

    // Where the name stands in the kernel's object for a process: looked for there.
    private async Task<int> NameOffsetAsync(Scenario program, string name)
    {
        var process = await program.ProcessAsync();
        process.Name.ShouldBe(name);
        var task = await Debugger.ReadMemoryAsync(process.Task, 0x1800, MemoryView.Root(process.PageRoot));
        var offset = task.AsSpan().IndexOf(Encoding.ASCII.GetBytes(name + "\0"));
        offset.ShouldBeGreaterThan(0);
        return offset;
    }

    private async Task<uint> AddAsync(Scenario program, ModeTrapDirection direction, string condition, RunChoice run) =>
        (await Debugger.AddEventAsync(ModeEventDefinition.Of(direction, ProcessKey.Pid(program.Pid), ActionDefinition.Count) with
        {
            Condition = CodeHarness.Definition(condition, run),
        })).Id;
}

[Collection(StockLinux.Collection)]
public sealed class CodeWithIsolationTests(StockLinux linux, ITestOutputHelper output) : CodeTests(linux, output);

[Collection(StockLinuxWithoutIsolation.Collection)]
public sealed class CodeWithoutIsolationTests(StockLinuxWithoutIsolation linux, ITestOutputHelper output) : CodeTests(linux, output);
