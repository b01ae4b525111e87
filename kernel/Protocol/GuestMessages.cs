using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>Row of <see cref="MessageType.ListProcesses"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct ProcessRow
{
    public uint Pid;

    /// <summary>1: a kernel thread, which has no address space of its own. 2: ended, not yet collected.</summary>
    public uint Flags;

    /// <summary>Physical address of the top-level page table; 0 where there is none.</summary>
    public ulong PageRoot;

    /// <summary>Guest-virtual address of the OS's own object.</summary>
    public ulong Task;
    public fixed byte Name[LinkProtocol.NameBytes];
}

/// <summary>Reply to <see cref="MessageType.GuestOs"/>; the OS's own banner follows as text.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct GuestOsReply
{
    public ReplyHeader Header;

    /// <summary>0 unknown, 1 Linux.</summary>
    public uint Kind;

    /// <summary>1 where kernel and user mode have separate page tables.</summary>
    public uint PageTableIsolation;
    public ulong KernelBase;
    public ulong Slide;
    public ulong PhysicalBase;
    public ulong Symbols;

    /// <summary>Ticks that the discovery took.</summary>
    public ulong DiscoveryTicks;
    public uint BannerLength;
}

/// <summary>Request <see cref="MessageType.SymbolAt"/>. <see cref="MessageType.SymbolNamed"/> has the name itself as payload.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct SymbolAtRequest
{
    public ulong Address;
}

/// <summary>Reply to symbol requests; the name follows as ASCII.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct SymbolReply
{
    public ReplyHeader Header;

    /// <summary>Where the symbol starts.</summary>
    public ulong Address;
    public uint NameLength;
}
