using System;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>
/// x87, MXCSR, XMM and YMM registers are the guest's, whatever machine code does with them. <c>HVK_TRANSITIONS</c>: how many (200,000).
/// </summary>
public sealed class CodeVectorTests
{
    private const int Few = 3_000;

    // As many system calls are twice as many transitions.
    private static readonly int Many = Lengths.Of("HVK_TRANSITIONS", 200_000) / 2;

    // Every bit of every register that the guest's patterns are in, and the control words.
    private static readonly string Clobber =
        string.Concat(Enumerable.Range(0, 16).Select(i => $"vpcmpeqd ymm{i}, ymm{i}, ymm{i};"))
        + "push 0x1F80; ldmxcsr [rsp]; fninit; fldpi; fldl2e; fld1; fldz; fldpi; fldl2e; fld1; fldz; pop rax; xor eax, eax";

    // The same without AVX: code that uses SSE alone must not be taken for code that leaves the upper halves as they are.
    private static readonly string ClobberLower =
        string.Concat(Enumerable.Range(0, 16).Select(i => $"pxor xmm{i}, xmm{i};")) + "emms; xor eax, eax";

    [Fact]
    public Task Nothing_changes_over_many_transitions() => CodeHarness.RunAsync(
        "code-vectors-many",
        $"wait=forever,plain:vectors={Many},syscall=1,poweroff",
        lab => OneAsync(lab, Clobber, RunChoice.Auto, "plain"),
        limit: TimeSpan.FromMinutes(15));

    [Fact]
    public Task Nothing_changes_in_any_manner_and_mode() => CodeHarness.RunAsync(
        "code-vectors", CodeHarness.EachMode([.. CodeHarness.Choices.SelectMany(_ => new[] { $"vectors={Few}", $"vectors={Few}" })]), async lab =>
        {
            foreach (var mode in CodeHarness.Modes)
            {
                foreach (var run in CodeHarness.Choices)
                {
                    await OneAsync(lab, Clobber, run, mode);
                    await OneAsync(lab, ClobberLower, run, mode);
                }
            }
        });

    private static async Task OneAsync(LabGuest lab, string text, RunChoice run, string mode)
    {
        var scenario = await lab.NextCodeAsync("vectors");
        scenario.Mode.ShouldBe(mode);
        var added = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario, CodeHarness.Code(text, run: run));
        var done = await lab.RunToEndAsync(scenario, TimeSpan.FromMinutes(12));
        done.Number("checks").ShouldBe(scenario.Times);
        done.Number("mismatches").ShouldBe(0UL, $"{done.Text}, run {run}");
        var part = await lab.Debugger.ReadEventPartAsync(added.Id, 0);
        part.Runs.ShouldBe(2 * (scenario.Times + 1), $"{mode}, run {run}");
        part.Faults.ShouldBe(0UL);
        part.Manner.ShouldBe(CodeHarness.MannerOf(run));
        await lab.Debugger.ClearAllEventsAsync();
    }
}
