using System;
using HvKernel.Cpu;
using HvKernel.Events;
using HvKernel.Guest.Linux;
using HvKernel.Link;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Guest;

/// <summary>
/// Whose code runs: from a pid or a CR3 value to a watched process, and from a processor to its current process. Where the OS is unknown,
/// only page roots are.
/// </summary>
public static unsafe class GuestProcess
{
    /// <summary>Fills <paramref name="found"/> with the process that an event names; it is in use only where the status is Ok.</summary>
    public static ReplyStatus Find(VCpu* vcpu, ProcessKeyKind kind, ulong key, ProcessWatch* found, out uint detail)
    {
        detail = 0;
        return kind == ProcessKeyKind.Cr3 ? FindRoot(vcpu, key, found) : FindPid(vcpu, key, found, out detail);
    }

    /// <summary>
    /// Whether the process that runs at this transition is <paramref name="pid"/>: a child of vfork runs in the address space of its parent.
    /// </summary>
    public static bool IsCurrent(VCpu* vcpu, uint pid)
    {
        if (vcpu->CurrentTask == null && !TryLocateCurrentTask(vcpu))
        {
            return false;
        }

        // Only the places are kept, never the values: a task may end and its memory become another task.
        var task = *vcpu->CurrentTask;
        if (task != vcpu->KnownTask && !TryLocatePid(vcpu, task))
        {
            return false;
        }

        return *vcpu->KnownPid == pid;
    }

    /// <summary>
    /// Whether the watched page root still belongs to the process: Linux gives roots and mm_structs to the next process at once, and the
    /// number of the address space never again.
    /// </summary>
    public static bool OwnsAddressSpace(VCpu* vcpu, int index)
    {
        var watch = &vcpu->Machine->Events.Watches[index];
        ref var linux = ref vcpu->Machine->GuestOs.Linux;
        var memory = Machine.Memory(vcpu->Machine);
        if (LinuxMemory.TryReadUInt64(ref memory, linux, watch->AddressSpace + linux.Offsets.MmContextId, out var id) && id == watch->AddressSpaceId)
        {
            return true;
        }

        return Reidentify(vcpu, index) && watch->HasRoot(Vmx.GuestState.Cr3(vcpu) & PageRootPair.AddressBits);
    }

    /// <summary>
    /// The processor leaves the address space of a watched process. Where the process itself runs on in another one it has called exec;
    /// where its task has none any more it has ended.
    /// </summary>
    public static void OnLeave(VCpu* vcpu, int index)
    {
        var watch = &vcpu->Machine->Events.Watches[index];
        ref var linux = ref vcpu->Machine->GuestOs.Linux;
        var memory = Machine.Memory(vcpu->Machine);

        // At a load of CR3 the run queue already names the incoming task, current_task still the outgoing one.
        if (TryPerCpuBase(vcpu, out var perCpuBase)
            && LinuxProcessor.TryRunqueueCurrent(ref memory, linux, perCpuBase, out var incoming)
            && LinuxMemory.TryReadUInt32(ref memory, linux, incoming + linux.Offsets.TaskTgid, out var tgid)
            && tgid == watch->Pid)
        {
            Reidentify(vcpu, index);
            return;
        }

        if (!LinuxMemory.TryReadUInt64(ref memory, linux, watch->Task + linux.Offsets.TaskMm, out var mm) || mm != watch->AddressSpace)
        {
            Reidentify(vcpu, index);
        }
    }

    /// <summary>
    /// An event that was off is on again: meanwhile its process may have called exec or ended unseen.
    /// </summary>
    public static void Recheck(VCpu* vcpu, int index)
    {
        var watch = &vcpu->Machine->Events.Watches[index];
        if (watch->Kind == ProcessKeyKind.Pid && watch->State == WatchState.Armed && GuestOsDiscovery.Ensure(vcpu))
        {
            Reidentify(vcpu, index);
        }
    }

