using System;

namespace HvKernel.Guest.Linux;

/// <summary>Where the members lie that are read, in bytes from the start of their struct; and the sizes of two structs.</summary>
public struct LinuxOffsets
{
    public uint TaskSize;
    public uint TaskFlags;
    public uint TaskCpu;
    public uint TaskTasks;
    public uint TaskMm;
    public uint TaskExitState;
    public uint TaskPid;
    public uint TaskTgid;
    public uint TaskRealParent;
    public uint TaskGroupLeader;
    public uint TaskThreadNode;
    public uint TaskStartBoottime;
    public uint TaskComm;
    public uint TaskSignal;

    public uint SignalThreadHead;

    public uint MmPgd;
    public uint MmContextId;

    /// <summary>mm_struct.owner, or 0 in a kernel without memory control groups.</summary>
    public uint MmOwner;

    public uint PageSize;

    /// <summary>struct page's (up to 6.5) or struct ptdesc's pt_mm: the address space that a page-table root belongs to.</summary>
    public uint PageMm;

    public uint RunqueueCurrent;
    public uint ProcessorCapability;

    /// <summary>pcpu_hot.current_task (6.2 to 6.14); 0 where the struct does not exist.</summary>
    public uint HotCurrentTask;

    // The order of the numbers below.
    private static ReadOnlySpan<byte> StructNames => "task_struct\0signal_struct\0mm_struct\0page\0ptdesc\0rq\0cpuinfo_x86\0pcpu_hot\0"u8;

    private const int Task = 0;
    private const int Signal = 1;
    private const int Mm = 2;
    private const int Page = 3;
    private const int PageTable = 4;
    private const int Runqueue = 5;
    private const int Processor = 6;
    private const int Hot = 7;
    private const int Structs = 8;

    /// <summary>Reads all of them from the guest's BTF. False when one is missing that nothing can do without.</summary>
    public static unsafe bool TryRead(in Btf btf, out LinuxOffsets offsets)
    {
        offsets = default;
        var ids = stackalloc uint[Structs];
        btf.FindAll(BtfKind.Struct, StructNames, new Span<uint>(ids, Structs));

        var task = ids[Task];
        var found = btf.TryMember(task, "flags"u8, out offsets.TaskFlags)
            && btf.TryMember(task, "thread_info.cpu"u8, out offsets.TaskCpu)
            && btf.TryMember(task, "tasks"u8, out offsets.TaskTasks)
            && btf.TryMember(task, "mm"u8, out offsets.TaskMm)
            && btf.TryMember(task, "exit_state"u8, out offsets.TaskExitState)
            && btf.TryMember(task, "pid"u8, out offsets.TaskPid)
            && btf.TryMember(task, "tgid"u8, out offsets.TaskTgid)
            && btf.TryMember(task, "real_parent"u8, out offsets.TaskRealParent)
            && btf.TryMember(task, "group_leader"u8, out offsets.TaskGroupLeader)
            && btf.TryMember(task, "thread_node"u8, out offsets.TaskThreadNode)
            && btf.TryMember(task, "start_boottime"u8, out offsets.TaskStartBoottime)
            && btf.TryMember(task, "comm"u8, out offsets.TaskComm)
            && btf.TryMember(task, "signal"u8, out offsets.TaskSignal)
            && btf.TryMember(ids[Signal], "thread_head"u8, out offsets.SignalThreadHead)
            && btf.TryMember(ids[Mm], "pgd"u8, out offsets.MmPgd)
            && btf.TryMember(ids[Mm], "context.ctx_id"u8, out offsets.MmContextId)
            && btf.TryMember(ids[Runqueue], "curr"u8, out offsets.RunqueueCurrent)
            && btf.TryMember(ids[Processor], "x86_capability"u8, out offsets.ProcessorCapability);
        if (!found)
            return false;

        if (!btf.TryMember(ids[PageTable], "pt_mm"u8, out offsets.PageMm) && !btf.TryMember(ids[Page], "pt_mm"u8, out offsets.PageMm))
            return false;
        btf.TryMember(ids[Mm], "owner"u8, out offsets.MmOwner);
        btf.TryMember(ids[Hot], "current_task"u8, out offsets.HotCurrentTask);
        offsets.TaskSize = btf.SizeOfStruct(task);
        offsets.PageSize = btf.SizeOfStruct(ids[Page]);
        return offsets.TaskSize != 0 && offsets.PageSize != 0;
    }
}
