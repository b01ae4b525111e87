using System;
using System.Threading.Tasks;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Processors;

/// <summary>
/// Stock Debian brings all its processors up under HvKernel. <c>HVK_REPEAT_BOOT</c>: how often it boots on two processors (1); on four a quarter of that.
/// </summary>
public sealed class ProcessorsBootTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(2, true)]
    [InlineData(2, false)]
    [InlineData(4, true)]
    [InlineData(4, false)]
    public async Task All_processors_come_up(int processors, bool isolation)
    {
        var wanted = ProcessorsLinux.Times("HVK_REPEAT_BOOT", 1);
        var times = processors == 2 ? wanted : Math.Max(1, wanted / 4);
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
