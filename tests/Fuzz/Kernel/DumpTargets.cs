using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using HvKernel.Guest.Linux;
using HvKernel.Tests.Guest.Dumps;

namespace HvKernel.Fuzzing;

/// <summary>What the fuzzers on a dumped Debian kernel have in common: the dump, the kernel found in it, edits that are taken back.</summary>
public abstract unsafe class DumpTarget : FuzzTarget<GuestWord>
{
    private GuestDump? _dump;
    private readonly List<(nint Place, ulong Value)> _undo = [];

    /// <summary>QEMU may have to boot the guest first.</summary>
    public override TimeSpan Preparation => TimeSpan.FromMinutes(6);

    /// <summary>The kernel as it is undamaged.</summary>
    protected LinuxGuest Guest;

    protected GuestDump Dump => _dump!;

    protected ulong Lstar => Dump.Report.Address("entry_SYSCALL_64");

    public override void Prepare()
    {
        _dump = DumpLibrary.Open(DumpLibrary.Bookworm);
        var memory = _dump.Memory;
        var result = LinuxGuest.Discover(ref memory, _dump.State(0, Lstar), ref Guest);
        FuzzFailureException.Unless(result == DiscoveryResult.Found, $"the undamaged dump: {result}");
    }

    protected override string Describe(GuestWord[] input) =>
        string.Join(' ', input.Select(w => $"{w.Address:x}={w.Value:x}/{w.Bytes}"));

    /// <summary>Writes to the guest's physical memory; <see cref="Restore"/> takes it back.</summary>
    protected void Apply(IEnumerable<GuestWord> words)
    {
        var memory = Dump.Memory;
        foreach (var word in words)
        {
            var place = memory.Map(word.Address, 8);
            if (place == null)
                continue;
            _undo.Add(((nint)place, *(ulong*)place));
            var value = word.Value;
            new ReadOnlySpan<byte>(&value, word.Bytes).CopyTo(new Span<byte>(place, 8));
        }
    }

    protected void Restore()
    {
        for (var i = _undo.Count - 1; i >= 0; i--)
            *(ulong*)_undo[i].Place = _undo[i].Value;
        _undo.Clear();
    }

    protected override void Dispose(bool disposing) => _dump?.Dispose();
}

/// <summary>Bytes of guest-physical memory that are changed.</summary>
public readonly record struct GuestWord(ulong Address, ulong Value, int Bytes);

/// <summary>
/// <see cref="LinuxTasks"/>, <see cref="LinuxTask"/>, <see cref="LinuxProcessor"/> on a real kernel's tasks with pointers that are wild, go round, or lead
/// into the middle of other structures. Each reader gets exactly the bytes that it asked for.
/// </summary>
public sealed unsafe class TaskTarget : DumpTarget
{
    private const int LongestWalk = 2000;

    private readonly ExactPieces _pieces = new();
    private ulong[] _tasks = [];
    private ulong[] _fields = [];

    public override string Name => "tasks";

    public override void Prepare()
    {
        base.Prepare();
        var memory = Dump.Memory;
        var list = new List<ulong> { Guest.Symbols.InitTask };
        var processes = LinuxTasks.Processes(in Guest);
        while (LinuxTasks.MoveNext(ref memory, in Guest, ref processes, out var process) == LinuxTaskResult.Found)
            list.Add(process.Address);
        _tasks = [.. list];
        var o = Guest.Offsets;
        _fields = [o.TaskTasks, o.TaskTasks + 8, o.TaskThreadNode, o.TaskThreadNode + 8, o.TaskSignal, o.TaskMm, o.TaskFlags & ~7U, o.TaskPid & ~7U, o.TaskExitState & ~7U];
    }

