using System.Linq;
using HvDbg.Fuzzing;
using HvKernel.Fuzzing;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Fuzz;

/// <summary>Some cases of each fuzzer; <c>make fuzz</c> runs a million of each.</summary>
public sealed class FuzzTests
{
    private const ulong Seed = 0x48564B;

    public static TheoryData<string, int> Targets => new()
    {
        { "hex", 2000 },
        { "assembly", 200 },
        { "proof", 1000 },
        { "commands", 500 },
    };

    [Theory]
    [MemberData(nameof(Targets))]
    public void Some_cases_of_each_fuzzer_hold(string name, int cases)
    {
        using var target = ConsoleTargets.All.Single(t => t.Name == name);
        target.Prepare();
        for (var i = 0; i < cases; i++)
            target.Run(FuzzRandom.SeedOf(Seed, name, i));
    }

    [Fact]
    public void No_fuzzer_is_left_out() =>
        ConsoleTargets.All.Select(t => t.Name).ShouldBe(Targets.Select(row => (string)row[0]), ignoreOrder: true);
}
