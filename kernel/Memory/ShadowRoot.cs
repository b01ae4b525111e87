using HvKernel.Cpu;

namespace HvKernel.Memory;

/// <summary>
/// Copies of a guest's top-level page table in which one half is execute-disabled: the one for user mode forbids the kernel half, the one for
/// the kernel the user half. Permissions are ANDed over the levels of a walk (SDM vol. 3A, "Determination of Access Rights"), so nothing below is copied. Pure.
/// </summary>
public static unsafe class ShadowRoot
{
    public const int Entries = 512;

    private const int UserEntries = 256;
    private const ulong Present = 1;
    private const ulong Accessed = 1 << 5;
    private const ulong NoExecute = 1UL << 63;

    /// <summary>
    /// Brings both copies in line with the guest's table, entry by entry, while processors may be walking them. Accessed bits that a processor has
    /// set in a copy since go back into the guest's entry, where that still is the entry which was used.
    /// </summary>
    public static void Sync(ulong* guest, ulong* kernelExecuteOff, ulong* userExecuteOff)
    {
        for (var i = 0; i < Entries; i++)
        {
            var entry = guest[i];
            var forUser = kernelExecuteOff[i];
            var forKernel = userExecuteOff[i];
            if ((entry & (Present | Accessed)) == Present && (IsUsed(entry, forUser) || IsUsed(entry, forKernel)))
            {
                MarkAccessed(&guest[i]);
                entry |= Accessed;
            }

            Store(&kernelExecuteOff[i], forUser, i < UserEntries ? entry : Restricted(entry));
            Store(&userExecuteOff[i], forKernel, i < UserEntries ? Restricted(entry) : entry);
        }
    }

    /// <summary>A processor was about to set the accessed bit of an entry in a copy, which it may not write: sets it in all three tables.</summary>
    public static void SetAccessed(ulong* guest, ulong* kernelExecuteOff, ulong* userExecuteOff, int index)
    {
        if ((guest[index] & Present) != 0)
        {
            MarkAccessed(&guest[index]);
        }

        MarkAccessed(&kernelExecuteOff[index]);
        MarkAccessed(&userExecuteOff[index]);
    }

    private static bool IsUsed(ulong entry, ulong copy) =>
        (copy & (Present | Accessed)) == (Present | Accessed) && ((entry ^ copy) & ~(Accessed | NoExecute)) == 0;

    // An entry that is not present means nothing to the processor; it stays as the guest wrote it.
    private static ulong Restricted(ulong entry) => (entry & Present) != 0 ? entry | NoExecute : entry;

    private static void Store(ulong* place, ulong old, ulong value)
    {
        if (old != value)
        {
            *place = value;
        }
    }

    // Where somebody has changed the entry meanwhile there is nothing to mark any more; the bit is in its lower half.
    private static void MarkAccessed(ulong* entry)
    {
        var half = (uint)*entry;
        Atomic.CompareExchange((uint*)entry, half | (uint)Accessed, half);
    }
}
