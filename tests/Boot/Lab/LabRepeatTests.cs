using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>The same figures in every boot, and without the hypervisor. HVK_REPEAT says how many boots; 3 by default.</summary>
public sealed class LabRepeatTests
{
    private static readonly string[] Modes = ["plain", "two-root", "pcid"];

    [Fact]
    public async Task Boots_in_a_row_give_the_same_figures()
    {
        var wanted = Lengths.Of("HVK_REPEAT", 3);
        var first = await FiguresAsync(1);
        first.Count.ShouldBe(Modes.Length * LabCampaign.Kinds.Count);
        for (var boot = 2; boot <= wanted; boot++)
        {
            (await FiguresAsync(boot)).ShouldBe(first, $"boot {boot}");
        }
    }

    [Theory]
    [InlineData("bochs", 18)]
    [InlineData("qemu", 12)]
    public async Task The_guest_makes_the_same_without_a_hypervisor(string emulator, int expected)
    {
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = $"lab-bare-{emulator}", Guest = "lab", With = emulator, Hypervisor = false, DebugLine = false, Append = Options("wait=0"),
        });
        (await guest.WaitForExitAsync()).ShouldBe(0, guest.Report());

        // Software emulation in QEMU has no process-context identifiers: the scenarios that want them say so.
        var lines = guest.Console.Text.Split('\n').Where(line => line.StartsWith("LAB done", StringComparison.Ordinal)).Select(line => new LabLine(line)).ToList();
        lines.Count.ShouldBeGreaterThanOrEqualTo(expected, guest.Report());
        foreach (var line in lines)
        {
            var made = (ulong)LabCampaign.Kinds[line.Word("scenario")] + 1;
            LabFigures.Of(line).KernelEntries.ShouldBe(made, line.Text);
            LabFigures.Of(line).UserEntries.ShouldBe(made, line.Text);
        }
    }

    private static string Options(string wait) =>
        $"{wait},{string.Join(',', Modes.Select(mode => string.Join(',', LabCampaign.Kinds.Select(kind => $"{mode}:{kind.Key}={kind.Value}"))))},poweroff";

    // One line for each scenario: what the guest made, and what the target counted.
    private static async Task<List<string>> FiguresAsync(int boot)
    {
        var figures = new List<string>();
        await LabGuest.RunAsync($"lab-repeat-{boot}", Options("wait=forever").Replace("poweroff", "syscall=1,poweroff", StringComparison.Ordinal), async lab =>
        {
            await lab.GreetingAsync();
            foreach (var mode in Modes)
            {
                foreach (var kind in LabCampaign.Kinds.Keys)
                {
                    var scenario = await lab.NextAsync(kind);
                    var added = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Count);
                    var made = await lab.RunToEndAsync(scenario);
                    var counted = await lab.EventAsync(added);
                    await lab.Debugger.ClearAllEventsAsync();
                    counted.UserReached.ShouldBe(made.UserEntries);
                    counted.KernelReached.ShouldBe(made.KernelEntries);
                    figures.Add($"{mode} {kind}: {made}, counted {counted.UserReached} {counted.KernelReached}");
                }
            }
        });
        return figures;
    }
}
