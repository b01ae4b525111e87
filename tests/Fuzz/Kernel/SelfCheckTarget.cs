using System.Linq;

namespace HvKernel.Fuzzing;

/// <summary>
/// Shows that the fuzzers notice what they are for: one case reads a byte behind its buffer, one does not end, one is wrong. Run where it is named.
/// </summary>
public sealed unsafe class SelfCheckTarget : FuzzTarget<int>
{
    private const int Culprit = 77;
    private readonly GuardedArea _memory = new(1);

    public override string Name => "self-check";

    public override System.TimeSpan Patience => System.TimeSpan.FromSeconds(2);

    protected override int[] Generate(FuzzRandom random) => [.. Enumerable.Range(0, 50).Select(_ => random.Below(100)).Append(Culprit).Append(Kind(random))];

    protected override string Run(int[] input, FuzzRandom random)
    {
        var culprit = input.Contains(Culprit);
        if (culprit && input.Contains(1000))
            return $"read {_memory.Last(1)[1]}";
        while (culprit && input.Contains(1001))
        {
        }

        FuzzFailureException.Unless(!culprit || !input.Contains(1002), "wrong on purpose");
        return "good";
    }

    protected override string Describe(int[] input) => string.Join(' ', input);

    protected override void Dispose(bool disposing) => _memory.Dispose();

    private static int Kind(FuzzRandom random) => 1000 + random.Below(8);
}
