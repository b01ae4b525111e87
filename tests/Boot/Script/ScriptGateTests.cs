using System;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Client.Script.Semantics;
using HvKernel.Boot.Tests.Lab;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Script;

/// <summary>The gate and the helpers, called by scripts that are written by hand, in a stopped guest: what scripts may do, and what ends them.</summary>
public sealed class ScriptGateTests
{
    [Fact]
    public Task A_call_of_the_gate_changes_nothing_but_rax_r11_and_flags() => InStoppedGuest("script-registers", async (lab, code, _) =>
    {
        string[] kept = ["rbx", "rbp", "rsi", "rdi", "rcx", "rdx", "r8", "r9", "r10", "r12", "r13", "r14", "r15"];
        var loads = string.Concat(kept.Select((register, i) => $"mov {register}, 0x1000_{i:x2}; ".Replace("_", "", StringComparison.Ordinal)));
        var checks = string.Concat(kept.Select((register, i) => $"cmp {register}, 0x1000{i:x2}; jne .bad; "));
        var script = code.Of($"push rsp; {loads}helper {(uint)ScriptHelper.CheckAddress}; {checks}pop rcx; sub rcx, 8; lea rcx, [rcx + 8]; cmp rcx, rsp; jne .bad; " +
            "mov eax, 0x77; jmp .end; .bad: mov eax, 0xBAD; .end:");
        var run = await lab.Debugger.RunScriptAsync(script);
        run.Fault.ShouldBeNull();
        run.Result.ShouldBe(0x77UL);
    });

    [Fact]
    public Task Memory_of_scripts_is_shared_by_name_and_HvKernels_own_is_out_of_reach() => InStoppedGuest("script-memory", async (lab, code, scenario) =>
    {
        var globals = await lab.Debugger.NameGlobalsAsync(["n", "other", "n"]);
        globals["n"].ShouldBe(0);
        globals["other"].ShouldBe(1);
        (await Call(ScriptHelper.Write, code.Layout.Globals + 8, 8, 0x1234_5678_9ABC_DEF0)).Result.ShouldBe(1UL);
        (await lab.Debugger.ListGlobalsAsync()).ShouldBe([new ScriptGlobal("n", 0, 0), new ScriptGlobal("other", 1, 0x1234_5678_9ABC_DEF0)]);
        (await Call(ScriptHelper.CheckAddress, code.Layout.Data + (ulong)code.Layout.DataBytes - 1)).Result.ShouldBe(1UL);
        (await Call(ScriptHelper.Write, code.Layout.Buffers + 8, 8, 0x42)).Result.ShouldBe(1UL);
        (await Call(ScriptHelper.Write, code.Layout.Buffers + (ulong)code.Layout.BufferBytes - 4, 8, 0)).Result.ShouldBe(0UL);

        // The window, but for globals, data and safe buffers; HvKernel's physical memory; what is no RAM; what would end outside.
        var (start, end) = lab.ReservedMemory();
        foreach (var address in new[] { code.Layout.WindowStart, code.Layout.WindowStart + 0x8000, code.Layout.WindowStart + 0x2_0000, code.Layout.Gate, code.Layout.Data + (ulong)code.Layout.DataBytes })
        {
            (await Call(ScriptHelper.CheckAddress, address)).Result.ShouldBe(0UL, $"{address:x}");
            (await Call(ScriptHelper.Write, address, 8, 0)).Result.ShouldBe(0UL, $"{address:x}");
            (await Call(ScriptHelper.VirtualToPhysical, address)).Result.ShouldBe(0UL, $"{address:x}");
        }

        (await Call(ScriptHelper.Write, code.Layout.Globals + 4096 - 4, 8, 0)).Result.ShouldBe(0UL);
        foreach (var address in new[] { start, end - 8, start - 4, 0xFEE0_0000UL, ulong.MaxValue - 3 })
        {
            (await Call(ScriptHelper.WritePhysical, address, 8, 0)).Result.ShouldBe(0UL, $"{address:x}");
            await Fails(ScriptFailure.Address, address, ScriptHelper.ReadPhysical, address, 8);
        }

        await Fails(ScriptFailure.Address, start, ScriptHelper.CopyPhysical, start, scenario.Data, 64);
        await Fails(ScriptFailure.Address, start, ScriptHelper.CopyPhysical, scenario.Data, start, 64);

        // The guest's: the same word by both ways.
        (await Call(ScriptHelper.WritePhysical, scenario.Data + 16, 4, 0xFFFF_FFFF_CAFE_F00D)).Result.ShouldBe(1UL);
        (await lab.WordAsync(scenario.Data + 16)).ShouldBe(0xCAFE_F00DUL);
        (await Call(ScriptHelper.ReadPhysical, scenario.Data + 16, 2)).Result.ShouldBe(0xF00DUL);

        Task<CodeRun> Call(ScriptHelper helper, params ulong[] arguments) => lab.Debugger.RunScriptAsync(code.Of(helper, arguments));

        async Task Fails(ScriptFailure why, ulong detail, ScriptHelper helper, params ulong[] arguments) =>
            ShouldFail(await Call(helper, arguments), why, detail);
    });