    protected override GuestWord[] Generate(FuzzRandom random)
    {
        var words = new List<GuestWord>();
        var memory = Dump.Memory;
        for (var i = random.Between(1, 6); i > 0; i--)
        {
            var task = _tasks[random.Below(_tasks.Length)];
            var field = task + _fields[random.Below(_fields.Length)];
            LinuxMemory.TryPhysical(ref memory, in Guest, field, out var physical);

            // A loop that looks right from both sides takes two pointers.
            var other = _tasks[random.Below(_tasks.Length)] + (field - task) % 8 + _fields[random.Below(4)];
            if (random.OneIn(3) && LinuxMemory.TryPhysical(ref memory, in Guest, other, out var second))
            {
                words.Add(new GuestWord(physical, other & ~8UL, 8));
                words.Add(new GuestWord((second & ~15UL) + 8, field & ~8UL, 8));
            }
            else
            {
                words.Add(new GuestWord(physical, Pointer(random), 8));
            }
        }

        return [.. words];
    }

    protected override string Run(GuestWord[] input, FuzzRandom random)
    {
        Apply(input);
        try
        {
            var memory = new ExactMemory<DumpMemory>(Dump.Memory, _pieces);
            var before = _pieces.Given;
            var processes = LinuxTasks.Processes(in Guest);
            LinuxTaskResult result;
            var count = 0;
            while ((result = LinuxTasks.MoveNext(ref memory, in Guest, ref processes, out var process)) == LinuxTaskResult.Found)
            {
                FuzzFailureException.Unless(++count < LongestWalk, $"{count} processes, of {_tasks.Length}");
                if (count % 8 == 0)
                    Threads(ref memory, process);
            }

            LinuxTasks.Find(ref memory, in Guest, (uint)random.Below(100), out _, out _);
            LinuxTasks.TryMmOfRoot(ref memory, in Guest, random.Odd(), out _);
            var processor = Dump.Processors[random.Below(Dump.Processors.Count)];
            if (LinuxProcessor.TryBase(ref memory, in Guest, processor.PrivilegeLevel, random.OneIn(3) ? random.Odd() : processor.GsBase, processor.KernelGsBase, out var perCpu)
                && LinuxProcessor.TryCurrent(ref memory, in Guest, perCpu, out var current))
                LinuxTask.TryRead(ref memory, in Guest, random.OneIn(2) ? current : Pointer(random), out _);
            FuzzFailureException.Unless(_pieces.Given - before < 1_000_000, $"{_pieces.Given - before} reads");
            return result.ToString();
        }
        finally
        {
            Restore();
        }
    }

    protected override void Dispose(bool disposing)
    {
        _pieces.Dispose();
        base.Dispose(disposing);
    }

    private void Threads(ref ExactMemory<DumpMemory> memory, LinuxTask process)
    {
        var threads = LinuxTasks.Threads(ref memory, in Guest, process.Address);
        for (var count = 0; LinuxTasks.MoveNextThread(ref memory, in Guest, ref threads, out _) == LinuxTaskResult.Found; count++)
            FuzzFailureException.Unless(count < LongestWalk, $"{count} threads");
    }

    private ulong Pointer(FuzzRandom random) => random.Below(5) switch
    {
        0 => random.Odd(),
        1 => _tasks[random.Below(_tasks.Length)] + (ulong)random.Below(0x300) * 8,
        2 => Guest.DirectMap + ((ulong)random.Below(0x1000_0000) & ~7UL),
        3 => Guest.Image.Base + ((ulong)random.Below((int)Guest.Image.Size) & ~7UL),
        _ => _tasks[random.Below(_tasks.Length)] + _fields[random.Below(_fields.Length)],
    };
}

/// <summary>Names and addresses looked up in a real kernel's symbol table that is damaged since it was found, in the table of the tokens above all.</summary>
public sealed unsafe class KernelSymbolTarget : DumpTarget
{
    private readonly GuardedArea _text = new(512);
    private GuardedArea? _copy;
    private ImageBytes _image;

    public override string Name => "kernel-symbols";

    public override void Prepare()
    {
        base.Prepare();
        var memory = Dump.Memory;
        FuzzFailureException.Unless(Guest.TryOpenImage(ref memory, out var image), "the image is not RAM");

        // Up to the last byte of the tables, so that one more is one too many.
        var tables = Guest.Tables;
        var end = Math.Max(Math.Max(tables.TokenIndex + 512, tables.Addresses + tables.Count * 4 + 16), tables.Sequences + tables.Count * 3);
        _copy = new GuardedArea((int)end);
        _image = new ImageBytes(_copy.Place(new ReadOnlySpan<byte>(image.Start, (int)end)), end);
    }

