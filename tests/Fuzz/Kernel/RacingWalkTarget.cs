using System.Linq;
using System.Threading;
using HvKernel.Guest;
using HvKernel.Memory;

namespace HvKernel.Fuzzing;

/// <summary>
/// The same while another processor changes the tables: each walk must be one that follows from the entries that it says it read, and no more than
/// one for each level. What the other thread does in between is no matter of the seed.
/// </summary>
public sealed unsafe class RacingWalkTarget : FuzzTarget<TableEntry>
{
    private const int CopyBytes = 9000;

    private readonly GuardedArea _ram = new((int)PageTables.Bytes);
    private readonly GuardedArea _buffer = new(CopyBytes);
    private Thread? _other;
    private volatile bool _end;

    public override string Name => "racing-walks";

    public override void Prepare()
    {
        _other = new Thread(Disturb) { IsBackground = true };
        _other.Start();
    }

    protected override TableEntry[] Generate(FuzzRandom random) => PageTables.Generate(random);

    protected override string Run(TableEntry[] input, FuzzRandom random)
    {
        foreach (var (address, value) in input)
            *(ulong*)(_ram.Start + address) = value;
        var memory = new SmallMemory(_ram.Start, PageTables.Bytes, (ulong)random.Below(PageTables.Pages) * 4096);
        var mode = PageTables.Modes[random.Between(1, 4)];
        var paging = PageTables.Paging(random, mode);
        var outcome = GuestWalkResult.Mapped;
        for (var i = 0; i < 8; i++)
        {
            var linear = PageTables.Address(random, mode);
            outcome = GuestPageWalk.Translate(ref memory, in paging, linear, out var walk);
            Check(in paging, linear, walk);
            GuestMemory.Read(ref memory, in paging, linear, _buffer.Last(i * 1000), (ulong)i * 1000, out _);
        }

        PageRootPair.Classify(ref memory, paging.Cr3);
        return outcome.ToString();
    }

    protected override string Describe(TableEntry[] input) => string.Join(' ', input.Select(e => $"{e.Address:x}={e.Value:x}"));

    protected override void Dispose(bool disposing)
    {
        _end = true;
        _other?.Join();
        _ram.Dispose();
        _buffer.Dispose();
    }

    private static void Check(in GuestPaging paging, ulong linear, GuestPageWalk walk)
    {
        var expected = ReferenceWalk.Of(
            in paging,
            linear,
            (level, address, _) => walk.EntryAddress(level) == address && !(walk.Result == GuestWalkResult.NotRam && level == walk.Level) ? walk.Entry(level) : null);
        FuzzFailureException.Unless(
            walk.Result == expected.Result && walk.Level == expected.Level, $"{linear:x}: {walk.Result} at level {walk.Level} does not follow from the entries read: {expected}");
        if (walk.Result != GuestWalkResult.Mapped)
            return;
        var found = new Translation(walk.Result, walk.Level, walk.Physical, walk.PageSize, walk.Writable, walk.User, walk.NoExecute);
        FuzzFailureException.Unless(found == expected, $"{linear:x}: {found} does not follow from the entries read: {expected}");
    }

    private void Disturb()
    {
        var random = new FuzzRandom(1);
        while (!_end)
            Volatile.Write(ref *(ulong*)(_ram.Start + (ulong)random.Below((int)PageTables.Bytes / 8) * 8 % (12 * 4096)), PageTables.Value(random));
    }
}