    [Fact]
    public Task A_script_that_fails_is_named_with_its_place_and_its_register_changes_are_taken_back() => InStoppedGuest("script-failure", async (lab, code, _) =>
    {
        // Where the call ends: mov ecx (5), mov edx (5), mov r11 (10), mov eax (5), call r11 (3).
        var run = await lab.Debugger.RunScriptAsync(code.Of($"mov ecx, {(uint)ScriptFailure.DivisionByZero}; mov edx, 0x99; helper 0"));
        ShouldFail(run, ScriptFailure.DivisionByZero, 0x99);
        run.Fault!.Offset.ShouldBe(28u);

        ShouldFail(await lab.Debugger.RunScriptAsync(code.Of("mov ecx, 0x1234; xor edx, edx; helper 0")), ScriptFailure.Argument, 0);
        ShouldFail(await lab.Debugger.RunScriptAsync(code.Of("helper 0x1234")), ScriptFailure.Argument, 0x1234);

        // Registers that cannot be written, values that no VM entry takes, and a change that does not survive the failure behind it.
        var before = await lab.Debugger.ReadRegistersAsync();
        foreach (var register in new[] { ScriptRegister.Cr0, ScriptRegister.Cr3, ScriptRegister.Cr4, ScriptRegister.Cs, ScriptRegister.Tr, ScriptRegister.Efer })
        {
            ShouldFail(await Write(register, 0), ScriptFailure.Argument, (ulong)register);
        }

        ShouldFail(await Write(ScriptRegister.GsBase, 0x8000_0000_0000_0000), ScriptFailure.Argument, (ulong)ScriptRegister.GsBase);
        var failing = code.Of($"mov ecx, {(uint)ScriptRegister.Rip}; mov edx, 0x1111; helper {(uint)ScriptHelper.WriteRegister}; " +
            $"mov ecx, {(uint)ScriptRegister.Cr2}; mov edx, 0x2222; helper {(uint)ScriptHelper.WriteRegister}; mov ecx, 1; helper 0");
        ShouldFail(await lab.Debugger.RunScriptAsync(failing), ScriptFailure.Budget, 0x2222);
        var after = await lab.Debugger.ReadRegistersAsync();
        after.Rip.ShouldBe(before.Rip);
        after.Cr2.ShouldBe(before.Cr2);

        (await Write(ScriptRegister.Cr2, 0x3333)).Fault.ShouldBeNull();
        (await lab.Debugger.ReadRegistersAsync()).Cr2.ShouldBe(0x3333UL);
        (await lab.Debugger.RunScriptAsync(code.Of(ScriptHelper.ReadRegister, [(ulong)ScriptRegister.Cr0]))).Result.ShouldBe(before.Cr0);

        Task<CodeRun> Write(ScriptRegister register, ulong value) => lab.Debugger.RunScriptAsync(code.Of(ScriptHelper.WriteRegister, [(ulong)register, value]));
    });

    [Fact]
    public Task Other_code_gets_no_answer_at_the_gate() => InStoppedGuest("script-other-code", async (lab, code, _) =>
    {
        var bytes = code.Of("helper 5").Bytes;
        var root = await lab.Debugger.RunCodeAsync(new CodeDefinition(bytes, RunChoice.Root));
        root.Manner.ShouldBe(RunManner.Root);
        root.Fault.ShouldNotBeNull().Kind.ShouldBe(BlobFaultKind.Exception);
        root.Fault!.Vector.ShouldBe((byte)0xF0);
        var contained = await lab.Debugger.RunCodeAsync(new CodeDefinition(bytes, RunChoice.Contained));
        contained.Fault.ShouldNotBeNull().Kind.ShouldBe(BlobFaultKind.Exception);
        contained.Fault!.Vector.ShouldBe(CodeBlobs.PageFault);

        // The interrupt without the gate.
        ShouldBeRefused(await lab.Debugger.RunScriptAsync(code.Of("int 0xF0")));
        static void ShouldBeRefused(CodeRun run) => run.Fault.ShouldNotBeNull().Vector.ShouldBe((byte)0xF0);
    });

