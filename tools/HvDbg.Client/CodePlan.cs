using System.Collections.Immutable;
using HvDbg.Client.Code;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>How a piece of code will be run, and why.</summary>
/// <param name="Manner">What the target is told.</param>
/// <param name="Flags">What the target must know about the code.</param>
/// <param name="Analysis">What is known of the code.</param>
public sealed record CodePlan(RunManner Manner, BlobFlags Flags, BlobAnalysis Analysis)
{
    /// <summary>Chooses the manner: directly where the code is proved and that was not ruled out, else as <see cref="CodeDefinition.Run"/> says.</summary>
    public static CodePlan Of(CodeDefinition code) => Of(code.Bytes, code.Run);

    /// <inheritdoc cref="Of(CodeDefinition)"/>
    public static CodePlan Of(ImmutableArray<byte> bytes, RunChoice run)
    {
        var analysis = BlobAnalysis.Of(bytes.AsSpan());
        var manner = run == RunChoice.Contained ? RunManner.Contained
            : analysis.Provable ? RunManner.Direct
            : run == RunChoice.Root ? RunManner.Root : RunManner.Contained;
        var flags = (analysis.UsesVectorState ? BlobFlags.UsesVectorState : BlobFlags.None) | (analysis.UsesGs ? BlobFlags.UsesGs : BlobFlags.None);
        return new CodePlan(manner, flags, analysis);
    }
}
