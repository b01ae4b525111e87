using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>Random bytes as custom code, as <c>run auto</c> chooses the manner: whatever they do, they end, say how, and leave everything as it was.</summary>
public sealed class CodeRandomTests(ITestOutputHelper output)
{
    private const int Seed = 0x48564B;
    private const int LongestBlob = 64;
    private const int Once = 2_000;

    // What `make fuzz` asks for; the first ones are always the same.
    private static readonly int Wanted = Lengths.Of("HVK_FUZZ_BLOBS", Once);
    private const int AsActions = 400;
    private const int ActionsAtATime = 16;
    private const int PageBytes = 4096;
    private const byte GsPrefix = 0x65;

    // In the upper half of the data page of the guest's process, which its checks leave out.
    private const ulong SavedRegisters = 0x60_0900;

    [Fact]
    public Task Random_blobs_run_once_each() => CodeHarness.RunAsync(
        "code-random",
        "wait=forever,two-root:steady,syscall=1,poweroff",
        async lab =>
        {
            await lab.GreetingAsync();
            var scenario = await lab.NextCodeAsync("steady");
            await lab.StopInProcessAsync(scenario, ModeTrapDirection.Kernel);
            var before = (await lab.Debugger.ReadRegistersAsync()).General;

            // Code may write where the guest's kernel may, and through GS with all registers 0 that is the per-processor area, which no kernel survives.
            var perCpu = await lab.Debugger.ReadMemoryAsync(CodeHarness.PerCpu, PageBytes);
            var ends = new SortedDictionary<string, int>(StringComparer.Ordinal);
            var clock = Stopwatch.StartNew();
            foreach (var blob in Blobs(Wanted))
            {
                var run = await lab.Debugger.RunCodeAsync(CodeDefinition.Of(blob), LongestBlob, keepRegisters: true);
                var end = run.Fault is { } fault ? End(fault, blob) : "end reached";
                ends[end] = ends.GetValueOrDefault(end) + 1;
            }

            output.WriteLine($"{Wanted} blobs in {clock.Elapsed.TotalSeconds:0} s, {Wanted / clock.Elapsed.TotalSeconds:0.0} a second");
            output.WriteLine(string.Join('\n', ends.Select(end => $"{end.Value,6} {end.Key}")));
            ends.Values.Sum().ShouldBe(Wanted);
            ends["end reached"].ShouldBeGreaterThan(Wanted / 100);
            ends.Count.ShouldBeGreaterThan(5);
            (await lab.Debugger.ReadRegistersAsync()).General.ShouldBe(before);
            await lab.Debugger.WriteMemoryAsync(CodeHarness.PerCpu, perCpu);
            await ShouldGoOnUnharmed(lab, scenario);
        },
        quickLine: true,
        TimeSpan.FromMinutes(20.0 * Math.Max(1, Wanted / (double)Once)));

