using HvKernel.Memory;

namespace HvKernel.Guest.Linux;

/// <summary>
/// From a processor's registers to the task that runs on it. Every per-CPU variable is at the processor's base (the kernel's GS base, an
/// element of __per_cpu_offset) plus the variable's address, modulo 2^64.
/// </summary>
public static class LinuxProcessor
{
    /// <summary>The processor whose base is <paramref name="value"/>, that is, its place in __per_cpu_offset; -1 when it is none's.</summary>
    public static int IndexOfBase<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong value)
        where TMemory : struct, IPhysicalMemory
    {
        if (value == 0 || !guest.Image.Contains(guest.Symbols.PerCpuOffsets) || !guest.TryOpenImage(ref memory, out var image))
            return -1;
        var offset = (uint)(guest.Symbols.PerCpuOffsets - guest.Image.Base);
        for (uint i = 0; i < guest.Processors; i++)
        {
            if (image.UInt64(offset + i * 8) == value)
                return (int)i;
        }
        return -1;
    }

    /// <summary>
    /// Whether <paramref name="value"/> is the per-CPU base of a processor: an element of __per_cpu_offset, and the area there says so itself.
    /// </summary>
    public static bool IsBase<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong value)
        where TMemory : struct, IPhysicalMemory
        => IndexOfBase(ref memory, in guest, value) >= 0
            && LinuxMemory.TryReadUInt64(ref memory, in guest, value + guest.Symbols.ThisCpuOffset, out var own)
            && own == value;

    /// <summary>
    /// The per-CPU base of a processor that stopped anywhere. In user mode, and at the first instruction of either mode, it is in
    /// IA32_KERNEL_GS_BASE; in the kernel the two registers are still or already exchanged at the edges, and user code may have
    /// written any address into its own: so the one counts that is a base. False when neither is.
    /// </summary>
    /// <param name="privilegeLevel">CPL.</param>
    /// <param name="gsBase">The GS base in force.</param>
    /// <param name="kernelGsBase">IA32_KERNEL_GS_BASE.</param>
    /// <param name="perCpuBase">The base found.</param>
    public static bool TryBase<TMemory>(
        ref TMemory memory, in LinuxGuest guest, uint privilegeLevel, ulong gsBase, ulong kernelGsBase, out ulong perCpuBase)
        where TMemory : struct, IPhysicalMemory
    {
        perCpuBase = gsBase;
        if (privilegeLevel == 0 && IsBase(ref memory, in guest, gsBase))
            return true;
        perCpuBase = kernelGsBase;
        return IsBase(ref memory, in guest, kernelGsBase);
    }

    /// <summary>
    /// The address of the running task's task_struct. At a MOV to CR3 it is still the outgoing task: there, use
    /// <see cref="TryRunqueueCurrent{TMemory}"/>.
    /// </summary>
    public static bool TryCurrent<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong perCpuBase, out ulong task)
        where TMemory : struct, IPhysicalMemory
        => LinuxMemory.TryReadUInt64(ref memory, in guest, perCpuBase + guest.Symbols.CurrentTask, out task) && task != 0;

    /// <summary>The task that the scheduler has chosen for the processor: at a MOV to CR3 the one that it switches to.</summary>
    public static bool TryRunqueueCurrent<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong perCpuBase, out ulong task)
        where TMemory : struct, IPhysicalMemory
        => LinuxMemory.TryReadUInt64(ref memory, in guest, perCpuBase + guest.Symbols.Runqueues + guest.Offsets.RunqueueCurrent, out task) && task != 0;
}
