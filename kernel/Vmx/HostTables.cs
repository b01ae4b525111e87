namespace HvKernel.Vmx;

/// <summary>Content of the descriptor tables that VMX root runs with (SDM vol. 3A, "Segment Descriptors", "IDT Descriptors", "64-Bit TSS Format"). Pure.</summary>
public static unsafe class HostTables
{
    public const ushort CodeSelector = 0x08;
    public const ushort DataSelector = 0x10;
    public const ushort TssSelector = 0x18;

    /// <summary>
    /// Stacks of their own: for NMI, double fault and machine check, and one for all other vectors, because machine code of events may have
    /// left anything in RSP.
    /// </summary>
    public const int InterruptStacks = 4;
    public const int TssBytes = 104;

    private const ulong Code64 = 0x00AF_9B00_0000_FFFF;
    private const ulong Data = 0x00CF_9300_0000_FFFF;
    private const int FirstIst = 36;
    private const int IoMapBase = 102;
    private const int VectorNmi = 2;
    private const int VectorDoubleFault = 8;
    private const int VectorMachineCheck = 18;

    /// <summary>Null, code, data, and the two halves of a busy TSS at <paramref name="tss"/>.</summary>
    public static void WriteGdt(ulong* gdt, ulong tss)
    {
        gdt[0] = 0;
        gdt[CodeSelector / 8] = Code64;
        gdt[DataSelector / 8] = Data;
        gdt[TssSelector / 8] = (TssBytes - 1) | ((tss & 0xFF_FFFF) << 16) | (0x8BUL << 40) | ((tss >> 24 & 0xFF) << 56);
        gdt[(TssSelector / 8) + 1] = tss >> 32;
    }

    /// <summary>A zeroed TSS gets no I/O permission bitmap: its offset is the limit.</summary>
    public static void WriteTss(byte* tss) => *(ushort*)(tss + IoMapBase) = TssBytes;

    /// <summary>Top of stack <paramref name="index"/> (from 0) of <see cref="InterruptStacks"/>.</summary>
    public static void SetInterruptStack(byte* tss, int index, ulong top) => *(ulong*)(tss + FirstIst + (8 * index)) = top;

    /// <summary>256 interrupt gates to the stubs of 16 bytes each at <paramref name="stubBase"/> (boot/asm/interrupts.asm).</summary>
    public static void WriteIdt(ulong* idt, ulong stubBase)
    {
        for (uint vector = 0; vector < 256; vector++)
        {
            ulong ist = vector switch
            {
                VectorNmi => 1,
                VectorDoubleFault => 2,
                VectorMachineCheck => 3,
                _ => 4,
            };
            var stub = stubBase + (16 * vector);
            idt[2 * vector] = (stub & 0xFFFF) | ((ulong)CodeSelector << 16) | (ist << 32) | (0x8EUL << 40) | ((stub >> 16 & 0xFFFF) << 48);
            idt[(2 * vector) + 1] = stub >> 32;
        }
    }
}
