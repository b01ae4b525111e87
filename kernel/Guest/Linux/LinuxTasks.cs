using HvKernel.Memory;

namespace HvKernel.Guest.Linux;

/// <summary>
/// The processes and threads of the guest. The guest should be stopped; where it is not, a result other than Found and NotFound may mean
/// that the list changed under the walk, and the walk may be tried again.
/// </summary>
public static class LinuxTasks
{
    /// <summary>A position before the first process. Pass it to <see cref="MoveNext{TMemory}"/>.</summary>
    public static LinuxList Processes(in LinuxGuest guest) => new(guest.Symbols.InitTask + guest.Offsets.TaskTasks);

    /// <summary>
    /// Moves on to the next process and reads its first thread, with the address space of the process: that thread may have exited and
    /// given up its own while others live on. The idle tasks (pid 0) are not in the list.
    /// </summary>
    public static LinuxTaskResult MoveNext<TMemory>(ref TMemory memory, in LinuxGuest guest, ref LinuxList processes, out LinuxTask process)
        where TMemory : struct, IPhysicalMemory
    {
        process = default;
        var result = processes.MoveNext(ref memory, in guest, out var node);
        return result == LinuxTaskResult.Found ? ReadProcess(ref memory, in guest, node - guest.Offsets.TaskTasks, ref processes, out process) : result;
    }

    /// <summary>A position before the first thread of the process that the task at <paramref name="task"/> belongs to.</summary>
    public static LinuxList Threads<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong task)
        where TMemory : struct, IPhysicalMemory
        => new(ThreadHead(ref memory, in guest, task));

    // An address that cannot be read gives a list that cannot be: the first step says so.
    private static ulong ThreadHead<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong task)
        where TMemory : struct, IPhysicalMemory
    {
        LinuxMemory.TryReadUInt64(ref memory, in guest, task + guest.Offsets.TaskSignal, out var signal);
        return signal + guest.Offsets.SignalThreadHead;
    }

    /// <summary>Moves on to the next thread of a process, and reads it.</summary>
    public static LinuxTaskResult MoveNextThread<TMemory>(ref TMemory memory, in LinuxGuest guest, ref LinuxList threads, out LinuxTask thread)
        where TMemory : struct, IPhysicalMemory
    {
        thread = default;
        var result = threads.MoveNext(ref memory, in guest, out var node);
        if (result == LinuxTaskResult.Found && !LinuxTask.TryRead(ref memory, in guest, node - guest.Offsets.TaskThreadNode, out thread))
            return LinuxTaskResult.WildPointer;
        return result;
    }

    /// <summary>
    /// Finds the process numbered <paramref name="pid"/>; if there is none, the process that has a thread of this number.
    /// <paramref name="process"/> is then that process, and <paramref name="thread"/> the address of that thread's task_struct (of its first in the first case).
    /// </summary>
    public static LinuxTaskResult Find<TMemory>(ref TMemory memory, in LinuxGuest guest, uint pid, out LinuxTask process, out ulong thread)
        where TMemory : struct, IPhysicalMemory
    {
        process = default;
        var processes = Processes(in guest);
        var result = FindProcess(ref memory, in guest, pid, ref processes, out thread);
        if (result == LinuxTaskResult.Found)
            return ReadProcess(ref memory, in guest, thread, ref processes, out process);
        if (result != LinuxTaskResult.NotFound)
            return result;
        processes = Processes(in guest);
        result = FindThread(ref memory, in guest, pid, ref processes, out var first, out thread);
        return result == LinuxTaskResult.Found ? ReadProcess(ref memory, in guest, first, ref processes, out process) : result;
    }

    /// <summary>
    /// The mm_struct that owns the page-table root in <paramref name="cr3"/>, by the kernel's own note in that page's descriptor; 0 for the
    /// kernel's root, and after the address space is gone. False when there is no such descriptor.
    /// </summary>
    public static bool TryMmOfRoot<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong cr3, out ulong mm)
        where TMemory : struct, IPhysicalMemory
    {
        var page = guest.Vmemmap + (guest.PageRoot(cr3) >> 12) * guest.Offsets.PageSize;
        return LinuxMemory.TryReadUInt64(ref memory, in guest, page + guest.Offsets.PageMm, out mm);
    }

    // The process by its first thread at `address`. Threads count as elements of the list of processes: hostile processes may all have the same ones.
    private static LinuxTaskResult ReadProcess<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong address, ref LinuxList processes, out LinuxTask process)
        where TMemory : struct, IPhysicalMemory
    {
        if (!LinuxTask.TryRead(ref memory, in guest, address, out process))
            return LinuxTaskResult.WildPointer;
        if (process.Mm != 0 || (process.Flags & LinuxTaskFlags.KernelThread) != 0)
            return LinuxTaskResult.Found;

        LinuxTaskResult result;
        var threads = new LinuxList(ThreadHead(ref memory, in guest, address), in processes);
        while ((result = MoveNextThread(ref memory, in guest, ref threads, out var thread)) == LinuxTaskResult.Found)
        {
            if (thread.Mm == 0)
                continue;
            process.Mm = thread.Mm;
            process.PageRoot = thread.PageRoot;
            process.ContextId = thread.ContextId;
            break;
        }
        threads.CountIn(ref processes);
        return result == LinuxTaskResult.NotFound ? LinuxTaskResult.Found : result;
    }

    // Both of the next ones read no more of a task than its number: they are also called while an event is armed.
    private static LinuxTaskResult FindProcess<TMemory>(ref TMemory memory, in LinuxGuest guest, uint tgid, ref LinuxList processes, out ulong task)
        where TMemory : struct, IPhysicalMemory
    {
        LinuxTaskResult result;
        while ((result = processes.MoveNext(ref memory, in guest, out var node)) == LinuxTaskResult.Found)
        {
            task = node - guest.Offsets.TaskTasks;
            if (!LinuxMemory.TryReadUInt32(ref memory, in guest, task + guest.Offsets.TaskTgid, out var candidate))
                return LinuxTaskResult.WildPointer;
            if (candidate == tgid)
                return LinuxTaskResult.Found;
        }
        task = 0;
        return result;
    }

    private static LinuxTaskResult FindThread<TMemory>(
        ref TMemory memory, in LinuxGuest guest, uint pid, ref LinuxList processes, out ulong first, out ulong thread)
        where TMemory : struct, IPhysicalMemory
    {
        LinuxTaskResult result;
        first = 0;
        thread = 0;
        while ((result = processes.MoveNext(ref memory, in guest, out var node)) == LinuxTaskResult.Found)
        {
            first = node - guest.Offsets.TaskTasks;
            LinuxTaskResult step;
            var threads = new LinuxList(ThreadHead(ref memory, in guest, first), in processes);
            while ((step = threads.MoveNext(ref memory, in guest, out var threadNode)) == LinuxTaskResult.Found)
            {
                thread = threadNode - guest.Offsets.TaskThreadNode;
                if (!LinuxMemory.TryReadUInt32(ref memory, in guest, thread + guest.Offsets.TaskPid, out var candidate))
                    return LinuxTaskResult.WildPointer;
                if (candidate == pid)
                    return LinuxTaskResult.Found;
            }
            threads.CountIn(ref processes);
            if (step != LinuxTaskResult.NotFound)
                return step;
        }
        first = 0;
        thread = 0;
        return result;
    }
}
