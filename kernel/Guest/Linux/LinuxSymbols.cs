namespace HvKernel.Guest.Linux;

/// <summary>
/// The addresses of the kernel's variables and functions that are used. Per-CPU variables have the value that the guest's own table gives
/// them: added to an element of __per_cpu_offset, modulo 2^64, it is the address on that processor, whatever the section is linked at.
/// </summary>
public struct LinuxSymbols
{
    public ulong EntrySyscall;
    public ulong Banner;
    public ulong InitTask;
    public ulong KernelRoot;
    public ulong PerCpuOffsets;
    public ulong BootProcessor;

    /// <summary>Per-CPU: the running task, or pcpu_hot (6.2 to 6.14), of which it is a member.</summary>
    public ulong CurrentTask;

    /// <summary>Per-CPU: the area's own offset.</summary>
    public ulong ThisCpuOffset;

    /// <summary>Per-CPU: the scheduler's queue.</summary>
    public ulong Runqueues;

    // The next ones may be missing (0).
    public ulong PageOffsetBase;
    public ulong VmemmapBase;
    public ulong StartBtf;
    public ulong ProcessorCount;
    public ulong InitMm;
    public ulong SwitchMm;
    public ulong SwitchTo;

    /// <summary>Looks them all up. False when one is missing that nothing can do without.</summary>
    public static bool TryRead(in Kallsyms symbols, out LinuxSymbols found)
    {
        found = default;
        // Missing where the kernel does not randomise the regions; the values are then constants.
        symbols.TryFind("page_offset_base"u8, out found.PageOffsetBase);
        symbols.TryFind("vmemmap_base"u8, out found.VmemmapBase);
        symbols.TryFind("__start_BTF"u8, out found.StartBtf);
        symbols.TryFind("nr_cpu_ids"u8, out found.ProcessorCount);
        symbols.TryFind("init_mm"u8, out found.InitMm);
        symbols.TryFind("switch_mm_irqs_off"u8, out found.SwitchMm);
        symbols.TryFind("__switch_to"u8, out found.SwitchTo);

        return (symbols.TryFind("pcpu_hot"u8, out found.CurrentTask) || symbols.TryFind("current_task"u8, out found.CurrentTask))
            && symbols.TryFind("entry_SYSCALL_64"u8, out found.EntrySyscall)
            && symbols.TryFind("linux_banner"u8, out found.Banner)
            && symbols.TryFind("init_task"u8, out found.InitTask)
            && symbols.TryFind("init_top_pgt"u8, out found.KernelRoot)
            && symbols.TryFind("__per_cpu_offset"u8, out found.PerCpuOffsets)
            && symbols.TryFind("boot_cpu_data"u8, out found.BootProcessor)
            && symbols.TryFind("this_cpu_off"u8, out found.ThisCpuOffset)
            && symbols.TryFind("runqueues"u8, out found.Runqueues);
    }
}
