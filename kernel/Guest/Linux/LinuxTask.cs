using System;
using HvKernel.Memory;

namespace HvKernel.Guest.Linux;

/// <summary>What kind of task it is.</summary>
[Flags]
public enum LinuxTaskFlags : byte
{
    None = 0,

    /// <summary>It belongs to the kernel and has no address space of its own.</summary>
    KernelThread = 1,

    /// <summary>It has exited. A process of which other threads live on keeps its address space.</summary>
    Exited = 2,
}

/// <summary>A task of the guest (a thread; the first of a process stands for the process), as it was when it was read.</summary>
public unsafe struct LinuxTask
{
    private const uint KernelThreadFlag = 0x0020_0000;
    private const int LongestName = 16;

    /// <summary>The address of its task_struct.</summary>
    public ulong Address;

    /// <summary>Its mm_struct, or 0.</summary>
    public ulong Mm;

    /// <summary>The guest-physical address of its page tables' root (with page-table isolation the kernel half's), or 0.</summary>
    public ulong PageRoot;

    /// <summary>
    /// The number of the address space. It is given once, while page-table roots and mm_structs are used again at once: a process is known
    /// by <see cref="PageRoot"/> and this together.
    /// </summary>
    public ulong ContextId;

    /// <summary>Nanoseconds from the guest's start to the task's. A process is named by <see cref="Tgid"/> and this: numbers come again.</summary>
    public ulong StartBoottime;

    /// <summary>The thread's number; what users call pid is <see cref="Tgid"/>.</summary>
    public uint Pid;

    /// <summary>The process's number.</summary>
    public uint Tgid;

    public LinuxTaskFlags Flags;

    private fixed byte _name[LongestName];

    /// <summary>Writes the task's name (comm, at most 15 bytes) without a zero at the end, and returns its length.</summary>
    public readonly int CopyName(Span<byte> name)
    {
        var length = 0;
        while (length < name.Length && length < LongestName - 1 && _name[length] != 0)
        {
            name[length] = _name[length];
            length++;
        }
        return length;
    }

    /// <summary>Reads the task at <paramref name="address"/>. False when a pointer in it leads nowhere.</summary>
    public static bool TryRead<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong address, out LinuxTask task)
        where TMemory : struct, IPhysicalMemory
    {
        task = default;
        task.Address = address;
        if (!LinuxMemory.TryReadUInt32(ref memory, in guest, address + guest.Offsets.TaskPid, out task.Pid)
            || !LinuxMemory.TryReadUInt32(ref memory, in guest, address + guest.Offsets.TaskTgid, out task.Tgid)
            || !LinuxMemory.TryReadUInt32(ref memory, in guest, address + guest.Offsets.TaskFlags, out var flags)
            || !LinuxMemory.TryReadUInt32(ref memory, in guest, address + guest.Offsets.TaskExitState, out var exitState)
            || !LinuxMemory.TryReadUInt64(ref memory, in guest, address + guest.Offsets.TaskStartBoottime, out task.StartBoottime)
            || !LinuxMemory.TryReadUInt64(ref memory, in guest, address + guest.Offsets.TaskMm, out task.Mm)
            || !task.TryReadName(ref memory, in guest))
            return false;

        if (exitState != 0)
            task.Flags |= LinuxTaskFlags.Exited;
        if ((flags & KernelThreadFlag) != 0)
        {
            // Its mm, if any, is borrowed for a while.
            task.Flags |= LinuxTaskFlags.KernelThread;
            task.Mm = 0;
        }
        return task.TryReadAddressSpace(ref memory, in guest);
    }

    /// <summary>Fills in <see cref="PageRoot"/> and <see cref="ContextId"/> from <see cref="Mm"/>.</summary>
    internal bool TryReadAddressSpace<TMemory>(ref TMemory memory, in LinuxGuest guest)
        where TMemory : struct, IPhysicalMemory
    {
        if (Mm == 0)
            return true;
        return LinuxMemory.TryReadUInt64(ref memory, in guest, Mm + guest.Offsets.MmContextId, out ContextId)
            && LinuxMemory.TryReadUInt64(ref memory, in guest, Mm + guest.Offsets.MmPgd, out var root)
            && LinuxMemory.TryPhysical(ref memory, in guest, root, out PageRoot);
    }

    private bool TryReadName<TMemory>(ref TMemory memory, in LinuxGuest guest)
        where TMemory : struct, IPhysicalMemory
    {
        // In two parts: it may cross a page.
        for (uint i = 0; i < LongestName; i += 8)
        {
            if (!LinuxMemory.TryReadUInt64(ref memory, in guest, Address + guest.Offsets.TaskComm + i, out var part))
                return false;
            for (var j = 0; j < 8; j++)
                _name[i + j] = (byte)(part >> (8 * j));
        }
        return true;
    }
}