    protected override GuestWord[] Generate(FuzzRandom random)
    {
        var tables = Guest.Tables;
        var words = new GuestWord[random.Between(1, 12)];
        for (var i = 0; i < words.Length; i++)
        {
            var offset = random.Below(6) switch
            {
                0 => tables.TokenTable + (uint)random.Below(1000),
                1 => tables.TokenIndex + (uint)random.Below(512),
                2 => tables.Markers + (uint)random.Below((int)(tables.Count / 64)),
                3 => tables.Sequences + (uint)random.Below((int)tables.Count * 3),
                4 => tables.Addresses + (uint)random.Below((int)tables.Count * 4),
                _ => tables.Names + (uint)random.Below((int)(tables.NamesEnd - tables.Names)),
            };
            words[i] = new GuestWord(Math.Min(offset, _image.Length - 8), random.OneIn(3) ? ulong.MaxValue : random.Odd(), random.Between(1, 8));
        }

        return words;
    }

    protected override string Run(GuestWord[] input, FuzzRandom random)
    {
        var kept = new ulong[input.Length];
        for (var i = 0; i < input.Length; i++)
        {
            var place = _image.Start + input[i].Address;
            kept[i] = *(ulong*)place;
            var value = input[i].Value;
            new ReadOnlySpan<byte>(&value, input[i].Bytes).CopyTo(new Span<byte>(place, 8));
        }

        var symbols = new Kallsyms(in _image, Guest.Image.Base, in Guest.Tables);
        var name = Dump.Report.Symbols[random.Below(Dump.Report.Symbols.Count)];
        var found = symbols.TryFind(Encoding.ASCII.GetBytes(name.Name), out _);
        var resolved = symbols.TryResolve(random.OneIn(4) ? random.Odd() : name.Address, out var index, out _);
        var room = random.Below(512);
        var length = symbols.NameOf(resolved ? index : (uint)random.Odd(), new Span<byte>(_text.Last(room), room), out _);
        FuzzFailureException.Unless(length >= 0 && length <= room, $"a name of {length} bytes where there is room for {room}");
        for (var i = input.Length - 1; i >= 0; i--)
            *(ulong*)(_image.Start + input[i].Address) = kept[i];
        return $"{(found ? "name found" : "name not found")}, {(resolved ? "address found" : "address not found")}";
    }

