using System.Collections.Generic;
using HvKernel.Fuzzing;

namespace HvDbg.Fuzzing;

/// <summary>The fuzzers of the console.</summary>
public static class ConsoleTargets
{
    public static IReadOnlyList<FuzzTarget> All => [new HexTarget(), new AssemblyTarget(), new ProofTarget(), new CommandTarget()];
}
