using System.Linq;
using System.Threading.Tasks;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Processors;

/// <summary>
/// Processors that go and come back, and a load on all of them. <c>HVK_OFFLINE</c>: how often they go (6); <c>HVK_LOAD</c>: rounds of the load (2).
/// </summary>
public sealed class ProcessorsLoadTests
{
    [Fact]
    public async Task Offline_load_and_warnings_are_as_without_us()
    {
        var offline = ProcessorsLinux.Times("HVK_OFFLINE", 6);
        var load = ProcessorsLinux.Times("HVK_LOAD", 2);
        var run = $"offline:{offline},load:{load},dmesg";

        var bare = await ProcessorsLinux.RunAsync(ProcessorsLinux.Options("processors-load-bare", 2, "", run, hypervisor: false));
        var ours = await ProcessorsLinux.RunAsync(ProcessorsLinux.Options("processors-load", 2, "", run));

        foreach (var text in new[] { bare, ours })
        {
            text.ShouldContain($"offline done n={offline} succeeded={offline} online=2\n");

            // Five checks a round, three workers on two processors.
            text.ShouldContain($"load: OK {15 * load}\n");
        }

        Warnings(ours).Except(Warnings(bare)).ShouldBeEmpty();
    }

    private static string[] Warnings(string text) => [.. text.Split('\n').Where(line => line.StartsWith("dmesg: <", System.StringComparison.Ordinal))];
}