    /// <summary>
    /// Reads the name of a watched process again: Linux gives a program that was started by exec its name only after its new address space is
    /// current.
    /// </summary>
    public static void RefreshName(VCpu* vcpu, int index)
    {
        var watch = &vcpu->Machine->Events.Watches[index];
        if (watch->Kind != ProcessKeyKind.Pid || watch->State != WatchState.Armed)
        {
            return;
        }

        ref var linux = ref vcpu->Machine->GuestOs.Linux;
        var memory = Machine.Memory(vcpu->Machine);
        if (LinuxTask.TryRead(ref memory, linux, watch->Task, out var task) && task.Tgid == watch->Pid && task.StartBoottime == watch->StartTime)
        {
            SetName(task, watch);
        }
    }

    /// <summary>Adds process, thread and name to a description of a halt, where they are known.</summary>
    public static void DescribeCurrent(VCpu* vcpu, StopInfo* stop)
    {
        if (TryCurrent(vcpu, out var task, out _))
        {
            stop->Pid = task.Tgid;
            stop->Tid = task.Pid;
            task.CopyName(new Span<byte>(stop->Name, LinkProtocol.NameBytes));
        }
    }

    /// <summary>The task that runs on this processor, and the address of the first task of its process; false where the OS or the task is not known.</summary>
    public static bool TryCurrent(VCpu* vcpu, out LinuxTask task, out ulong leader)
    {
        task = default;
        leader = 0;
        if (vcpu->Machine->GuestOs.Kind != GuestOsKind.Linux)
        {
            return false;
        }

        ref var linux = ref vcpu->Machine->GuestOs.Linux;
        var memory = Machine.Memory(vcpu->Machine);
        return TryPerCpuBase(vcpu, out var perCpuBase)
            && LinuxProcessor.TryCurrent(ref memory, linux, perCpuBase, out var address)
            && LinuxTask.TryRead(ref memory, linux, address, out task)
            && LinuxMemory.TryReadUInt64(ref memory, linux, address + linux.Offsets.TaskGroupLeader, out leader);
    }

    private static ReplyStatus FindRoot(VCpu* vcpu, ulong cr3, ProcessWatch* found)
    {
        var memory = Machine.Memory(vcpu->Machine);
        var root = cr3 & PageRootPair.AddressBits;
        var kind = PageRootPair.Classify(ref memory, root);
        if (kind == PageRootKind.NotRam)
        {
            return ReplyStatus.BadPageRoot;
        }

        *found = default;
        found->InUse = true;
        found->Kind = ProcessKeyKind.Cr3;
        found->Root = kind == PageRootKind.Pair ? root & ~PageRootPair.PairBit : root;
        found->PairedRoot = kind == PageRootKind.Pair ? root | PageRootPair.PairBit : root;
        return ReplyStatus.Ok;
    }

    private static ReplyStatus FindPid(VCpu* vcpu, ulong key, ProcessWatch* found, out uint detail)
    {
        if (!GuestOsDiscovery.Ensure(vcpu))
        {
            detail = (uint)vcpu->Machine->GuestOs.Result;
            return ReplyStatus.GuestOsUnknown;
        }

        detail = 0;
        ref var linux = ref vcpu->Machine->GuestOs.Linux;
        var memory = Machine.Memory(vcpu->Machine);
        if (key > uint.MaxValue)
        {
            return ReplyStatus.NoSuchProcess;
        }

        var result = LinuxTasks.Find(ref memory, linux, (uint)key, out var process, out _);
        if (result != LinuxTaskResult.Found)
        {
            return result == LinuxTaskResult.NotFound ? ReplyStatus.NoSuchProcess : ReplyStatus.ProcessListChanging;
        }

        if ((process.Flags & LinuxTaskFlags.KernelThread) != 0)
        {
            return ReplyStatus.KernelThread;
        }

        if (process.Mm == 0)
        {
            return ReplyStatus.NoSuchProcess;
        }

        *found = default;
        found->InUse = true;
        found->Kind = ProcessKeyKind.Pid;
        Adopt(linux, process, found);
        return ReplyStatus.Ok;
    }

