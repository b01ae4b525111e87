using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>Machine code that fails, by accident or on purpose, is reported and stopped; neither HvKernel nor the guest take harm.</summary>
public sealed class CodeContainmentTests
{
    [Fact]
    public Task Attempts_on_HvKernel_end_with_their_exception_contained() => InStoppedGuest("code-hostile", RunChoice.Contained, CodeBlobs.Hostile);

    [Fact]
    public Task Attempts_on_HvKernel_end_with_their_exception_as_the_analysis_chooses() => InStoppedGuest("code-hostile-auto", RunChoice.Auto, CodeBlobs.Hostile);

    [Fact]
    public Task Every_exception_is_reported_contained() =>
        InStoppedGuest("code-faults", RunChoice.Contained, [.. CodeBlobs.Faults, .. CodeBlobs.ContainedFaults]);

    [Fact]
    public Task Every_exception_is_reported_as_the_analysis_chooses() =>
        InStoppedGuest("code-faults-auto", RunChoice.Auto, [.. CodeBlobs.Faults, .. CodeBlobs.ContainedFaults]);

    [Fact]
    public Task Every_exception_is_reported_in_root() => InStoppedGuest("code-faults-root", RunChoice.Root, CodeBlobs.Faults);

    [Fact]
    public Task An_event_whose_code_fails_is_disabled_with_one_report_and_the_guest_goes_on() => CodeHarness.RunAsync(
        "code-faulting-events",
        $"wait=forever,two-root:{string.Join(',', CodeHarness.Choices.Select(_ => "syscall=200"))},plain:syscall=1,poweroff",
        async lab =>
        {
            await lab.GreetingAsync();
            foreach (var run in CodeHarness.Choices)
            {
                var scenario = await lab.NextCodeAsync("syscall");
                using var arriving = lab.Debugger.Subscribe();
                var counting = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario, ActionDefinition.Count);
                var failing = new Dictionary<uint, BadBlob>();
                foreach (var blob in CodeBlobs.Faults)
                {
                    var direction = failing.Count % 2 == 0 ? ModeTrapDirection.User : ModeTrapDirection.Kernel;
                    var action = ActionDefinition.CustomCode(Assemble(blob, 0, run), 0x40, run);
                    failing.Add((await lab.AddAsync(direction, scenario, ActionDefinition.Count, action)).Id, blob);
                }

                // A condition that fails is no different.
                var condition = await lab.Debugger.AddEventAsync(
                    ModeEventDefinition.Of(ModeTrapDirection.Kernel, ProcessKey.Cr3(scenario.Root), ActionDefinition.Count) with
                    {
                        Condition = CodeDefinition.Of(CodeHarness.Assemble("mov eax, 1; ud2"), run),
                    });

                var done = await lab.RunToEndAsync(scenario);
                done.Number("kernel_entries").ShouldBe(201UL);
                done.Number("user_entries").ShouldBe(201UL);
                var events = (await lab.Debugger.ListEventsAsync()).ToDictionary(entry => entry.Id);
                events[counting.Id].UserReached.ShouldBe(201UL);
                events[counting.Id].KernelReached.ShouldBe(201UL);
                events[counting.Id].Enabled.ShouldBeTrue();

                var reports = (await arriving.TakeAsync<CodeFaultEvent>((ulong)failing.Count + 1)).ToDictionary(report => report.EventId);
                foreach (var (id, blob) in failing)
                {
                    ShouldReport(reports[id], blob, Assemble(blob, 0, run), run);
                    reports[id].Action.ShouldBe(1, blob.Name);
                    reports[id].Context.ShouldBe((byte)(events[id].Direction == ModeTrapDirection.User ? 3 : 0), blob.Name);
                    events[id].Enabled.ShouldBeFalse(blob.Name);
                    events[id].Condition.ShouldBe(EventCondition.Faulted, blob.Name);
                    (events[id].UserReached + events[id].KernelReached).ShouldBe(1UL, blob.Name);
                    var part = await lab.Debugger.ReadEventPartAsync(id, 1);
                    part.Runs.ShouldBe(0UL, blob.Name);
                    part.Faults.ShouldBe(1UL, blob.Name);
                }

                reports[condition.Id].Action.ShouldBeNull();
                reports[condition.Id].Vector.ShouldBe(CodeBlobs.InvalidOpcode);
                reports[condition.Id].Offset.ShouldBe(5U);
                events[condition.Id].Enabled.ShouldBeFalse();
                events[condition.Id].KernelReached.ShouldBe(0UL);
                await lab.Debugger.ClearAllEventsAsync();
            }
        });

    [Fact]
    public Task A_failed_event_that_is_enabled_again_runs_again() => CodeHarness.RunAsync(
        "code-enabled-again", "wait=forever,plain:steady,syscall=1,poweroff", async lab =>
        {
            await lab.GreetingAsync();
            var scenario = await lab.NextCodeAsync("steady");
            using var arriving = lab.Debugger.Subscribe();

            // Fails at its third run, and at each one after.
            var added = await lab.AddAsync(
                ModeTrapDirection.Kernel, scenario, CodeHarness.Code("inc dword [rcx]; cmp dword [rcx], 3; jb .good; ud2; .good: mov eax, 1", 8));
            await lab.ReleaseAsync(scenario);
            for (var fault = 1UL; fault <= 3; fault++)
            {
                var report = await arriving.NextAsync<CodeFaultEvent>(item => item.EventId == added.Id);
                report.Vector.ShouldBe(CodeBlobs.InvalidOpcode);
                var part = await lab.Debugger.ReadEventPartAsync(added.Id, 0);
                part.Runs.ShouldBe(2UL);
                part.Faults.ShouldBe(fault);
                (await lab.EventAsync(added)).Enabled.ShouldBeFalse();
                await lab.Debugger.EnableEventAsync(added.Id);
            }

            await arriving.NextAsync<CodeFaultEvent>(item => item.EventId == added.Id);
            var done = await lab.EndSteadyAsync(scenario);
            done.Word("checks").ShouldBe("ok");
            done.Number("odd_registers").ShouldBe(0UL);
        });

    private static Task InStoppedGuest(string name, RunChoice run, IReadOnlyList<BadBlob> blobs) => CodeHarness.RunAsync(
        name,
        "wait=forever,plain:steady,syscall=1,poweroff",
        async lab =>
        {
            await lab.GreetingAsync();
            var own = lab.ReservedMemory();
            own.Start.ShouldNotBe(0UL);
            var scenario = await lab.NextCodeAsync("steady");
            await lab.StopInProcessAsync(scenario, ModeTrapDirection.Kernel);
            var wrong = new List<string>();
            foreach (var blob in blobs)
            {
                // Two places of HvKernel's memory: its image at the start, its pool behind.
                foreach (var place in blob.Text.Contains("OWN") || blob.Text.Contains("DIRECT") ? new[] { own.Start, own.End - 0x1000 } : [own.Start])
                {
                    var code = Assemble(blob, place, run);
                    var result = await lab.Debugger.RunCodeAsync(CodeDefinition.Of(code, run), keepRegisters: true);
                    try
                    {
                        if (!blob.EndsDirectly || result.Manner != RunManner.Direct)
                        {
                            ShouldReport(result.Fault.ShouldNotBeNull("no failure"), blob, code, run);
                        }
                    }
                    catch (ShouldAssertException problem)
                    {
                        wrong.Add($"{blob.Name}: {problem.Message.ReplaceLineEndings(" ")} [{Text(result)}]");
                    }

                    // Nothing is left of it.
                    var good = await lab.Debugger.RunCodeAsync(
                        CodeDefinition.Of(CodeHarness.Assemble("mov rax, gs:[0x188]; test rax, rax; setnz al; movzx eax, al"), run), keepRegisters: true);
                    good.Fault.ShouldBeNull(blob.Name);
                    good.Result.ShouldBe(1UL, blob.Name);
                }
            }

            wrong.ShouldBeEmpty();
            await lab.Debugger.ContinueAsync();
            await CodeHarness.UntilAsync(async () => await lab.WordAsync(scenario.OtherProgress) != 0, "a round of the neighbour");
            var done = await lab.EndSteadyAsync(scenario);
            done.Word("checks").ShouldBe("ok");
            done.Number("odd_registers").ShouldBe(0UL);
        },
        // The limit of time must leave a stepped stack overflow enough.
        quickLine: run != RunChoice.Root);

    private static byte[] Assemble(BadBlob blob, ulong own, RunChoice run) => CodeHarness.For(run, CodeHarness.Assemble(blob.Text
        .Replace("DIRECT", Number(LabGuest.KernelHalf + own), StringComparison.Ordinal)
        .Replace("OWN", Number(own), StringComparison.Ordinal)));

    // A number that nasm gives eight bytes, whatever its value.
    private static string Number(ulong value) => "strict qword 0x" + value.ToString("x", CultureInfo.InvariantCulture);

    private static void ShouldReport(CodeFaultEvent report, BadBlob blob, byte[] code, RunChoice run)
    {
        report.Manner.ShouldBeOneOf(run switch
        {
            RunChoice.Contained => [RunManner.Contained],
            RunChoice.Root => [RunManner.Root],
            _ => [RunManner.Direct, RunManner.Contained],
        });
        if (report.Kind == BlobFaultKind.ForbiddenInstruction)
        {
            blob.Exits.ShouldContain((ExitReason)report.Detail);
        }
        else if (blob.Vectors.Length == 0)
        {
            report.Kind.ShouldBe(BlobFaultKind.TimeLimit);
        }
        else
        {
            report.Kind.ShouldBe(BlobFaultKind.Exception);
            blob.Vectors.ShouldContain(report.Vector);
        }

        if (blob.Offset is { } offset)
        {
            offset += CodeHarness.For(run, []).Length;
            report.Offset.ShouldBe((uint)offset);
            report.Instruction.ShouldBe(code.AsSpan(offset)[..Math.Min(code.Length - offset, 15)].ToArray());
        }

        if (blob.Name.StartsWith("#GP", StringComparison.Ordinal))
        {
            report.Registers.Rbx.ShouldBe(0x8000_0000_0000_0000UL);
        }
    }

    private static string Text(CodeRun run) => run.Fault is { } fault
        ? $"{fault.Kind}, vector {fault.Vector}, detail {fault.Detail}, offset {fault.Offset:x}, rip {fault.Rip:x}, address {fault.Address:x}, {fault.Manner}"
        : $"result {run.Result:x}, {run.Manner}";
}