    [Fact]
    [Trait("Run", "long")]
    public Task Hundreds_of_blobs_as_actions_of_events() => CodeHarness.RunAsync(
        "code-random-actions",
        "wait=forever,two-root:steady,syscall=1,poweroff",
        async lab =>
        {
            await lab.GreetingAsync();
            var scenario = await lab.NextCodeAsync("steady");
            await lab.ReleaseAsync(scenario);
            using var arriving = lab.Debugger.Subscribe();
            ulong failed = 0;
            var number = 0;

            // The guest runs, so nobody could put its per-processor area right in time.
            foreach (var batch in Blobs(2 * Once).Skip(Once).Where(blob => !blob.Contains(GsPrefix)).Take(AsActions).Chunk(ActionsAtATime))
            {
                var added = new List<uint>();
                foreach (var blob in batch)
                {
                    // What it writes to GUEST_REGS is put right again: a register of the guest's with random content would be the guest's own end.
                    added.Add((await lab.AddAsync(
                        number++ % 2 == 0 ? ModeTrapDirection.User : ModeTrapDirection.Kernel,
                        scenario,
                        CodeHarness.Code(Copy("rdx", $"{SavedRegisters}")),
                        ActionDefinition.CustomCode(blob, LongestBlob),
                        CodeHarness.Code(Copy($"{SavedRegisters}", "rdx")))).Id);
                }

                await CodeHarness.UntilAsync(
                    async () => (await lab.Debugger.ListEventsAsync()).All(entry => entry.UserReached + entry.KernelReached > 0),
                    $"a run of each blob up to {number}");
                foreach (var entry in await lab.Debugger.ListEventsAsync())
                {
                    added.ShouldContain(entry.Id);
                    entry.Enabled.ShouldBe((entry.Condition & EventCondition.Faulted) == 0);
                    var part = await lab.Debugger.ReadEventPartAsync(entry.Id, 1);
                    part.Faults.ShouldBe(entry.Enabled ? 0UL : 1UL);
                    failed += part.Faults;
                    if (entry.Enabled)
                    {
                        part.Runs.ShouldBeGreaterThan(0UL);
                    }
                }

                await lab.Debugger.ClearAllEventsAsync();
            }

            number.ShouldBe(AsActions);
            failed.ShouldBeInRange((ulong)AsActions / 4, AsActions - 1UL);
            foreach (var report in await arriving.TakeAsync<CodeFaultEvent>(failed))
            {
                report.Action.ShouldBe(1);
                End(report, null);
            }

            await ShouldGoOnUnharmed(lab, scenario);
        },
        quickLine: true,
        TimeSpan.FromMinutes(20));

    private static IEnumerable<byte[]> Blobs(int count)
    {
        var random = new Random(Seed);
        for (var i = 0; i < count; i++)
        {
            var blob = new byte[random.Next(1, LongestBlob + 1)];
            random.NextBytes(blob);
            yield return blob;
        }
    }

    // All sixteen registers from one place to another.
    private static string Copy(string from, string to) =>
        string.Concat(Enumerable.Range(0, 16).Select(i => $"mov rax, [{from} + {8 * i}]; mov [{to} + {8 * i}], rax;")) + "xor eax, eax";

    // How it ended; a failure must say by what.
    private static string End(CodeFaultEvent fault, byte[]? blob)
    {
        fault.Manner.ShouldNotBe(RunManner.Root);
        if (blob is not null && fault.Offset is { } offset)
        {
            // A last byte that is a ret stands there as another one, where the code runs directly.
            var compared = Math.Min(blob.Length - 1 - (int)offset, 15);
            fault.Instruction.AsSpan()[..compared].ToArray().ShouldBe(blob.AsSpan((int)offset, compared).ToArray());
        }

        switch (fault.Kind)
        {
            case BlobFaultKind.Exception:
                fault.Vector.ShouldBeLessThan((byte)32);
                return $"exception {fault.Vector}, {fault.Manner}";
            case BlobFaultKind.ForbiddenInstruction:
                fault.Manner.ShouldBe(RunManner.Contained);
                return $"exit {(ExitReason)fault.Detail}";
            default:
                // Direct code cannot last: it has been proved to end.
                fault.Kind.ShouldBe(BlobFaultKind.TimeLimit);
                fault.Manner.ShouldBe(RunManner.Contained);
                return "time limit";
        }
    }

    private static async Task ShouldGoOnUnharmed(LabGuest lab, CodeScenario scenario)
    {
        var progress = await lab.WordAsync(scenario.Progress);
        var other = await lab.WordAsync(scenario.OtherProgress);
        await lab.Debugger.ContinueAsync();
        await CodeHarness.UntilAsync(async () => await lab.WordAsync(scenario.Progress) > progress + 1000, "a thousand system calls");
        await CodeHarness.UntilAsync(async () => await lab.WordAsync(scenario.OtherProgress) > other, "a round of the neighbour");
        (await lab.Debugger.PauseAsync()).Reason.ShouldBe(StopReason.Pause);
        await lab.Debugger.ContinueAsync();
        var done = await lab.EndSteadyAsync(scenario);
        done.Word("checks").ShouldBe("ok");
        done.Number("odd_registers").ShouldBe(0UL);
    }
}