    // Looks the process up again by its number; true where it lives, in whatever address space.
    private static bool Reidentify(VCpu* vcpu, int index)
    {
        var watch = &vcpu->Machine->Events.Watches[index];
        ref var linux = ref vcpu->Machine->GuestOs.Linux;
        var memory = Machine.Memory(vcpu->Machine);
        var result = LinuxTasks.Find(ref memory, linux, watch->Pid, out var process, out _);
        if (result == LinuxTaskResult.Found && process.Tgid == watch->Pid && process.StartBoottime == watch->StartTime && process.Mm != 0)
        {
            if (process.ContextId != watch->AddressSpaceId)
            {
                Adopt(linux, process, watch);
                LinkService.Notify(vcpu, index, EventNoticeKind.ExecFollowed);
            }

            return true;
        }

        // A list that could not be walked to its end proves nothing: the next load of CR3 asks again.
        if (result is LinuxTaskResult.Found or LinuxTaskResult.NotFound)
        {
            RefreshName(vcpu, index);
            watch->State = WatchState.ProcessExited;
            LinkService.Notify(vcpu, index, EventNoticeKind.ProcessExited);
        }

        return false;
    }

    private static void Adopt(in LinuxGuest linux, in LinuxTask process, ProcessWatch* watch)
    {
        watch->Pid = process.Tgid;
        watch->StartTime = process.StartBoottime;
        watch->Task = process.Address;
        watch->AddressSpace = process.Mm;
        watch->AddressSpaceId = process.ContextId;
        watch->Root = process.PageRoot;
        watch->PairedRoot = linux.PageTableIsolation ? process.PageRoot | PageRootPair.PairBit : process.PageRoot;
        SetName(process, watch);
    }

    private static void SetName(in LinuxTask process, ProcessWatch* watch)
    {
        for (var i = 0; i < LinkProtocol.NameBytes; i++)
        {
            watch->Name[i] = 0;
        }

        process.CopyName(new Span<byte>(watch->Name, LinkProtocol.NameBytes));
    }

    private static bool TryLocateCurrentTask(VCpu* vcpu)
    {
        if (!TryPerCpuBase(vcpu, out var perCpuBase))
        {
            return false;
        }

        ref var linux = ref vcpu->Machine->GuestOs.Linux;
        var memory = Machine.Memory(vcpu->Machine);
        vcpu->CurrentTask = (ulong*)LinuxMemory.Locate(ref memory, linux, perCpuBase + linux.Symbols.CurrentTask, sizeof(ulong));
        return vcpu->CurrentTask != null;
    }

    private static bool TryLocatePid(VCpu* vcpu, ulong task)
    {
        ref var linux = ref vcpu->Machine->GuestOs.Linux;
        var memory = Machine.Memory(vcpu->Machine);
        vcpu->KnownPid = (uint*)LinuxMemory.Locate(ref memory, linux, task + linux.Offsets.TaskTgid, sizeof(uint));
        vcpu->KnownTask = vcpu->KnownPid == null ? 0 : task;
        return vcpu->KnownPid != null;
    }

    private static bool TryPerCpuBase(VCpu* vcpu, out ulong perCpuBase)
    {
        if (vcpu->PerCpuBase == 0)
        {
            var memory = Machine.Memory(vcpu->Machine);
            if (LinuxProcessor.TryBase(
                ref memory,
                vcpu->Machine->GuestOs.Linux,
                (uint)Vmx.GuestState.Cpl(),
                VmxInstruction.Read(Vmcs.GuestGsBase),
                MsrAccess.Read(Msr.Ia32KernelGsBase),
                out var found))
            {
                vcpu->PerCpuBase = found;
            }
        }

        perCpuBase = vcpu->PerCpuBase;
        return perCpuBase != 0;
    }
}
