using System;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Processors;

/// <summary>
/// Stock Debian brings all its processors up under HvKernel. <c>HVK_REPEAT_BOOT</c>: how often it boots on two processors (other tests do that in the default
/// run); on four a quarter of that, and once at least.
/// </summary>
public sealed class ProcessorsBootTests(ITestOutputHelper output)
{
    private static readonly int Wanted = Lengths.Of("HVK_REPEAT_BOOT", 0);

    public static TheoryData<int, bool> Machines => Wanted == 0 ? new() { { 4, true }, { 4, false } } : new() { { 2, true }, { 2, false }, { 4, true }, { 4, false } };

    [Theory]
    [MemberData(nameof(Machines))]
    public async Task All_processors_come_up(int processors, bool isolation)
    {
        var times = processors == 2 ? Wanted : Math.Max(1, Wanted / 4);
        var good = 0;
        try
        {
            for (; good < times; good++)
            {
                await BootAsync(processors, isolation);
            }
        }
        finally
        {
            output.WriteLine($"figure: boots on {processors} processors, page-table isolation {(isolation ? "on" : "off")}: {good} of {times}");
        }
    }

    private static async Task BootAsync(int processors, bool isolation)
    {
        var name = $"processors-{processors}-{(isolation ? "pti" : "nopti")}";
        var text = await ProcessorsLinux.RunAsync(ProcessorsLinux.Options(name, processors, isolation ? "" : "pti=off", "poweroff"));
        text.ShouldContain($"HvKernel: processors: {processors} of {processors}");
        text.ShouldContain(isolation ? "meltdown: Mitigation: PTI" : "meltdown: Vulnerable");
    }
}
