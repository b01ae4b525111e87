using System;
using System.Linq;
using HvKernel.Fuzzing;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Fuzz;

/// <summary>Some cases of each fuzzer; <c>make fuzz</c> runs a million of each.</summary>
public sealed class FuzzTests
{
    private const ulong Seed = 0x48564B;

    public static TheoryData<string, int> Targets => new()
    {
        { "frames", 500 },
        { "queue", 500 },
        { "event-requests", 2000 },
        { "walks", 500 },
        { "racing-walks", 200 },
        { "blob-space", 300 },
        { "kallsyms", 300 },
        { "btf", 1000 },
        { "kernel-symbols", 500 },
        { "kernel-types", 300 },
        { "tasks", 300 },
        { "discovery", 2 },
    };

    [Theory]
    [MemberData(nameof(Targets))]
    public void Some_cases_of_each_fuzzer_hold(string name, int cases)
    {
        using var target = KernelTargets.All.Single(t => t.Name == name);
        target.Prepare();
        for (var i = 0; i < cases; i++)
            target.Run(FuzzRandom.SeedOf(Seed, name, i));
    }

    [Fact]
    public void No_fuzzer_is_left_out() =>
        KernelTargets.All.Select(t => t.Name).ShouldBe(Targets.Select(row => (string)row[0]), ignoreOrder: true);

    [Fact]
    public void What_fails_is_made_smaller_to_what_is_needed()
    {
        var kept = Shrinker.Shrink(200, elements => elements.Contains(17) && elements.Contains(160), 10_000);
        kept.ShouldBe([17, 160]);
        Shrinker.Shrink(5, _ => true, 100).ShouldBeEmpty();
        Shrinker.Shrink(3, _ => false, 100).ShouldBe([0, 1, 2]);
    }

    [Fact]
    public void A_case_is_the_same_each_time_and_wrong_ones_are_noticed()
    {
        using var target = new SelfCheckTarget();
        var wrong = Enumerable.Range(0, 1000).Select(i => FuzzRandom.SeedOf(Seed, target.Name, i))
            .First(seed => target.Describe(seed, [.. Enumerable.Range(0, target.LengthOf(seed))]).EndsWith(" 77 1002", StringComparison.Ordinal));
        Should.Throw<FuzzFailureException>(() => target.Run(wrong)).Message.ShouldBe("wrong on purpose");
        Should.Throw<FuzzFailureException>(() => target.Run(wrong, [50, 51]));
        target.Run(wrong, [51]).ShouldBe("good");
    }
}
