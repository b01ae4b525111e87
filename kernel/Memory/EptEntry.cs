namespace HvKernel.Memory;

/// <summary>Bits of EPT paging-structure entries and of the EPT pointer (SDM vol. 3C, "The Extended Page Table Mechanism").</summary>
public static class EptEntry
{
    public const ulong Read = 1;
    public const ulong Write = 1 << 1;

    /// <summary>With mode-based execute control: supervisor-mode linear addresses; without: all.</summary>
    public const ulong Execute = 1 << 2;
    public const ulong LargePage = 1 << 7;

    /// <summary>Execute access for user-mode linear addresses; ignored without mode-based execute control.</summary>
    public const ulong UserExecute = 1 << 10;
    public const ulong AddressMask = 0x000F_FFFF_FFFF_F000;
    public const ulong All = Read | Write | Execute | UserExecute;

    /// <summary>Memory type of a leaf entry stands in bits 5:3.</summary>
    public const int MemoryTypeShift = 3;

    /// <summary>An entry is present when any of its permissions is set, bit 10 too.</summary>
    public static bool IsPresent(ulong entry) => (entry & All) != 0;

    /// <summary>EPT pointer for a 4-level root: write-back structures, walk length 4, no accessed and dirty flags.</summary>
    public static ulong Pointer(ulong root) => root | (3 << 3) | (byte)MemoryType.WriteBack;
}
