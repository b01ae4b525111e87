using HvKernel.Protocol;

namespace HvKernel.Events;

/// <summary>
/// A process whose transitions are caught. Named by pid it is followed through exec; named by CR3 it is an address space and nothing more.
/// </summary>
public unsafe struct ProcessWatch
{
    public bool InUse;
    public ProcessKeyKind Kind;
    public WatchState State;

    /// <summary>Whether it is held at the edge of user mode: some event short-circuited its way there.</summary>
    public bool Parked;

    /// <summary>Physical address of the top-level page table, and of its other half where user mode has one of its own; else equal.</summary>
    public ulong Root;
    public ulong PairedRoot;

    /// <summary>Process id, and with <see cref="StartTime"/> the process itself: a pid alone is given again.</summary>
    public uint Pid;
    public ulong StartTime;

    /// <summary>Guest-virtual address of the OS's process object, and of its address-space object.</summary>
    public ulong Task;
    public ulong AddressSpace;

    /// <summary>Number of the address space that is never given again; 0 where the OS has none.</summary>
    public ulong AddressSpaceId;
    public fixed byte Name[LinkProtocol.NameBytes];

    /// <summary>Whether this top-level page table is the process's.</summary>
    public readonly bool HasRoot(ulong root) => root == Root || root == PairedRoot;
}
