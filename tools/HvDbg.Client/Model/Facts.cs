using System.Collections.Generic;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>What the handshake told about the target.</summary>
/// <param name="ProtocolVersion">Version of the protocol it speaks.</param>
/// <param name="Capabilities">What its processor can do.</param>
/// <param name="Processors">Processors of the machine.</param>
/// <param name="MaximumPayload">Longest payload it takes or sends, in bytes.</param>
/// <param name="TickFrequency">Ticks of the time-stamp counter a second.</param>
/// <param name="BootId">Differs from boot to boot.</param>
/// <param name="BuildId">Start of the image's build identity, hexadecimal.</param>
public sealed record TargetInfo(
    uint ProtocolVersion,
    TargetCapabilities Capabilities,
    int Processors,
    int MaximumPayload,
    ulong TickFrequency,
    ulong BootId,
    string BuildId);

/// <summary>The target's state at one moment.</summary>
/// <param name="State">Whether the guest runs.</param>
/// <param name="Events">Events that exist.</param>
/// <param name="Tick">Time-stamp counter at the report.</param>
/// <param name="Dropped">Messages lost because the target's queue was full, since boot.</param>
/// <param name="DamagedFrames">Frames that arrived damaged at the target, since boot.</param>
/// <param name="Stop">The halt, while the guest stands still.</param>
public sealed record TargetStatus(TargetState State, uint Events, ulong Tick, ulong Dropped, uint DamagedFrames, StopEvent? Stop);

/// <summary>Whose addresses a memory request means; the default is the tables that are current on the current processor.</summary>
/// <param name="Space">Which kind of address.</param>
/// <param name="PageRoot">Physical address of the top-level table with <see cref="AddressSpace.PageRoot"/>.</param>
/// <param name="Processor">Whose tables with <see cref="AddressSpace.Current"/>; null: <see cref="Debugger.CurrentProcessor"/>.</param>
public readonly record struct MemoryView(AddressSpace Space, ulong PageRoot = 0, uint? Processor = null)
{
    /// <summary>Guest-physical addresses.</summary>
    public static MemoryView Physical => new(AddressSpace.Physical);

    /// <summary>Virtual addresses through the tables at a page root, for instance a <see cref="GuestProcess.PageRoot"/>.</summary>
    public static MemoryView Root(ulong pageRoot) => new(AddressSpace.PageRoot, pageRoot);

    /// <summary>Virtual addresses as a processor sees them now.</summary>
    public static MemoryView On(uint processor) => new(AddressSpace.Current, 0, processor);
}

/// <summary>Memory as far as it could be read.</summary>
/// <param name="Bytes">What was read; fewer than asked for where <paramref name="Problem"/> is not null.</param>
/// <param name="Problem">Why the rest could not be read.</param>
public sealed record MemoryBlock(byte[] Bytes, TargetException? Problem);

/// <summary>One level of an address translation.</summary>
/// <param name="Level">4 for PML4E, 3 for PDPTE, 2 for PDE, 1 for PTE (5 for PML5E).</param>
/// <param name="EntryAddress">Guest-physical address of the entry.</param>
/// <param name="Entry">Its value.</param>
public readonly record struct TranslationStep(int Level, ulong EntryAddress, ulong Entry)
{
    public string Name => Level switch { 5 => "PML5E", 4 => "PML4E", 3 => "PDPTE", 2 => "PDE", _ => "PTE" };
}

/// <summary>A walk of the guest's page tables.</summary>
/// <param name="Mapped">Whether the walk reached a page.</param>
/// <param name="PhysicalAddress">Guest-physical address, where it did.</param>
/// <param name="PageBytes">Size of the page, where it did.</param>
/// <param name="Steps">The entries that were read, from the top.</param>
public sealed record Translation(bool Mapped, ulong PhysicalAddress, ulong PageBytes, IReadOnlyList<TranslationStep> Steps);

/// <summary>A process of the guest.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="Name">Name as the OS keeps it, at most 15 characters.</param>
/// <param name="PageRoot">Physical address of the top-level page table; 0 where there is none.</param>
/// <param name="Task">Guest-virtual address of the OS's own object.</param>
/// <param name="IsKernelThread">It has no address space of its own.</param>
/// <param name="HasEnded">It ended and was not collected yet.</param>
public sealed record GuestProcess(uint Pid, string Name, ulong PageRoot, ulong Task, bool IsKernelThread, bool HasEnded);

/// <summary>A processor of the target.</summary>
public sealed record ProcessorState(
    uint Number, uint ApicId, byte Activity, byte Cpl, byte View, bool Stopped, ulong Rip, ulong Cr3)
{
    /// <summary>The activity in words.</summary>
    public string ActivityName => Activity switch
    {
        0 => "active",
        1 => "halted",
        2 => "shut down",
        3 => "waits for SIPI",
        255 => "not under control",
        _ => $"activity {Activity}",
    };

    /// <summary>The memory view in words.</summary>
    public string ViewName => View switch
    {
        0 => "normal",
        1 => "kernel execute off",
        2 => "user execute off",
        _ => $"view {View}",
    };
}

/// <summary>What the target found out about the guest's OS.</summary>
/// <param name="Kind">0 unknown, 1 Linux.</param>
/// <param name="PageTableIsolation">Whether kernel and user mode have separate page tables.</param>
/// <param name="KernelBase">Virtual address of the kernel's text.</param>
/// <param name="Slide">Difference to the address it was linked for.</param>
/// <param name="PhysicalBase">Physical address of the kernel's text.</param>
/// <param name="Symbols">Symbols found.</param>
/// <param name="DiscoveryTicks">Ticks that the discovery took.</param>
/// <param name="Banner">The OS's own version line.</param>
public sealed record GuestOsInfo(
    uint Kind, bool PageTableIsolation, ulong KernelBase, ulong Slide, ulong PhysicalBase, ulong Symbols, ulong DiscoveryTicks, string Banner)
{
    public string Name => Kind == 1 ? "Linux" : Kind == 0 ? "unknown" : $"kind {Kind}";
}

/// <summary>A symbol of the guest's kernel.</summary>
public sealed record GuestSymbol(string Name, ulong Address);

/// <summary>Exits of one processor since launch.</summary>
/// <param name="Processor">The processor.</param>
/// <param name="RootTicks">Ticks that it spent in VMX root operation.</param>
/// <param name="Ticks">Ticks since launch.</param>
/// <param name="LongestTicks">Ticks of the longest exit, without waits.</param>
/// <param name="LongestReason">Its basic exit reason.</param>
/// <param name="Counts">Exits by basic exit reason.</param>
public sealed record ExitCounters(
    uint Processor, ulong RootTicks, ulong Ticks, ulong LongestTicks, int LongestReason, IReadOnlyList<ulong> Counts)
{
    public ulong Total
    {
        get
        {
            var total = 0ul;
            foreach (var count in Counts)
            {
                total += count;
            }

            return total;
        }
    }
}
