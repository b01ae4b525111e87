using System.Runtime.InteropServices;

namespace HvKernel.Guests.Lab;

/// <summary>
/// The per-processor area that GS points to in the kernel. Thread and number stand where Windows has them, so that code written for its
/// layout finds the process name here; the rest is ours (asm/layout.inc).
/// </summary>
[StructLayout(LayoutKind.Explicit)]
internal unsafe struct PerCpu
{
    [FieldOffset(0x00)]
    public PerCpu* Self;

    [FieldOffset(0x08)]
    public Kernel* Kernel;

    /// <summary>RSP of ring 3 while the system-call entry has no stack yet.</summary>
    [FieldOffset(0x10)]
    public ulong UserRsp;

    [FieldOffset(0x18)]
    public ulong TrapStack;

    /// <summary>What CR3 is loaded with on the way in and out; 0 with one root.</summary>
    [FieldOffset(0x20)]
    public ulong KernelCr3;

    [FieldOffset(0x28)]
    public ulong UserCr3;

    [FieldOffset(0x30)]
    public ulong MainRsp;

    [FieldOffset(0x38)]
    public ulong TrapHandler;

    [FieldOffset(0x40)]
    public ulong Resume;

    [FieldOffset(0x48)]
    public ulong NmiHandler;

    /// <summary>What is known of this processor besides; null where there is one processor only.</summary>
    [FieldOffset(0x50)]
    public Processor* Processor;

    [FieldOffset(0x58)]
    public bool X2Apic;

    [FieldOffset(0x188)]
    public Thread* CurrentThread;

    [FieldOffset(0x1A4)]
    public uint Number;
}

/// <summary>One thread; its process stands where Windows has it.</summary>
[StructLayout(LayoutKind.Explicit)]
internal unsafe struct Thread
{
    public const uint Tag = 0x64726854; // "Thrd"

    [FieldOffset(0xB8)]
    public Process* Process;

    /// <summary>Its registers while another thread runs.</summary>
    [FieldOffset(0x100)]
    public TrapFrame Frame;

    /// <summary>The rest is of scenarios with several processors: 0 for the process under test, 1 for its neighbour.</summary>
    [FieldOffset(0x1B0)]
    public int Group;

    [FieldOffset(0x1B4)]
    public bool Migrates;

    /// <summary>After how many transitions it gives its processor away, and how many it has made since.</summary>
    [FieldOffset(0x1B8)]
    public ulong Each;

    [FieldOffset(0x1C0)]
    public ulong Since;

    [FieldOffset(0x1C8)]
    public ulong KernelEntries;

    [FieldOffset(0x1D0)]
    public ulong UserEntries;

    /// <summary>Physical address of its own words in its process's data page.</summary>
    [FieldOffset(0x1D8)]
    public ulong Words;

    [FieldOffset(0x1E0)]
    public Thread* Next;

    [FieldOffset(0x1E8)]
    public bool IsThrough;
}

/// <summary>One process; its name stands where Windows 10 before 2019 has it.</summary>
[StructLayout(LayoutKind.Explicit)]
internal unsafe struct Process
{
    public const uint Tag = 0x636F7250; // "Proc"
    public const int NameBytes = 15;

    [FieldOffset(0x00)]
    public uint Pid;

    /// <summary>Physical addresses of its top-level page tables: in the kernel and in ring 3; equal with one root.</summary>
    [FieldOffset(0x08)]
    public ulong Root;

    [FieldOffset(0x10)]
    public ulong UserRoot;

    /// <summary>Values for CR3, with process-context identifier and no-flush bit where the mode has them.</summary>
    [FieldOffset(0x18)]
    public ulong Cr3;

    [FieldOffset(0x20)]
    public ulong UserCr3;

    /// <summary>Physical address of the page at <see cref="UserSpace.Data"/>.</summary>
    [FieldOffset(0x28)]
    public ulong Data;

    [FieldOffset(0x30)]
    public AddressSpaceMode Mode;

    /// <summary>Entries into the kernel from this process's ring 3, and returns there.</summary>
    [FieldOffset(0x38)]
    public ulong KernelEntries;

    [FieldOffset(0x40)]
    public ulong UserEntries;

    /// <summary>Physical addresses of its program's page, and of its stack's.</summary>
    [FieldOffset(0x48)]
    public ulong Text;

    [FieldOffset(0x50)]
    public ulong Stack;

    [FieldOffset(0x450)]
    public fixed byte Name[NameBytes];
}
