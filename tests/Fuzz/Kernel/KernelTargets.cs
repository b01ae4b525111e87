using System.Collections.Generic;

namespace HvKernel.Fuzzing;

/// <summary>The fuzzers of the image's pure logic, quick ones first.</summary>
public static class KernelTargets
{
    public static IReadOnlyList<FuzzTarget> All =>
    [
        new FrameTarget(),
        new QueueTarget(),
        new EventRequestTarget(),
        new WalkTarget(),
        new RacingWalkTarget(),
        new BlobSpaceTarget(),
        new SymbolTarget(),
        new TypeTarget(),
        new KernelSymbolTarget(),
        new KernelTypeTarget(),
        new TaskTarget(),
        new DiscoveryTarget(),
    ];
}
