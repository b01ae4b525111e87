using System;
using System.Linq;
using HvKernel.Guest;
using HvKernel.Memory;

namespace HvKernel.Fuzzing;

/// <summary>
/// <see cref="GuestPageWalk"/>, <see cref="GuestMemory"/> and <see cref="PageRootPair"/> on hostile tables in every paging mode, against
/// <see cref="ReferenceWalk"/>.
/// </summary>
public sealed unsafe class WalkTarget : FuzzTarget<TableEntry>
{
    private const int LongestCopy = 9000;

    private readonly GuardedArea _ram = new((int)PageTables.Bytes);
    private readonly GuardedArea _buffer = new(LongestCopy);
    private readonly ExactPieces _pieces = new();

    public override string Name => "walks";

    protected override TableEntry[] Generate(FuzzRandom random) => PageTables.Generate(random);

    protected override string Run(TableEntry[] input, FuzzRandom random)
    {
        var ram = new Span<byte>(_ram.Start, (int)PageTables.Bytes);
        ram.Clear();
        foreach (var (address, value) in input)
            *(ulong*)(_ram.Start + address) = value;
        var memory = new SmallMemory(_ram.Start, PageTables.Bytes, (ulong)random.Below(PageTables.Pages) * 4096);
        var mode = PageTables.Modes[random.Below(5)];
        var paging = PageTables.Paging(random, mode);
        FuzzFailureException.Unless(paging.Mode == mode, $"mode {paging.Mode}");
        var linear = PageTables.Address(random, mode);

        var result = Walk(memory, paging, linear);
        Classify(memory, paging.Cr3);
        Transfer(memory, paging, linear - (ulong)random.Below(LongestCopy), random);
        return $"{mode} {result}";
    }

    protected override string Describe(TableEntry[] input) => string.Join(' ', input.Select(e => $"{e.Address:x}={e.Value:x}"));

    protected override void Dispose(bool disposing)
    {
        _ram.Dispose();
        _buffer.Dispose();
        _pieces.Dispose();
    }

    private static Translation Expected(SmallMemory memory, GuestPaging paging, ulong linear) => ReferenceWalk.Of(
        paging,
        linear,
        (_, address, width) => memory.Map(address, (ulong)width) is var place && place == null ? null : width == 8 ? *(ulong*)place : *(uint*)place);

    private GuestWalkResult Walk(SmallMemory memory, GuestPaging paging, ulong linear)
    {
        var expected = Expected(memory, paging, linear);
        var exact = new ExactMemory<SmallMemory>(memory, _pieces);
        var before = _pieces.Given;
        var result = GuestPageWalk.Translate(ref exact, in paging, linear, out var walk);
        FuzzFailureException.Unless(_pieces.Given - before <= GuestPageWalk.MaximumLevel, $"{_pieces.Given - before} entries were read");
        FuzzFailureException.Unless(result == expected.Result && walk.Level == expected.Level, $"{paging.Mode} {linear:x}: {result} at level {walk.Level}, expected {expected}");
        if (result != GuestWalkResult.Mapped)
            return result;
        var found = new Translation(result, walk.Level, walk.Physical, walk.PageSize, walk.Writable, walk.User, walk.NoExecute);
        FuzzFailureException.Unless(found == expected, $"{paging.Mode} {linear:x}: {found}, expected {expected}");
        return result;
    }

    private void Classify(SmallMemory memory, ulong cr3)
    {
        var root = cr3 & 0x000F_FFFF_FFFF_F000;
        var expected = PageRootKind.NotRam;
        if (memory.Has(root, 2048))
        {
            expected = memory.Has(root ^ 4096, 2048) ? PageRootKind.Pair : PageRootKind.Single;
            var any = false;
            for (var i = 0; i < 256 && expected == PageRootKind.Pair; i++)
            {
                var here = ((ulong*)memory.Map(root, 2048))[i];
                var there = ((ulong*)memory.Map(root ^ 4096, 2048))[i];
                any |= (here & 1) != 0;
                if ((here & 0x7FFF_FFFF_FFFF_FF9F) != (there & 0x7FFF_FFFF_FFFF_FF9F))
                    expected = PageRootKind.Single;
            }

            if (!any && expected == PageRootKind.Pair)
                expected = PageRootKind.Single;
        }

        var exact = new ExactMemory<SmallMemory>(memory, _pieces);
        var kind = PageRootPair.Classify(ref exact, cr3);
        FuzzFailureException.Unless(kind == expected, $"root {cr3:x} is {kind}, expected {expected}");
    }

    private void Transfer(SmallMemory memory, GuestPaging paging, ulong linear, FuzzRandom random)
    {
        var length = random.Below(LongestCopy);
        var write = random.OneIn(4);
        var content = write ? random.Bytes(length) : new byte[length];
        var expected = new byte[length];

        // Page by page; what is written may change what comes behind, as it would with any writer.
        var before = new ReadOnlySpan<byte>(_ram.Start, (int)PageTables.Bytes).ToArray();
        var reached = 0;
        var end = GuestWalkResult.Mapped;
        for (; reached < length && !write; reached++)
        {
            var address = linear + (ulong)reached;
            if (address < linear)
            {
                end = GuestWalkResult.NonCanonical;
                break;
            }

            var translation = Expected(memory, paging, address);
            end = translation.Result;
            if (end == GuestWalkResult.Mapped && !memory.Has(translation.Physical, 1))
                end = GuestWalkResult.NotRam;
            if (end != GuestWalkResult.Mapped)
                break;
            expected[reached] = before[translation.Physical];

            // The rest of a page of 4 KiB is where its first byte is.
            var step = Math.Min(4095 - (int)(address & 4095), length - reached - 1);
            before.AsSpan((int)translation.Physical, step + 1).CopyTo(expected.AsSpan(reached));
            reached += step;
        }

        var buffer = _buffer.Place(content, random.OneIn(8));
        ulong done;
        GuestWalkResult found;
        if (write)
        {
            done = GuestMemory.Write(ref memory, in paging, linear, buffer, (ulong)length, out found);
            FuzzFailureException.Unless(done <= (ulong)length && (found == GuestWalkResult.Mapped) == (done == (ulong)length), $"{done} of {length} bytes written: {found}");
            Unchanged(memory, before);
            return;
        }

        var exact = new ExactMemory<SmallMemory>(memory, _pieces);
        done = GuestMemory.Read(ref exact, in paging, linear, buffer, (ulong)length, out found);
        FuzzFailureException.Unless(done == (ulong)reached && found == end, $"{done} bytes read: {found}, expected {reached}: {end}");
        FuzzFailureException.Unless(new ReadOnlySpan<byte>(buffer, reached).SequenceEqual(expected.AsSpan(0, reached)), "other bytes were read than stand there");
    }

    private void Unchanged(SmallMemory memory, byte[] before) => FuzzFailureException.Unless(
        new ReadOnlySpan<byte>(_ram.Start + memory.Hole, 4096).SequenceEqual(before.AsSpan((int)memory.Hole, 4096)), "what is no RAM was written");
}
