using System;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Code;
using HvDbg.Client.Script.Printing;
using HvKernel.Boot.Tests.Lab;
using HvKernel.Boot.Tests.Linux;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Script;

/// <summary>Scripts from text to effect, at the transitions of a process of stock Debian.</summary>
public abstract class LinuxScriptTests(StockLinux linux, ITestOutputHelper output) : LinuxTest(linux, output)
{
    private const int Calls = 10_000;
    private const int FewCalls = 200;
    private const uint LongModeSystemCallTarget = 0xC000_0082;

    // Behind the program's flag, on the same page.
    private const ulong Text = 0x1000_0100;

    // What `hvk syscalls` calls: getppid.
    private const int Call = 110;

    [Fact]
    public async Task A_counter_agrees_with_the_events_own_count()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", Calls);
        await ResetAsync("n");
        var (id, _) = await AddAsync(program, ModeTrapDirection.UserAndKernel, ".n = .n + 1;");
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("syscalls done");
        var counted = await program.EventAsync(id);
        figures.SystemCalls.ShouldBe((ulong)Calls);
        figures.ShouldBoundKernelEntries(counted.KernelReached);
        (await GlobalAsync("n")).ShouldBe(counted.UserReached + counted.KernelReached);
    }

    [Fact]
    public async Task Pseudo_registers_say_what_the_guests_own_tools_say()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", FewCalls);
        var process = await program.ProcessAsync();
        var entry = await Debugger.ReadMsrAsync(LongModeSystemCallTarget);
        await ResetAsync("p");
        using var arriving = Debugger.Subscribe();
        var when = $"@rax == 0n{Call} && @rip == {entry:x} && .p < 5";
        var (_, script) = await AddAsync(
            program,
            ModeTrapDirection.Kernel,
            """.p = .p + 1; printf("%d %d %s %x %llx %llx %llx %llx %s %s", $pid, $tid, $pname, $core, $context, $ip, $proc, $thread, $date, $time);""",
            when);
        var before = DateTime.UtcNow;
        await program.ReleaseAsync();
        await program.DoneAsync("syscalls done");
        for (var i = 0; i < 5; i++)
        {
            var words = TextOf(script, await arriving.NextAsync<PrintEvent>(_ => true)).Split(' ');
            words[0].ShouldBe(program.Pid.ToString(CultureInfo.InvariantCulture));
            words[1].ShouldBe(words[0], "its first thread");
            words[2].ShouldBe(process.Name);
            words[3].ShouldBe("0");
            words[4].ShouldBe("0");
            words[5].ShouldBe(entry.ToString("x", CultureInfo.InvariantCulture));
            words[6].ShouldBe(process.Task.ToString("x", CultureInfo.InvariantCulture));
            words[7].ShouldBe(words[6]);

            // The guest's time-stamp counter need not go as fast as the time here does.
            var time = DateTime.Parse($"{words[8]}T{words[9]}Z", CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
            (time - before).Duration().ShouldBeLessThan(TimeSpan.FromHours(2));
        }
    }

    [Fact]
    public async Task A_string_of_the_processs_memory_is_read_compared_and_printed()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", FewCalls);
        await Debugger.WriteMemoryAsync(Text, "text of the process\0"u8.ToArray(), MemoryView.Root((await program.ProcessAsync()).PageRoot));
        await ResetAsync("s");
        using var arriving = Debugger.Subscribe();
        var (_, script) = await AddAsync(
            program,
            ModeTrapDirection.UserAndKernel,
            $$"""
            if (.s == 0) {
                .s = 1;
                char *text = {{Text:x}};
                if (strncmp(text, "text", 4) == 0) {
                    printf("<%s> has %d bytes, begins with %llx", text, strlen(text), poi(text));
                }
            }
            """);
        await program.ReleaseAsync();
        await program.DoneAsync("syscalls done");
        TextOf(script, await arriving.NextAsync<PrintEvent>(_ => true))
            .ShouldBe($"<text of the process> has 19 bytes, begins with {BitConverter.ToUInt64("text of "u8):x}");
    }

    [Fact]
    public async Task A_script_disables_its_own_event_stops_the_guest_and_holds_its_process()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", FewCalls);
        using var arriving = Debugger.Subscribe();
        await ResetAsync("d");
        var (disabling, _) = await AddAsync(program, ModeTrapDirection.Kernel, ".d = .d + 1; if (.d == 5) { event_disable($event_id); pause(); }");
        await program.ReleaseAsync();
        var stop = await Debugger.WaitForStopAsync(TimeSpan.FromMinutes(2));
        stop.EventId.ShouldBe(disabling);
        var disabled = await program.EventAsync(disabling);
        disabled.Enabled.ShouldBeFalse();
        disabled.Condition.ShouldBe(EventCondition.None);
        disabled.KernelReached.ShouldBe(5UL);

        await ResetAsync("h");
        var (holding, _) = await AddAsync(program, ModeTrapDirection.User, "if (.h == 0) { .h = 1; event_sc(1); }");
        await Debugger.ContinueAsync();
        var notice = await arriving.NextAsync<NoticeEvent>(_ => true);
        notice.EventId.ShouldBe(holding);
        notice.Kind.ShouldBe(EventNoticeKind.Parked);
        await Debugger.ClearEventAsync(holding);
        await program.DoneAsync("syscalls done");
        (await GlobalAsync("d")).ShouldBe(5UL);
    }

    [Fact]
    public async Task An_endless_loop_ends_with_a_report_of_its_line_and_the_guest_goes_on()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", FewCalls);
        using var arriving = Debugger.Subscribe();
        var (id, script) = await AddAsync(program, ModeTrapDirection.Kernel, ".r = 1;\nwhile (1) {\n  .r = .r + 1;\n}");
        await program.ReleaseAsync();
        var fault = await arriving.NextAsync<CodeFaultEvent>(_ => true);
        fault.Kind.ShouldBe(BlobFaultKind.ScriptFailure);
        ((ScriptFailure)fault.Detail).ShouldBe(ScriptFailure.Budget);
        ScriptFault.Place(fault, script).ShouldNotBeNull().Position.Line.ShouldBeInRange(2, 3);

        // The guest's clock goes on as its program does.
        var figures = await program.DoneAsync("syscalls done");
        figures.SystemCalls.ShouldBe((ulong)FewCalls);
        (await program.EventAsync(id)).Condition.ShouldBe(EventCondition.Faulted);
        var first = await Shell.RunAsync("cat /proc/uptime; sleep 1; cat /proc/uptime");
        var times = first.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => double.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture)).ToArray();
        (times[1] - times[0]).ShouldBeInRange(0.9, 5);
    }

    [Fact]
    public async Task An_address_that_is_not_mapped_ends_a_script_at_its_place()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", FewCalls);
        using var arriving = Debugger.Subscribe();
        var (_, script) = await AddAsync(program, ModeTrapDirection.Kernel, ".a = 1;\n.a = poi(10);\n.a = 2;");
        await program.ReleaseAsync();
        var fault = await arriving.NextAsync<CodeFaultEvent>(_ => true);
        ScriptFault.Place(fault, script).ShouldNotBeNull().Position.Line.ShouldBe(2);
        await program.DoneAsync("syscalls done");
        (await GlobalAsync("a")).ShouldBe(1UL);
    }

    private static string TextOf(CompiledScript script, PrintEvent printed) => PrintFormatter.Text(script.Script.Formats[printed.Format], printed.Arguments);

    private async Task<(uint Id, CompiledScript Script)> AddAsync(Scenario program, ModeTrapDirection direction, string text, string? when = null)
    {
        var script = await Debugger.CompileScriptAsync(text);
        var added = await Debugger.AddEventAsync(ModeEventDefinition.Of(direction, ProcessKey.Pid(program.Pid), ActionDefinition.OfScript(script)) with
        {
            When = when is null ? null : await Debugger.CompileExpressionAsync(when),
        });
        return (added.Id, script);
    }

    private async Task<ulong> GlobalAsync(string name) => (await Debugger.ListGlobalsAsync()).Single(global => global.Name == name).Value;

    // Globals outlive events.
    private async Task ResetAsync(string name)
    {
        var wasStopped = Debugger.IsStopped;
        if (!wasStopped)
        {
            await Debugger.PauseAsync();
        }

        (await Debugger.RunScriptAsync(await Debugger.CompileScriptAsync($".{name} = 0;"))).Fault.ShouldBeNull();
        if (!wasStopped)
        {
            await Debugger.ContinueAsync();
        }
    }
}

[Collection(StockLinux.Collection)]
public sealed class ScriptWithIsolationTests(StockLinux linux, ITestOutputHelper output) : LinuxScriptTests(linux, output);

[Collection(StockLinuxWithoutIsolation.Collection)]
public sealed class ScriptWithoutIsolationTests(StockLinuxWithoutIsolation linux, ITestOutputHelper output) : LinuxScriptTests(linux, output);
