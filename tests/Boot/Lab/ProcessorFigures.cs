using System.Collections.Generic;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>What the lab guest says that one of its processors did in a scenario.</summary>
public sealed record ProcessorFigures(
    ulong KernelEntries, ulong UserEntries, ulong OtherKernelEntries, ulong OtherUserEntries, ulong Nmis, ulong UserNmis, ulong Taken, ulong TakenOfAll)
{
    public static ProcessorFigures Of(LabLine line) => new(
        line.Number("kernel_entries"),
        line.Number("user_entries"),
        line.Number("other_kernel_entries"),
        line.Number("other_user_entries"),
        line.Number("nmis"),
        line.Number("user_nmis"),
        line.Number("taken"),
        line.Number("taken_of_all"));

    /// <summary>Entries, and as many returns, of <c>pinned</c> and <c>migrating</c> on each processor, by construction (README.md of the guest).</summary>
    /// <param name="processors">How many.</param>
    /// <param name="threads">Of the process under test.</param>
    /// <param name="times">Transitions of each thread; the system call <c>exit</c> is one more.</param>
    /// <param name="each">After how many of them a thread moves.</param>
    /// <param name="migrates">Whether it moves to the next processor.</param>
    public static IReadOnlyList<ulong> Expected(int processors, int threads, int times, int each, bool migrates)
    {
        var expected = new ulong[processors];
        for (var thread = 0; thread < threads; thread++)
        {
            for (var made = 0; made <= times; made++)
            {
                expected[(thread + (migrates ? made / each : 0)) % processors]++;
            }
        }

        return expected;
    }
}
