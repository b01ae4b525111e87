using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using HvKernel.Guest;
using HvKernel.Guest.Linux;
using HvKernel.Memory;
using HvKernel.Tests.Guest.Dumps;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Guest;

/// <summary>
/// The guest's processes and processors, held against the list that the guest made of itself right before it was dumped (and again right
/// after: a dump counts only if both agree).
/// </summary>
public sealed class LinuxTasksTests
{
    public static readonly TheoryData<string> Dumps = [DumpLibrary.Bookworm, DumpLibrary.BookwormPti, DumpLibrary.TrixiePti, DumpLibrary.Sid];

    private const ulong NanosecondsPerTick = 1_000_000_000 / GuestThread.TicksPerSecond;

    private static List<LinuxTask> Processes(FoundGuest found)
    {
        var memory = found.Dump.Memory;
        var list = new List<LinuxTask>();
        var cursor = LinuxTasks.Processes(in found.Guest);
        LinuxTaskResult result;
        while ((result = LinuxTasks.MoveNext(ref memory, in found.Guest, ref cursor, out var process)) == LinuxTaskResult.Found)
            list.Add(process);
        result.ShouldBe(LinuxTaskResult.NotFound);
        return list;
    }

    private static List<LinuxTask> Threads(FoundGuest found, in LinuxTask process)
    {
        var memory = found.Dump.Memory;
        var list = new List<LinuxTask>();
        var cursor = LinuxTasks.Threads(ref memory, in found.Guest, process.Address);
        LinuxTaskResult result;
        while ((result = LinuxTasks.MoveNextThread(ref memory, in found.Guest, ref cursor, out var thread)) == LinuxTaskResult.Found)
            list.Add(thread);
        result.ShouldBe(LinuxTaskResult.NotFound);
        return list;
    }

    private static string Name(LinuxTask task)
    {
        Span<byte> text = stackalloc byte[16];
        return Encoding.UTF8.GetString(text[..task.CopyName(text)]);
    }

    private static LinuxTask Find(FoundGuest found, uint pid)
    {
        var memory = found.Dump.Memory;
        LinuxTasks.Find(ref memory, in found.Guest, pid, out var process, out var thread).ShouldBe(LinuxTaskResult.Found);
        thread.ShouldBe(process.Address);
        return process;
    }

    private static LinuxTask Find(FoundGuest found, string name) => Find(found, found.Report.Threads.First(t => t.Name == name).Tgid);

