using System;
using System.Diagnostics;
using System.Text;
using HvKernel.Guest.Linux;
using HvKernel.Memory;
using HvKernel.Tests.Guest.Dumps;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Guest;

/// <summary>Kernels that are damaged, other kernels, and no kernels: each has a name for what is wrong, and costs a bounded time.</summary>
public sealed unsafe class LinuxDamageTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static DiscoveryResult Discover(FoundGuest found, GuestState? state = null)
    {
        var memory = found.Dump.Memory;
        var guest = default(LinuxGuest);
        var clock = Stopwatch.StartNew();
        var result = LinuxGuest.Discover(ref memory, state ?? found.Dump.State(0, found.Lstar), ref guest);
        clock.Elapsed.ShouldBeLessThan(Patience);
        return result;
    }

    private static byte* Image(FoundGuest found)
    {
        var memory = found.Dump.Memory;
        found.Guest.TryOpenImage(ref memory, out var image).ShouldBeTrue();
        return image.Start;
    }

    private static byte* At(FoundGuest found, ulong address)
    {
        var memory = found.Dump.Memory;
        var location = LinuxMemory.Locate(ref memory, in found.Guest, address, 8);
        ((nint)location).ShouldNotBe(0);
        return location;
    }

    [Fact]
    public void Without_a_64_bit_mode_there_is_no_kernel()
    {
        using var found = FoundGuest.Open(DumpLibrary.Sid);
        var state = found.Dump.State(0, found.Lstar);
        Discover(found, state with { Cr0 = 0x11 }).ShouldBe(DiscoveryResult.NotLongMode);
        Discover(found, state with { Efer = 0 }).ShouldBe(DiscoveryResult.NotLongMode);
    }

    [Theory]
    [InlineData(0UL, DiscoveryResult.LstarNotSet)]
    [InlineData(0x40_1000UL, DiscoveryResult.LstarNotKernel)]
    [InlineData(0xFFFF_F803_1234_5680UL, DiscoveryResult.LstarNotKernel)]     // where Windows has it
    [InlineData(0x8000_0000_0000_0000UL, DiscoveryResult.LstarNotKernel)]
    [InlineData(0xFFFF_FFFF_C000_0000UL, DiscoveryResult.LstarNotKernel)]     // the modules
    [InlineData(0xFFFF_FFFF_8000_0000UL, DiscoveryResult.ImageNotFound)]
    [InlineData(0xFFFF_FFFF_BFFF_FFFFUL, DiscoveryResult.ImageNotFound)]
    public void What_LSTAR_says_decides_first(ulong lstar, DiscoveryResult expected)
    {
        using var found = FoundGuest.Open(DumpLibrary.Sid);
        Discover(found, found.Dump.State(0, lstar)).ShouldBe(expected);
    }

    [Fact]
    public void Another_entry_than_the_kernels_is_refused()
    {
        using var found = FoundGuest.Open(DumpLibrary.Bookworm);
        Discover(found, found.Dump.State(0, found.Lstar + 0x40)).ShouldBe(DiscoveryResult.EntryMismatch);
    }

    [Fact]
    public void Wild_page_tables_end_at_the_image()
    {
        using var found = FoundGuest.Open(DumpLibrary.Bookworm);
        Discover(found, found.Dump.State(0, found.Lstar) with { Cr3 = 0 }).ShouldBe(DiscoveryResult.ImageNotFound);
        Discover(found, found.Dump.State(0, found.Lstar) with { Cr3 = 0xF_FFFF_FFFF_F000 }).ShouldBe(DiscoveryResult.ImageNotFound);
    }

    [Fact]
    public void An_image_with_a_page_that_is_not_RAM_is_refused()
    {
        using var found = FoundGuest.Open(DumpLibrary.Bookworm);
        var memory = new MemoryWithHole { Inner = found.Dump.Memory, Hole = found.Guest.Image.Physical + 0x80_3000 };
        var guest = default(LinuxGuest);
        LinuxGuest.Discover(ref memory, found.Dump.State(0, found.Lstar), ref guest).ShouldBe(DiscoveryResult.ImageNotRam);
    }

    public static readonly TheoryData<string, string> Parts = new()
    {
        { DumpLibrary.Bookworm, "tokens" }, { DumpLibrary.TrixiePti, "tokens" }, { DumpLibrary.Sid, "tokens" },
        { DumpLibrary.Bookworm, "names" }, { DumpLibrary.TrixiePti, "names" }, { DumpLibrary.Sid, "names" },
        { DumpLibrary.Bookworm, "markers" }, { DumpLibrary.TrixiePti, "markers" }, { DumpLibrary.Sid, "markers" },
        { DumpLibrary.Bookworm, "addresses" }, { DumpLibrary.TrixiePti, "addresses" }, { DumpLibrary.Sid, "addresses" },
    };

    [Theory, MemberData(nameof(Parts))]
    public void Symbols_without_one_of_their_parts_are_not_found(string name, string part)
    {
        using var found = FoundGuest.Open(name);
        var tables = found.Guest.Tables;
        var offset = part switch { "tokens" => tables.TokenIndex + 16, "names" => tables.Names + 0x1_0000, "markers" => tables.Markers + 128, _ => tables.Addresses + 0x8000 };
        new Span<byte>(Image(found) + offset, 64).Fill(0x77);
        Discover(found).ShouldBe(DiscoveryResult.KallsymsNotFound);
    }

    [Fact]
    public void A_missing_symbol_is_named_as_such()
    {
        using var found = FoundGuest.Open(DumpLibrary.TrixiePti);

        // The letter q: in init_top_pgt's place there are other names then, and its own is nowhere. (t, o, p, g are tokens of themselves.)
        var image = Image(found);
        var text = new byte[64];
        var symbols = found.Symbols();
        symbols.TryResolve(found.Guest.Symbols.KernelRoot, out var index, out _).ShouldBeTrue();
        Encoding.ASCII.GetString(text, 0, symbols.NameOf(index, text, out _)).ShouldBe("init_top_pgt");
        image[NameOffset(image, found.Guest.Tables, index) + 2] = (byte)'q';
        Discover(found).ShouldBe(DiscoveryResult.SymbolMissing);
    }

    [Fact]
    public void A_changed_banner_first_task_or_root_is_named_as_such()
    {
        using (var found = FoundGuest.Open(DumpLibrary.Sid))
        {
            *At(found, found.Guest.Symbols.Banner) = (byte)'X';
            Discover(found).ShouldBe(DiscoveryResult.BannerMismatch);
        }
        using (var found = FoundGuest.Open(DumpLibrary.Sid))
        {
            *At(found, found.Guest.Symbols.InitTask + found.Guest.Offsets.TaskComm) = (byte)'X';
            Discover(found).ShouldBe(DiscoveryResult.InitTaskMismatch);
        }
        using (var found = FoundGuest.Open(DumpLibrary.Sid))
        {
            // From the second processor, whose process has a root of its own.
            *(ulong*)At(found, found.Guest.Symbols.KernelRoot + 511 * 8) = 0;
            Discover(found, found.Dump.State(1, found.Lstar)).ShouldBe(DiscoveryResult.RootMismatch);
        }
    }

    [Theory]
    [InlineData(DumpLibrary.Bookworm)]
    [InlineData(DumpLibrary.Sid)]
    public void Without_types_the_kernel_is_not_used(string name)
    {
        using var found = FoundGuest.Open(name);
        var btf = Image(found) + found.Guest.BtfOffset;
        btf[2] = 9;
        Discover(found).ShouldBe(DiscoveryResult.BtfNotFound);
        btf[2] = 1;
        Discover(found).ShouldBe(DiscoveryResult.Found);
        new Span<byte>(btf + btf[4] + 0x10_0000, 256).Fill(0xAA);
        Discover(found).ShouldBe(DiscoveryResult.BtfNotFound);
    }

    [Fact]
    public void A_missing_member_is_named_as_such()
    {
        using var found = FoundGuest.Open(DumpLibrary.Bookworm);
        var types = new Span<byte>(Image(found) + found.Guest.BtfOffset, (int)found.Guest.BtfSize);
        var at = types.IndexOf("\0start_boottime\0"u8);
        at.ShouldBeGreaterThan(0);
        types[at + 3] = (byte)'X';
        Discover(found).ShouldBe(DiscoveryResult.MemberMissing);
    }

    [Fact]
    public void Any_damage_to_symbols_and_types_has_a_name_and_takes_a_bounded_time()
    {
        var random = new Random(12);
        var seen = new System.Collections.Generic.HashSet<DiscoveryResult>();
        for (var round = 0; round < 24; round++)
        {
            using var found = FoundGuest.Open(round % 2 == 0 ? DumpLibrary.Bookworm : DumpLibrary.Sid);
            var image = Image(found);
            var tables = found.Guest.Tables;
            var start = Math.Min(tables.Names, tables.Addresses);
            for (var i = 0; i < 1 << (round / 2); i++)
            {
                var offset = random.Next(3) switch
                {
                    0 => start + random.Next((int)(tables.TokenIndex - start)),
                    1 => tables.TokenTable + random.Next(1500),
                    _ => found.Guest.BtfOffset + 4 + random.Next((int)found.Guest.BtfSize),
                };
                image[offset] = (byte)random.Next(256);
            }
            seen.Add(Discover(found));
        }
        seen.Count.ShouldBeGreaterThan(1);
    }

    private static LinuxTaskResult WalkAll(FoundGuest found, out int count)
    {
        var memory = found.Dump.Memory;
        var clock = Stopwatch.StartNew();
        count = 0;
        LinuxTaskResult result;
        var processes = LinuxTasks.Processes(in found.Guest);
        while ((result = LinuxTasks.MoveNext(ref memory, in found.Guest, ref processes, out var process)) == LinuxTaskResult.Found)
        {
            count++;
            var threads = LinuxTasks.Threads(ref memory, in found.Guest, process.Address);
            while (LinuxTasks.MoveNextThread(ref memory, in found.Guest, ref threads, out _) == LinuxTaskResult.Found)
            {
            }
            clock.Elapsed.ShouldBeLessThan(Patience);
        }
        LinuxTasks.Find(ref memory, in found.Guest, 4_000_000, out _, out _).ShouldNotBe(LinuxTaskResult.Found);
        return result;
    }

    private static ulong[] TaskAddresses(FoundGuest found)
    {
        var memory = found.Dump.Memory;
        var list = new System.Collections.Generic.List<ulong>();
        var processes = LinuxTasks.Processes(in found.Guest);
        while (LinuxTasks.MoveNext(ref memory, in found.Guest, ref processes, out var process) == LinuxTaskResult.Found)
            list.Add(process.Address);
        return [.. list];
    }

    [Fact]
    public void A_list_that_a_stopped_processor_is_changing_is_walked_to_its_end()
    {
        using var found = FoundGuest.Open(DumpLibrary.Bookworm);
        var tasks = TaskAddresses(found);
        var node = found.Guest.Offsets.TaskTasks;

        // Removal of 10 has reached its successor, not yet its predecessor; insertion of the last one, the reverse.
        *(ulong*)At(found, tasks[11] + node + 8) = tasks[9] + node;
        *(ulong*)At(found, found.Guest.Symbols.InitTask + node + 8) = tasks[^2] + node;
        WalkAll(found, out var count).ShouldBe(LinuxTaskResult.NotFound);
        count.ShouldBe(tasks.Length);

        // Two elements that each pass for one that is being removed: no ring of them may last.
        *(ulong*)At(found, tasks[21] + node) = tasks[20] + node;
        *(ulong*)At(found, tasks[21] + node + 8) = tasks[19] + node;
        WalkAll(found, out count).ShouldBe(LinuxTaskResult.BrokenList);
        count.ShouldBeLessThan(30);
    }

    [Fact]
    public void A_list_of_tasks_that_bites_its_tail_ends()
    {
        using var found = FoundGuest.Open(DumpLibrary.Sid);
        var tasks = TaskAddresses(found);
        var node = found.Guest.Offsets.TaskTasks;
        WalkAll(found, out var whole).ShouldBe(LinuxTaskResult.NotFound);
        whole.ShouldBe(tasks.Length);

        *(ulong*)At(found, tasks[20] + node) = tasks[5] + node;
        WalkAll(found, out var count).ShouldBe(LinuxTaskResult.BrokenList);
        count.ShouldBe(21);

        // The back pointer made to fit: then the element was reached from where it points to only once.
        *(ulong*)At(found, tasks[5] + node + 8) = tasks[20] + node;
        WalkAll(found, out count).ShouldBe(LinuxTaskResult.BrokenList);
        count.ShouldBe(5);

        *(ulong*)At(found, tasks[0] + node) = tasks[0] + node;
        *(ulong*)At(found, tasks[0] + node + 8) = tasks[0] + node;
        WalkAll(found, out count).ShouldBe(LinuxTaskResult.BrokenList);
        count.ShouldBe(0);
    }

    [Fact]
    public void A_thread_that_follows_itself_ends_the_walk()
    {
        using var found = FoundGuest.Open(DumpLibrary.Bookworm);
        var memory = new CountingMemory { Inner = found.Dump.Memory, Count = new ulong[1] };
        var guest = found.Guest;
        LinuxTask task = default;
        foreach (var address in TaskAddresses(found))
        {
            if (LinuxTask.TryRead(ref memory, in guest, address, out var candidate) && candidate.Mm != 0)
                task = candidate;
        }
        task.Mm.ShouldNotBe(0UL);
        var user = task.Address;

        // The one thread of a process, which has given up its address space, after itself in both directions.
        *(ulong*)At(found, user + guest.Offsets.TaskMm) = 0;
        var node = user + guest.Offsets.TaskThreadNode;
        (*(ulong*)At(found, node), *(ulong*)At(found, node + 8)) = (node, node);
        memory.Count[0] = 0;
        LinuxTasks.Find(ref memory, in guest, task.Tgid, out _, out _).ShouldBe(LinuxTaskResult.BrokenList);
        LinuxTasks.Find(ref memory, in guest, 4_000_000, out _, out _).ShouldBe(LinuxTaskResult.BrokenList);
        memory.Count[0].ShouldBeLessThan(10_000UL);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(0x0000_7FFF_FFFF_F000UL)]
    [InlineData(0xDEAD_BEEF_0000_0000UL)]
    [InlineData(0xFFFF_FFFF_FFFF_FFF8UL)]
    [InlineData(0xFFFF_FFFF_FFFF_FFFFUL)]
    public void A_pointer_that_leads_nowhere_is_named_as_such(ulong pointer)
    {
        using var found = FoundGuest.Open(DumpLibrary.Bookworm);
        var tasks = TaskAddresses(found);
        var next = (ulong*)At(found, tasks[20] + found.Guest.Offsets.TaskTasks);
        var kept = *next;
        *next = pointer;
        WalkAll(found, out var count).ShouldBe(LinuxTaskResult.WildPointer);
        count.ShouldBe(21);
        *next = kept;

        if (pointer == 0)
            return;
        *(ulong*)At(found, tasks[0] + found.Guest.Offsets.TaskMm) = pointer;
        WalkAll(found, out count).ShouldBe(LinuxTaskResult.WildPointer);
        count.ShouldBe(0);
    }

    [Fact]
    public void Any_damage_to_tasks_takes_a_bounded_time()
    {
        var random = new Random(13);
        using var found = FoundGuest.Open(DumpLibrary.Bookworm);
        var tasks = TaskAddresses(found);
        var fields = new[] { found.Guest.Offsets.TaskTasks, found.Guest.Offsets.TaskTasks + 8, found.Guest.Offsets.TaskSignal, found.Guest.Offsets.TaskThreadNode, found.Guest.Offsets.TaskMm };
        for (var round = 0; round < 200; round++)
        {
            var field = (ulong*)At(found, tasks[random.Next(tasks.Length)] + fields[random.Next(fields.Length)]);
            var kept = *field;
            *field = random.Next(3) switch
            {
                0 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
                1 => tasks[random.Next(tasks.Length)] + (ulong)random.Next(0x300) * 8,
                _ => found.Guest.DirectMap + ((ulong)random.NextInt64(0x1000_0000) & ~7UL),
            };
            WalkAll(found, out _);
            if (round % 4 != 0)
                *field = kept;
        }
    }

    private static uint NameOffset(byte* image, KallsymsTables tables, uint index)
    {
        var position = tables.Names + *(uint*)(image + tables.Markers + index / 256 * 4);
        for (var i = index % 256; i > 0; i--)
        {
            uint length = image[position++];
            position += (length & 0x80) == 0 ? length : ((length & 0x7F) | ((uint)image[position] << 7)) + 1;
        }
        return position;
    }

    private struct CountingMemory : IPhysicalMemory
    {
        public DumpMemory Inner;
        public ulong[] Count;

        public readonly byte* Map(ulong address, ulong length)
        {
            Count[0]++;
            return Inner.Map(address, length);
        }
    }

    private struct MemoryWithHole : IPhysicalMemory
    {
        public DumpMemory Inner;
        public ulong Hole;

        public byte* Map(ulong address, ulong length) => address <= Hole && address + length > Hole ? null : Inner.Map(address, length);
    }
}
