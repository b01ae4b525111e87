using System;

namespace HvKernel.Guests.Lab;

/// <summary>Making processes, and making one current.</summary>
internal static unsafe class Processes
{
    private const ulong KeepTranslations = 1UL << 63;

    // What marks the process-context identifier of a user half.
    private const ulong UserPcid = 0x800;
    private const uint MaximumPid = 0x7FF;
    private const ulong UserFlags = HvKernel.Cpu.Rflags.If | HvKernel.Cpu.Rflags.Reserved1;

    /// <summary>A process with one thread that stands before the first instruction of a program.</summary>
    public static Thread* Create(Kernel* kernel, AddressSpaceMode mode, ReadOnlySpan<byte> name, ulong program, ulong times)
    {
        var process = (Process*)Pool.Allocate(0, (ulong)sizeof(Process) + 16, Process.Tag);
        var thread = (Thread*)Pool.Allocate(0, (ulong)sizeof(Thread), Thread.Tag);
        *process = default;
        *thread = default;
        thread->Process = process;
        process->Mode = mode;
        process->Pid = ++kernel->LastPid;
        if (process->Pid > MaximumPid)
        {
            Fatal.Stop("out of process ids"u8);
        }

        for (var i = 0; i < name.Length && i < Process.NameBytes; i++)
        {
            process->Name[i] = name[i];
        }

        BuildAddressSpace(kernel, process);
        Arm(kernel, thread, program, times);
        return thread;
    }

    /// <summary>One more thread of a process; it stands nowhere yet.</summary>
    public static Thread* AddThread(Process* process)
    {
        var thread = (Thread*)Pool.Allocate(0, (ulong)sizeof(Thread), Thread.Tag);
        *thread = default;
        thread->Process = process;
        return thread;
    }

    /// <summary>Puts a thread before the first instruction of a program.</summary>
    public static void Arm(Kernel* kernel, Thread* thread, ulong program, ulong times)
    {
        thread->Frame = default;
        thread->Frame.Rip = program - kernel->Code.UserStart + UserSpace.Text;
        thread->Frame.Rdi = times;
        thread->Frame.Rsp = UserSpace.StackEnd;
        thread->Frame.Rflags = UserFlags;
        thread->Frame.Cs = Descriptors.UserCode;
        thread->Frame.Ss = Descriptors.UserData;
    }

    /// <summary>Makes a process's address space current, and what the entries switch between.</summary>
    public static void MakeCurrent(PerCpu* cpu, Thread* thread)
    {
        var process = thread->Process;
        var oneRoot = process->Mode == AddressSpaceMode.Plain;
        cpu->CurrentThread = thread;
        cpu->KernelCr3 = oneRoot ? 0 : process->Cr3;
        cpu->UserCr3 = oneRoot ? 0 : process->UserCr3;
        Machine.WriteCr3(process->Cr3);
    }

    /// <summary>Makes a page present, in the process's user half, which both of its roots share.</summary>
    public static void Map(Kernel* kernel, Process* process, ulong address, ulong physical, ulong bits)
    {
        PageTables.Map(ref kernel->Pool, process->Root, address, physical, bits | PageBit.User);
        if (process->UserRoot != process->Root)
        {
            var slot = (int)(address >> 39) & 511;
            ((ulong*)KernelSpace.At(process->UserRoot))[slot] = ((ulong*)KernelSpace.At(process->Root))[slot];
        }
    }

    private static void BuildAddressSpace(Kernel* kernel, Process* process)
    {
        ref var pool = ref kernel->Pool;
        var root = (ulong*)pool.Pair();
        process->Root = KernelSpace.Physical(root);
        process->UserRoot = process->Root;
        root[KernelSpace.DirectMapSlot] = ((ulong*)KernelSpace.At(kernel->Root))[KernelSpace.DirectMapSlot];
        root[KernelSpace.EntrySlot] = kernel->EntryTable;
        if (process->Mode != AddressSpaceMode.Plain)
        {
            process->UserRoot = process->Root + Pool.PageBytes;
            root[512 + KernelSpace.EntrySlot] = kernel->EntryTable;
        }

        process->Cr3 = process->Root;
        process->UserCr3 = process->UserRoot;
        if (process->Mode == AddressSpaceMode.Pcid)
        {
            // No identifier is used twice, so that keeping translations from the first load on is right.
            process->Cr3 |= process->Pid | KeepTranslations;
            process->UserCr3 |= process->Pid | UserPcid | KeepTranslations;
        }

        var text = pool.Pages(1);
        var bytes = kernel->Code.UserEnd - kernel->Code.UserStart;
        for (ulong i = 0; i < bytes; i++)
        {
            text[i] = ((byte*)kernel->Code.UserStart)[i];
        }

        process->Data = KernelSpace.Physical(pool.Pages(1));
        process->Text = KernelSpace.Physical(text);
        Map(kernel, process, UserSpace.Text, process->Text, 0);
        Map(kernel, process, UserSpace.Data, process->Data, PageBit.Writable | PageBit.NoExecute);
        Map(kernel, process, UserSpace.Apic, Apic.Physical, PageBit.Writable | PageBit.NoExecute | PageBit.CacheDisable);
        process->Stack = KernelSpace.Physical(pool.Pages(1));
        Map(kernel, process, UserSpace.StackEnd - Pool.PageBytes, process->Stack, PageBit.Writable | PageBit.NoExecute);
    }
}