    protected override void Dispose(bool disposing)
    {
        _copy?.Dispose();
        _text.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Members looked up in a real kernel's types that are damaged since they were opened; each 2,000th case opens them anew.</summary>
public sealed unsafe class KernelTypeTarget : DumpTarget
{
    private const int OpenEvery = 2000;

    private GuardedArea? _copy;
    private ImageBytes _image;
    private Btf _btf;
    private uint[] _ids = [];

    public override string Name => "kernel-types";

    public override void Prepare()
    {
        base.Prepare();
        var memory = Dump.Memory;
        FuzzFailureException.Unless(Guest.TryOpenImage(ref memory, out var image), "the image is not RAM");
        _copy = new GuardedArea((int)Guest.BtfSize);
        _image = new ImageBytes(_copy.Place(new ReadOnlySpan<byte>(image.Start + Guest.BtfOffset, (int)Guest.BtfSize)), Guest.BtfSize);
        FuzzFailureException.Unless(Btf.TryOpen(in _image, 0, out _btf), "the copy is not opened");
        _ids = new uint[4];
        FuzzFailureException.Unless(_btf.FindAll(BtfKind.Struct, "task_struct\0mm_struct\0page\0rq\0"u8, _ids) == 4, "a struct is missing");
    }

    protected override GuestWord[] Generate(FuzzRandom random)
    {
        var words = new GuestWord[random.Between(1, 30)];
        for (var i = 0; i < words.Length; i++)
        {
            var offset = random.OneIn(4) ? 24 + random.Below((int)_image.Length - 40) : (int)_image.Length - 8 - random.Below(1000);
            words[i] = new GuestWord((uint)offset & (random.OneIn(2) ? ~3u : ~0u), random.OneIn(2) ? (ulong)random.Below(200_000) : random.Odd(), random.Between(1, 8));
        }

        return words;
    }

    protected override string Run(GuestWord[] input, FuzzRandom random)
    {
        // Near the structs that are looked up damage does more: their places are told by the marks of the index, so by what was opened.
        var kept = new ulong[input.Length];
        for (var i = 0; i < input.Length; i++)
        {
            var place = _image.Start + input[i].Address;
            kept[i] = *(ulong*)place;
            var value = input[i].Value;
            new ReadOnlySpan<byte>(&value, input[i].Bytes).CopyTo(new Span<byte>(place, 8));
        }

        var outcome = "looked up";
        if (random.OneIn(OpenEvery))
        {
            outcome = Btf.TryOpen(in _image, 0, out var again) ? LinuxOffsets.TryRead(in again, out _) ? "opened, complete" : "opened, incomplete" : "not opened";
        }

        var found = 0;
        foreach (var id in _ids)
        {
            var wanted = random.OneIn(3) ? id : random.OneIn(2) ? id + (uint)random.Below(300) : (uint)random.Odd();
            found += _btf.TryMember(wanted, random.OneIn(2) ? "context.ctx_id"u8 : "start_boottime"u8, out _) ? 1 : 0;
            _btf.SizeOfStruct(wanted);
        }

        for (var i = input.Length - 1; i >= 0; i--)
            *(ulong*)(_image.Start + input[i].Address) = kept[i];
        return $"{outcome}, {found} members";
    }

    protected override void Dispose(bool disposing)
    {
        _copy?.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Whole discoveries of a damaged kernel: one costs some ten milliseconds, so there are fewer.</summary>
public sealed unsafe class DiscoveryTarget : DumpTarget
{
    private const long Share = 2000;

    public override string Name => "discovery";

    public override long CasesOf(long cases) => Math.Max(1, cases / Share);

    protected override GuestWord[] Generate(FuzzRandom random)
    {
        var tables = Guest.Tables;
        var words = new GuestWord[1 << random.Below(6)];
        var root = Guest.Symbols.KernelRoot - Guest.Image.Base;
        var kind = random.Below(9);
        for (var i = 0; i < words.Length; i++)
        {
            var offset = (random.OneIn(4) ? random.Below(9) : kind) switch
            {
                0 => tables.TokenTable + (uint)random.Below(1500),
                1 => tables.Markers + (uint)random.Below((int)tables.Count / 64),
                2 => tables.Addresses + (uint)random.Below((int)tables.Count * 4),
                3 => tables.Sequences + (uint)random.Below((int)tables.Count * 3),
                4 => Guest.BtfOffset + (uint)random.Below(32),
                5 => Guest.BtfOffset + (uint)random.Below((int)Guest.BtfSize),
                6 => (uint)root + (uint)random.Below(512) * 8,
                7 => (uint)random.Below((int)Guest.Image.Size),
                _ => tables.Names + (uint)random.Below((int)(tables.NamesEnd - tables.Names)),
            };
            words[i] = new GuestWord(Guest.Image.Physical + offset, random.OneIn(2) ? random.Odd() : (ulong)random.Below(256), random.Between(1, 8));
        }

        return words;
    }

    protected override string Run(GuestWord[] input, FuzzRandom random)
    {
        Apply(input);
        try
        {
            var memory = new ExactMemory<DumpMemory>(Dump.Memory, _pieces);
            var guest = default(LinuxGuest);
            var state = Dump.State(random.Below(Dump.Processors.Count), random.OneIn(10) ? LinuxImage.RegionStart + random.Next() % 0x4000_0000 : Lstar);
            var result = LinuxGuest.Discover(ref memory, state, ref guest);
            FuzzFailureException.Unless(result <= DiscoveryResult.InitTaskMismatch, $"result {result}");
            return result.ToString();
        }
        finally
        {
            Restore();
        }
    }

    protected override void Dispose(bool disposing)
    {
        _pieces.Dispose();
        base.Dispose(disposing);
    }

    private readonly ExactPieces _pieces = new();
}
