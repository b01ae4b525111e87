namespace HvKernel.Guests.Lab;

/// <summary>The kernel half: one PML4 entry that maps memory, and one for what both roots of a process share.</summary>
internal static unsafe class KernelSpace
{
    /// <summary>Physical memory below 4 GiB, at this address plus its own.</summary>
    public const ulong DirectMap = 0xFFFF_8000_0000_0000;
    public const int DirectMapSlot = 256;
    public const ulong DirectMapBytes = 4UL << 30;

    /// <summary>The entry area: what a processor touches on its way between the rings.</summary>
    public const ulong Entry = 0xFFFF_FF80_0000_0000;
    public const int EntrySlot = 511;
    public const ulong EntryText = Entry;
    public const ulong PerCpu = Entry + 0x10000;

    /// <summary>GDT, TSS and the operands of LGDT and LIDT, in one page; the IDT in the next.</summary>
    public const ulong Tables = Entry + 0x14000;
    public const ulong Idt = Entry + 0x15000;
    public const ulong TrapStack = Entry + 0x20000;
    public const ulong DoubleFaultStack = Entry + 0x28000;
    public const int StackPages = 4;

    /// <summary>Where each processor's tables and stacks begin after those of the one before it; the text is shared.</summary>
    public const ulong AreaBytes = 0x4_0000;

    /// <summary>Only where there are several processors: an NMI can come where no other stack is to be had.</summary>
    public const ulong NmiStack = Entry + 0x30000;

    /// <summary>A part of the first processor's area, in that of another one.</summary>
    public static ulong Of(int processor, ulong part) => part + ((ulong)processor * AreaBytes);

    public static byte* At(ulong physical) => (byte*)(DirectMap + physical);

    public static ulong Physical(void* pointer) => (ulong)pointer - DirectMap;
}

/// <summary>The user half of each process; asm/layout.inc has the same numbers.</summary>
internal static class UserSpace
{
    public const ulong Text = 0x40_0000;
    public const ulong Data = 0x60_0000;

    /// <summary>The local APIC's registers, for the program that starts the timer.</summary>
    public const ulong Apic = 0x70_0000;
    public const ulong StackEnd = 0x80_0000;
    public const ulong Lazy = 0x1000_0000;
    public const ulong LazyEnd = 0x8000_0000;
    public const int HalfSlots = 256;
}