    [Fact]
    public Task What_a_script_prints_arrives_with_its_strings_before_the_answer() => InStoppedGuest("script-print", async (lab, code, _) =>
    {
        using var arriving = lab.Debugger.Subscribe();

        // Words: a number, a string in the code, one that cannot be read, a wide one on the stack, one in the data that ends with it.
        var script = code.Of(
            "sub rsp, 0x40; mov rax, 0x1122334455667788; mov [rsp], rax; lea rax, [rel .text]; mov [rsp + 8], rax; mov qword [rsp + 16], 0; " +
            "mov dword [rsp + 0x30], 0x00650048; mov word [rsp + 0x34], 0; lea rax, [rsp + 0x30]; mov [rsp + 24], rax; " +
            $"mov rax, DATA + {code.Layout.DataBytes - 3}; mov dword [rax - 1], 0x79787700; mov [rsp + 32], rax; " +
            $"mov ecx, 7; mov rdx, rsp; mov r8d, 5; mov r9d, {0b01_10_01_01_00}; helper {(uint)ScriptHelper.Print}; add rsp, 0x40; xor eax, eax; jmp .end; " +
            ".text: db 'text in the code', 0; .end:");
        (await lab.Debugger.RunScriptAsync(script)).Fault.ShouldBeNull();
        arriving.Reader.TryRead(out var message).ShouldBeTrue();
        var printed = message.ShouldBeOfType<PrintEvent>();
        printed.EventId.ShouldBeNull();
        printed.Format.ShouldBe(7);
        printed.Arguments.Length.ShouldBe(5);
        printed.Arguments[0].Word.ShouldBe(0x1122_3344_5566_7788UL);
        ShouldBe(printed.Arguments[1], PrintArgumentKind.String, "text in the code"u8, PrintedStringEnd.Zero);
        ShouldBe(printed.Arguments[2], PrintArgumentKind.String, ""u8, PrintedStringEnd.Unreadable);
        ShouldBe(printed.Arguments[3], PrintArgumentKind.WideString, "H\0e\0"u8, PrintedStringEnd.Zero);
        ShouldBe(printed.Arguments[4], PrintArgumentKind.String, "wxy"u8, PrintedStringEnd.Unreadable);

        // Too many, and words that are not the script's.
        ShouldFail(await lab.Debugger.RunScriptAsync(code.Of(ScriptHelper.Print, [0, code.Layout.Data, 33, 0])), ScriptFailure.Argument, 33);
        ShouldFail(await lab.Debugger.RunScriptAsync(code.Of(ScriptHelper.Print, [0, code.Layout.WindowStart, 1, 0])), ScriptFailure.Address, code.Layout.WindowStart);

        static void ShouldBe(PrintedArgument argument, PrintArgumentKind kind, ReadOnlySpan<byte> bytes, PrintedStringEnd end)
        {
            argument.Kind.ShouldBe(kind);
            Encoding.Latin1.GetString(argument.Bytes.AsSpan()).ShouldBe(Encoding.Latin1.GetString(bytes));
            argument.End.ShouldBe(end);
        }
    });

    private static void ShouldFail(CodeRun run, ScriptFailure why, ulong detail)
    {
        var fault = run.Fault.ShouldNotBeNull();
        fault.Kind.ShouldBe(BlobFaultKind.ScriptFailure);
        ((ScriptFailure)fault.Detail).ShouldBe(why);
        fault.Address.ShouldBe(detail);
    }

    private static Task InStoppedGuest(string name, Func<LabGuest, ScriptCode, CodeScenario, Task> test) =>
        CodeHarness.RunAsync(name, "wait=forever,two-root:steady,syscall=1,poweroff", async lab =>
        {
            await lab.GreetingAsync();
            var scenario = await lab.NextCodeAsync("steady");
            await lab.StopInProcessAsync(scenario);
            await test(lab, new ScriptCode(await lab.Debugger.GetScriptLayoutAsync()), scenario);

            // HvKernel and the guest go on.
            await lab.Debugger.ContinueAsync();
            await lab.EndSteadyAsync(scenario);
        });
}