    private static void ShouldAgree(LinuxTask task, GuestThread said)
    {
        task.Pid.ShouldBe(said.Tid);
        task.Tgid.ShouldBe(said.Tgid);
        if (said.IsKernelThread)
            said.Name.ShouldStartWith(Name(task), customMessage: "the guest adds to some names of kernel threads what they work on");
        else
            Name(task).ShouldBe(said.Name);
        Name(task).ShouldNotBeEmpty();
        (task.StartBoottime / NanosecondsPerTick).ShouldBe(said.StartTicks);
        task.Flags.HasFlag(LinuxTaskFlags.KernelThread).ShouldBe(said.IsKernelThread, said.Name);
        task.Flags.HasFlag(LinuxTaskFlags.Exited).ShouldBe(said.State == 'Z', said.Name);
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Processes_are_those_that_the_guest_lists(string name)
    {
        using var found = FoundGuest.Open(name);
        var said = found.Report.Threads.Where(t => t.Tid == t.Tgid).OrderBy(t => t.Tgid).ToArray();
        var processes = Processes(found).OrderBy(p => p.Tgid).ToArray();
        processes.Select(p => p.Tgid).ShouldBe(said.Select(t => t.Tgid));
        said.Length.ShouldBeGreaterThan(40);
        for (var i = 0; i < said.Length; i++)
            ShouldAgree(processes[i], said[i]);
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Threads_are_those_that_the_guest_lists(string name)
    {
        using var found = FoundGuest.Open(name);
        var threads = Processes(found).SelectMany(p => Threads(found, p)).OrderBy(t => t.Pid).ToArray();
        var said = found.Report.Threads.OrderBy(t => t.Tid).ToArray();
        threads.Select(t => (t.Tgid, t.Pid)).ShouldBe(said.Select(t => (t.Tgid, t.Tid)));
        said.Count(t => t.Tid != t.Tgid).ShouldBe(4, "the dump is made so");
        for (var i = 0; i < said.Length; i++)
            ShouldAgree(threads[i], said[i]);
    }

    [Theory, MemberData(nameof(Dumps))]
    public void A_process_is_found_by_its_number_and_by_that_of_a_thread(string name)
    {
        using var found = FoundGuest.Open(name);
        var memory = found.Dump.Memory;
        foreach (var thread in found.Report.Threads)
        {
            LinuxTasks.Find(ref memory, in found.Guest, thread.Tid, out var process, out var address).ShouldBe(LinuxTaskResult.Found);
            process.Tgid.ShouldBe(thread.Tgid);
            LinuxTask.TryRead(ref memory, in found.Guest, address, out var itself).ShouldBeTrue();
            itself.Pid.ShouldBe(thread.Tid);
        }
        LinuxTasks.Find(ref memory, in found.Guest, 4_000_000, out _, out var none).ShouldBe(LinuxTaskResult.NotFound);
        none.ShouldBe(0UL);
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Address_spaces_belong_to_processes_that_live(string name)
    {
        using var found = FoundGuest.Open(name);
        var processes = Processes(found);
        var zombies = found.Report.Threads.Where(t => t.State == 'Z').ToArray();
        foreach (var process in processes)
        {
            var dead = zombies.Any(z => z.Tid == process.Tgid) && found.Report.Threads.Count(t => t.Tgid == process.Tgid) == 1;
            var lives = !dead && !process.Flags.HasFlag(LinuxTaskFlags.KernelThread);
            (process.Mm != 0).ShouldBe(lives, Name(process));
            (process.PageRoot != 0).ShouldBe(lives);
            (process.ContextId != 0).ShouldBe(lives);
            (process.PageRoot % (found.Guest.PageTableIsolation ? 0x2000UL : 0x1000UL)).ShouldBe(0UL);
        }
        zombies.Length.ShouldBe(2, "the dump is made so: a whole process, and the first thread of one that lives");

        var living = processes.Where(p => p.Mm != 0).ToArray();
        living.Length.ShouldBeGreaterThan(6);
        living.Select(p => p.PageRoot).ShouldBeUnique();
        living.Select(p => p.ContextId).ShouldBeUnique();

        // A process without its first thread keeps the address space that the other thread has.
        var leader = Find(found, "leader");
        leader.Flags.ShouldBe(LinuxTaskFlags.Exited);
        leader.Mm.ShouldBe(Threads(found, leader).Single(t => t.Mm != 0).Mm);
    }

    [Theory, MemberData(nameof(Dumps))]
    public void The_process_that_spins_is_the_one_on_the_second_processor(string name)
    {
        using var found = FoundGuest.Open(name);
        var memory = found.Dump.Memory;
        var processor = found.Dump.Processors[1];
        var spinner = Find(found, "spinner");
        (processor.Rip >> 12).ShouldBe(0x400UL, "the program has one page");

        // In user mode the base is in IA32_KERNEL_GS_BASE, and CR3 holds the user half with page-table isolation.
        LinuxProcessor.TryBase(ref memory, in found.Guest, processor.PrivilegeLevel, processor.GsBase, processor.KernelGsBase, out var perCpu).ShouldBeTrue();
        perCpu.ShouldBe(processor.KernelGsBase);
        LinuxProcessor.IndexOfBase(ref memory, in found.Guest, perCpu).ShouldBe(1);
        LinuxProcessor.TryCurrent(ref memory, in found.Guest, perCpu, out var current).ShouldBeTrue();
        LinuxProcessor.TryRunqueueCurrent(ref memory, in found.Guest, perCpu, out var chosen).ShouldBeTrue();
        current.ShouldBe(spinner.Address);
        chosen.ShouldBe(spinner.Address);

        found.Guest.PageRoot(processor.Cr3).ShouldBe(spinner.PageRoot);
        found.Guest.SamePageRoot(processor.Cr3, spinner.PageRoot).ShouldBeTrue();
        (processor.Cr3 & 0x1000).ShouldBe(found.Guest.PageTableIsolation ? 0x1000UL : processor.Cr3 & 0x1000);
        LinuxTasks.TryMmOfRoot(ref memory, in found.Guest, processor.Cr3, out var mm).ShouldBeTrue();
        mm.ShouldBe(spinner.Mm);
    }

    [Theory, MemberData(nameof(Dumps))]
    public void The_first_processor_runs_one_of_the_guests_tasks(string name)
    {
        using var found = FoundGuest.Open(name);
        var memory = found.Dump.Memory;
        var processor = found.Dump.Processors[0];
        LinuxProcessor.TryBase(ref memory, in found.Guest, processor.PrivilegeLevel, processor.GsBase, processor.KernelGsBase, out var perCpu).ShouldBeTrue();
        LinuxProcessor.IndexOfBase(ref memory, in found.Guest, perCpu).ShouldBe(0);
        LinuxProcessor.TryCurrent(ref memory, in found.Guest, perCpu, out var current).ShouldBeTrue();
        LinuxTask.TryRead(ref memory, in found.Guest, current, out var task).ShouldBeTrue();
        if (task.Pid == 0)
            Name(task).ShouldBe("swapper/0");
        else
            found.Report.Threads.ShouldContain(t => t.Tid == task.Pid);
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Every_root_names_its_owner(string name)
    {
        using var found = FoundGuest.Open(name);
        var memory = found.Dump.Memory;
        foreach (var process in Processes(found).Where(p => p.Mm != 0))
        {
            LinuxTasks.TryMmOfRoot(ref memory, in found.Guest, process.PageRoot, out var mm).ShouldBeTrue();
            mm.ShouldBe(process.Mm, Name(process));
        }
        LinuxTasks.TryMmOfRoot(ref memory, in found.Guest, found.Guest.Kernel.Cr3, out var none).ShouldBeTrue();
        none.ShouldBe(0UL);
    }

    [Theory, MemberData(nameof(Dumps))]
    public void A_per_CPU_base_is_told_from_any_other_value(string name)
    {
        using var found = FoundGuest.Open(name);
        var memory = found.Dump.Memory;
        var processor = found.Dump.Processors[1];
        var real = processor.KernelGsBase;
        LinuxProcessor.IsBase(ref memory, in found.Guest, real).ShouldBeTrue();
        foreach (var value in (ulong[])[0, real + 8, real - 4096, found.Guest.Image.Base, found.Guest.DirectMap, ulong.MaxValue, 0x7FFF_0000_0000])
            LinuxProcessor.IsBase(ref memory, in found.Guest, value).ShouldBeFalse();

        // Before and after SWAPGS, and with a kernel address that user code wrote into its own base.
        var guest = found.Guest;
        bool Resolves(uint level, ulong gs, ulong kernelGs) => LinuxProcessor.TryBase(ref memory, in guest, level, gs, kernelGs, out var found) && found == real;
        Resolves(0, real, 0).ShouldBeTrue();
        Resolves(0, 0, real).ShouldBeTrue();
        Resolves(0, guest.DirectMap, real).ShouldBeTrue();
        Resolves(0, real, real).ShouldBeTrue();
        Resolves(3, 0, real).ShouldBeTrue();
        Resolves(3, found.Dump.Processors[0].GsBase, real).ShouldBeTrue();
        LinuxProcessor.TryBase(ref memory, in guest, 3, real, 0, out _).ShouldBeFalse();
        LinuxProcessor.TryBase(ref memory, in guest, 0, 0, 0, out _).ShouldBeFalse();
    }

    [Fact]
    public unsafe void An_area_that_does_not_know_its_own_base_is_none()
    {
        using var found = FoundGuest.Open(DumpLibrary.Sid);
        var memory = found.Dump.Memory;
        var real = found.Dump.Processors[1].KernelGsBase;
        *(ulong*)LinuxMemory.Locate(ref memory, in found.Guest, real + found.Guest.Symbols.ThisCpuOffset, 8) += 8;
        LinuxProcessor.IndexOfBase(ref memory, in found.Guest, real).ShouldBe(1);
        LinuxProcessor.IsBase(ref memory, in found.Guest, real).ShouldBeFalse();
    }

    [Theory, MemberData(nameof(Dumps))]
    public unsafe void The_image_and_the_direct_map_need_no_walk(string name)
    {
        using var found = FoundGuest.Open(name);
        var memory = new CountingMemory { Inner = found.Dump.Memory };
        foreach (var address in (ulong[])[found.Guest.Symbols.InitTask, Find(found, "spinner").Address])
        {
            memory.Count = 0;
            var location = LinuxMemory.Locate(ref memory, in found.Guest, address, 8);
            memory.Count.ShouldBe(1);
            GuestPageWalk.Translate(ref memory, in found.Guest.Kernel, address, out var walk).ShouldBe(GuestWalkResult.Mapped);
            ((nint)memory.Map(walk.Physical, 8)).ShouldBe((nint)location);
        }
    }

    private struct CountingMemory : IPhysicalMemory
    {
        public DumpMemory Inner;
        public int Count;

        public unsafe byte* Map(ulong address, ulong length)
        {
            Count++;
            return Inner.Map(address, length);
        }
    }

    [Theory, MemberData(nameof(Dumps))]
    public void What_is_not_root_in_CR3_is_left_out(string name)
    {
        using var found = FoundGuest.Open(name);
        var spinner = Find(found, "spinner");
        foreach (var other in (ulong[])[0x8000_0000_0000_0000, 0x6000_0000_0000_0000, 0x006, 0x806])
            found.Guest.PageRoot(spinner.PageRoot | other).ShouldBe(spinner.PageRoot);
        found.Guest.SamePageRoot(spinner.PageRoot, spinner.PageRoot ^ 0x1000).ShouldBe(found.Guest.PageTableIsolation);
        found.Guest.SamePageRoot(spinner.PageRoot, spinner.PageRoot ^ 0x2000).ShouldBeFalse();
    }

    [Theory, MemberData(nameof(Dumps))]
    public void Pairs_of_roots_are_seen_without_knowing_the_kernel(string name)
    {
        using var found = FoundGuest.Open(name);
        var memory = found.Dump.Memory;
        foreach (var process in Processes(found).Where(p => p.Mm != 0))
        {
            var expected = found.Guest.PageTableIsolation ? PageRootKind.Pair : PageRootKind.Single;
            PageRootPair.Classify(ref memory, process.PageRoot).ShouldBe(expected, Name(process));
            if (expected == PageRootKind.Pair)
                PageRootPair.Classify(ref memory, process.PageRoot | 0x8000_0000_0000_1806).ShouldBe(expected, Name(process));
        }
        PageRootPair.Classify(ref memory, 0x000F_0000_0000_0000).ShouldBe(PageRootKind.NotRam);
    }

    [Theory, MemberData(nameof(Dumps))]
    public unsafe void Memory_of_a_process_is_read_through_its_own_root(string name)
    {
        // The spinner's program is known to the byte: its ELF header at 0x400000, its loop at the end.
        using var found = FoundGuest.Open(name);
        var memory = found.Dump.Memory;
        var paging = found.Guest.Kernel.WithRoot(Find(found, "spinner").PageRoot);
        var bytes = new byte[188];
        GuestMemory.Read(ref memory, in paging, 0x40_0000, bytes).ShouldBe(188);
        bytes[..4].ShouldBe([0x7F, (byte)'E', (byte)'L', (byte)'F']);
        bytes[^4..].ShouldBe([0xF3, 0x90, 0xEB, 0xFC]);

        GuestPageWalk.Translate(ref memory, in paging, 0x40_0000, out var walk).ShouldBe(GuestWalkResult.Mapped);
        walk.User.ShouldBeTrue();
        walk.Writable.ShouldBeFalse();
        walk.NoExecute.ShouldBe(found.Guest.PageTableIsolation, "the kernel half's copy of the user entries forbids execution");
    }
}
