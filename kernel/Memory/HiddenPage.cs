namespace HvKernel.Memory;

/// <summary>A page of which the processor executes a copy, and reads and writes the original.</summary>
public unsafe struct HiddenPage
{
    public bool InUse;

    /// <summary>Guest-physical address of the original; root sees it at the same address.</summary>
    public ulong Original;
    public byte* Copy;

    /// <summary>The entry in the tables that all views share, and what it was.</summary>
    public ulong* Entry;
    public ulong EntryBefore;

    /// <summary>The eight-byte words of the copy that differ from the original, one bit each.</summary>
    public fixed ulong Marks[8];
}
