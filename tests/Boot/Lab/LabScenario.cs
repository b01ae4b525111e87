namespace HvKernel.Boot.Tests.Lab;

/// <summary>A scenario that the guest has announced. Addresses are physical but for <see cref="Entry"/>.</summary>
public sealed record LabScenario(
    string Name, string Mode, ulong Times, ulong Root, ulong UserRoot, ulong Entry, byte[] FirstBytes, ulong Data, ulong Flag, ulong OtherRoot)
{
    /// <summary>By construction: each of the N, and one more for the first way in or the last way out.</summary>
    public ulong Expected => Name == "userspin" ? 1 : Times + 1;

    public bool HasTwoRoots => UserRoot != Root;

    public static LabScenario Of(LabLine line) => new(
        line.Word("scenario"),
        line.Word("mode"),
        line.Number("n"),
        line.Number("root"),
        line.Number("userroot"),
        line.Number("entry"),
        line.Bytes("bytes"),
        line.Number("data"),
        line.Number("flag"),
        line.Has("otherroot") ? line.Number("otherroot") : 0);
}

/// <summary>What the guest's kernel counted from the flag on: transitions of the process under test, and of its busy neighbour.</summary>
public sealed record LabFigures(ulong KernelEntries, ulong UserEntries, ulong OtherKernelEntries, ulong OtherUserEntries)
{
    public static LabFigures Of(LabLine line)
    {
        var hasOther = line.Has("other_kernel_entries");
        return new LabFigures(
            line.Number("kernel_entries"),
            line.Number("user_entries"),
            hasOther ? line.Number("other_kernel_entries") : 0,
            hasOther ? line.Number("other_user_entries") : 0);
    }
}
