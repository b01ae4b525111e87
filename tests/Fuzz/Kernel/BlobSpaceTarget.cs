using System;
using System.Linq;
using HvKernel.Events.Code;
using HvKernel.Memory;

namespace HvKernel.Fuzzing;

/// <summary>An access of machine code.</summary>
/// <param name="Address">Where.</param>
/// <param name="Error">Write and fetch as in a page fault's error code; the present bit is the processor's to add.</param>
/// <param name="Reset">Whether a run ends before it.</param>
/// <param name="Mode">The guest's paging mode; that of the first one counts.</param>
public readonly record struct BlobTouch(ulong Address, ulong Error, bool Reset, GuestPagingMode Mode);

/// <summary>
/// <see cref="BlobSpace"/>: whatever machine code touches under hostile tables, it gets pages of guest RAM with the guest's own rights, never to
/// execute, and a run leaves nothing behind.
/// </summary>
public sealed unsafe class BlobSpaceTarget : FuzzTarget<BlobTouch>
{
    private const ulong WindowEntry = 0xABC_D003;
    private const ulong Write = 2;
    private const ulong Fetch = 16;
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;

    private readonly GuardedArea _ram = new((int)PageTables.Bytes);
    private readonly GuardedArea _pages = new((int)BlobSpace.PagesNeeded * 4096);

    // One space for all cases: a run must leave nothing behind.
    private readonly ulong[] _before = new ulong[(int)PageTables.Bytes / 8];
    private BlobSpace _space;

    public override string Name => "blob-space";

    public override void Prepare()
    {
        new Span<byte>(_pages.Start, _pages.Capacity).Fill(0xCC);
        PagePool pool = default;
        pool.Initialize(_pages.Start, (ulong)_pages.Capacity);
        FuzzFailureException.Unless(_space.Build(WindowEntry, ref pool), "the pages needed are not enough");
    }

    protected override BlobTouch[] Generate(FuzzRandom random)
    {
        var touches = new BlobTouch[random.Between(1, random.OneIn(20) ? 300 : 40)];
        var mode = PageTables.Modes[random.Below(5)];
        for (var i = 0; i < touches.Length; i++)
            touches[i] = new BlobTouch(PageTables.Address(random, mode), (random.OneIn(3) ? Write : 0) | (random.OneIn(10) ? Fetch : 0), random.OneIn(25), mode);
        return touches;
    }

    protected override string Run(BlobTouch[] input, FuzzRandom random)
    {
        new Span<byte>(_ram.Start, (int)PageTables.Bytes).Clear();
        foreach (var (address, value) in PageTables.Generate(random))
            *(ulong*)(_ram.Start + address) = value;
        var memory = new SmallMemory(_ram.Start, PageTables.Bytes, (ulong)random.Below(PageTables.Pages) * 4096);
        var paging = PageTables.Paging(random, input.Length == 0 ? GuestPagingMode.Level4 : input[0].Mode);
        new ReadOnlySpan<ulong>(_ram.Start, _before.Length).CopyTo(_before);
        var mapped = 0;
        foreach (var touch in input)
        {
            if (touch.Reset)
                _space.Reset();
            mapped += Touch(ref _space, memory, paging, touch) ? 1 : 0;
        }

        for (var i = 0; i < _before.Length; i++)
        {
            var changed = _before[i] ^ ((ulong*)_ram.Start)[i];
            FuzzFailureException.Unless((changed & ~0x60_0000_0060UL) == 0, $"guest memory at {i * 8:x} changed by {changed:x}");
        }

        _space.Reset();
        for (var i = 0; i < 512; i++)
            FuzzFailureException.Unless(_space.Root[i] == (i == (int)RunnerWindow.Slot ? WindowEntry : 0), $"entry {i} of the root stayed");
        var tables = new ReadOnlySpan<byte>((byte*)_space.Root + 4096, BlobSpace.TablePages * 4096);
        FuzzFailureException.Unless(!tables.ContainsAnyExcept((byte)0), "an entry of a table stayed");
        return mapped switch { 0 => "none mapped", < 10 => "some mapped", < 48 => "many mapped", _ => "as many as there are tables for" };
    }

    protected override string Describe(BlobTouch[] input) => string.Join(' ', input.Select(t => $"{(t.Reset ? "reset " : "")}{t.Address:x}/{t.Error:x}"));

    protected override void Dispose(bool disposing)
    {
        _ram.Dispose();
        _pages.Dispose();
    }

    // As the processor does: no fault where the tables allow it.
    private bool Touch(ref BlobSpace space, SmallMemory memory, GuestPaging paging, BlobTouch touch)
    {
        var entry = Leaf(ref space, touch.Address);
        var present = (entry & 1) != 0;
        if (present && (touch.Error & Fetch) == 0 && ((touch.Error & Write) == 0 || (entry & 2) != 0))
            return false;
        var expected = ReferenceWalk.Of(
            in paging,
            touch.Address,
            (_, address, width) => memory.Map(address, (ulong)width) is var place && place == null ? null : width == 8 ? *(ulong*)place : *(uint*)place);
        var write = (touch.Error & Write) != 0;
        var allowed = expected.Result == GuestWalkResult.Mapped && (touch.Error & Fetch) == 0 && (!write || expected.Writable)
            && ((touch.Address >> 39) & 511) != RunnerWindow.Slot && memory.Has(expected.Physical & ~4095UL, 4096) && !(present && !write);
        var access = space.Resolve(ref memory, in paging, touch.Address, touch.Error | (present ? 1UL : 0));
        FuzzFailureException.Unless(access == (allowed ? BlobAccess.Mapped : BlobAccess.Refused), $"{touch}: {access}; {expected}");
        if (!allowed)
            return false;
        entry = Leaf(ref space, touch.Address);
        var wanted = (expected.Physical & ~4095UL) | (1UL << 63) | 5 | (write ? 2UL : 0);
        FuzzFailureException.Unless(entry == wanted, $"{touch}: mapped by {entry:x}, expected {wanted:x}");
        return true;
    }

    private ulong Leaf(ref BlobSpace space, ulong address)
    {
        var table = space.Root;
        for (var shift = 39; shift > 12; shift -= 9)
        {
            var entry = table[(address >> shift) & 511];
            if (entry == 0 || entry == WindowEntry)
                return 0;
            table = (ulong*)(entry & AddressMask);
            var offset = (ulong)table - (ulong)_pages.Start;
            FuzzFailureException.Unless(offset < (ulong)_pages.Capacity, $"an entry leads to {(ulong)table:x}, which is no table");
        }

        return table[(address >> 12) & 511];
    }
}
