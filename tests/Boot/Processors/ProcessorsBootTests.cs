using System.Threading.Tasks;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Processors;

/// <summary>
/// Stock Debian brings all its processors up under HvKernel. <c>HVK_REPEAT_BOOT</c>: how often each boots (1).
/// </summary>
public sealed class ProcessorsBootTests
{
    [Theory]
    [InlineData(2, true)]
    [InlineData(2, false)]
    [InlineData(4, true)]
    [InlineData(4, false)]
    public async Task All_processors_come_up(int processors, bool isolation)
    {
        var times = ProcessorsLinux.Times("HVK_REPEAT_BOOT", 1);
        for (var i = 0; i < times; i++)
        {
            var name = $"processors-{processors}-{(isolation ? "pti" : "nopti")}";
            var text = await ProcessorsLinux.RunAsync(
                ProcessorsLinux.Options(name, processors, isolation ? "" : "pti=off", "poweroff"));
            text.ShouldContain($"HvKernel: processors: {processors} of {processors}");
            text.ShouldContain(isolation ? "meltdown: Mitigation: PTI" : "meltdown: Vulnerable");
        }
    }
}
