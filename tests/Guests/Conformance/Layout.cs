namespace HvKernel.Guests.Conformance;

/// <summary>Where everything stands, the same in every boot (asm/layout.inc has the same numbers).</summary>
internal static class Layout
{
    public const ulong PageBytes = 4096;
    public const ulong Low = 0x2_0000;
    public const ulong LowBytes = 0x2_0000;
    public const ulong LowCodeBytes = 0xE000;
    public const ulong Gdt = 0x3_0000;
    public const ulong Ldt = 0x3_0800;
    public const ulong Idt64 = 0x3_1000;
    public const ulong Tss64 = 0x3_2000;
    public const ulong Tss32A = 0x3_2100;
    public const ulong Tss32B = 0x3_2200;
    public const ulong Tss64Other = 0x3_2300;
    public const ulong Idt32 = 0x3_3000;
    public const ulong Ivt = 0x3_3800;
    public const ulong LegacyData = 0x3_4000;
    public const ulong LegacyRecord = 0x3_4800;
    public const ulong PaeRoot = 0x3_5000;
    public const ulong PaeTables = 0x3_6000;
    public const ulong Root32 = 0x3_A000;

    /// <summary>The window: the second GiB of linear addresses; so the guest's own memory must be in the first.</summary>
    public const ulong Window = 0x4000_0000;
    public const ulong CodeSupervisor = Window;
    public const ulong CodeUser = Window + 0x10_0000;
    public const ulong Data = Window + 0x20_0000;
    public const ulong UserData = Window + 0x30_0000;
    public const ulong UserStackTop = Window + 0x30_F000;
    public const ulong Tables = Window + 0x40_0000;
    public const ulong KernelStackTop = Window + 0x50_F000;
    public const ulong Test = Window + 0x60_0000;
    public const int DataPages = 16;

    public const int EndVector = 0x81;
    public const int TimerVector = 0x40;
}

/// <summary>Bits of a page-table entry (SDM vol. 3A, "4-Level Paging and 5-Level Paging").</summary>
internal static class PageBit
{
    public const ulong Present = 1;
    public const ulong Writable = 1 << 1;
    public const ulong User = 1 << 2;
    public const ulong Accessed = 1 << 5;
    public const ulong Dirty = 1 << 6;
    public const ulong Large = 1 << 7;
    public const ulong NoExecute = 1UL << 63;
    public const ulong Address = 0x000F_FFFF_FFFF_F000;
}
