using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>GDT, TSS and IDT of a processor, in its part of the entry area.</summary>
internal static unsafe class Descriptors
{
    public const ushort KernelCode = 0x08;
    public const ushort KernelData = 0x10;
    public const ushort UserData = 0x20 | 3;
    public const ushort UserCode = 0x28 | 3;

    // STAR: SYSCALL loads CS from bits 47:32, SYSRET SS and CS from 8 and 16 above bits 63:48.
    public const ulong Star = ((ulong)(0x18 | 3) << 48) | ((ulong)KernelCode << 32);
    private const ushort TaskSelector = 0x30;
    private const int TaskOffset = 0x100;
    private const int TaskBytes = 104;
    private const int GdtOperandOffset = 0x200;
    private const int IdtOperandOffset = 0x210;
    private const ulong CodeDescriptor = 0x00AF_9B00_0000_FFFF;
    private const ulong DataDescriptor = 0x00CF_9300_0000_FFFF;
    private const ulong Ring3 = 3UL << 45;
    private const ulong InterruptGate = 0x8E00;
    private const int Nmi = 2;
    private const int DoubleFault = 8;
    private const int StubBytes = 16;

    /// <summary>Fills the tables and makes them current.</summary>
    /// <param name="callGate">The one vector that ring 3 may raise.</param>
    /// <param name="processor">Whose tables; this is the processor that runs.</param>
    /// <param name="nmiEntry">Where NMIs arrive, with a stack of their own; 0: as all other vectors.</param>
    public static void Load(int callGate, int processor, ulong nmiEntry)
    {
        var tables = KernelSpace.Of(processor, KernelSpace.Tables);
        var gdt = (ulong*)tables;
        var task = (byte*)tables + TaskOffset;
        gdt[1] = CodeDescriptor;
        gdt[2] = DataDescriptor;
        gdt[4] = DataDescriptor | Ring3;
        gdt[5] = CodeDescriptor | Ring3;
        var taskAddress = (ulong)task;
        gdt[6] = (TaskBytes - 1) | ((taskAddress & 0xFF_FFFF) << 16) | (0x89UL << 40) | ((taskAddress >> 24 & 0xFF) << 56);
        gdt[7] = taskAddress >> 32;
        *(ulong*)(task + 4) = StackEnd(processor, KernelSpace.TrapStack);
        *(ulong*)(task + 36) = StackEnd(processor, KernelSpace.DoubleFaultStack);
        *(ulong*)(task + 44) = StackEnd(processor, KernelSpace.NmiStack);
        *(ushort*)(task + 102) = TaskBytes;

        var idt = (ulong*)KernelSpace.Of(processor, KernelSpace.Idt);
        for (var vector = 0; vector < 256; vector++)
        {
            var stub = KernelSpace.EntryText + (ulong)(StubBytes * vector);
            var stack = vector == DoubleFault ? 1UL : 0;
            if (vector == Nmi && nmiEntry != 0)
            {
                stub = nmiEntry;
                stack = 2;
            }

            var gate = InterruptGate | (vector == callGate ? 3UL << 13 : 0);
            idt[2 * vector] = (stub & 0xFFFF) | ((ulong)KernelCode << 16) | (stack << 32) | (gate << 32) | ((stub >> 16 & 0xFFFF) << 48);
            idt[(2 * vector) + 1] = stub >> 32;
        }

        var gdtOperand = (DescriptorTable*)(tables + GdtOperandOffset);
        var idtOperand = (DescriptorTable*)(tables + IdtOperandOffset);
        gdtOperand->Limit = (8 * 8) - 1;
        gdtOperand->Base = (ulong)gdt;
        idtOperand->Limit = (256 * 16) - 1;
        idtOperand->Base = (ulong)idt;
        Machine.LoadTables(gdtOperand, idtOperand, KernelCode, KernelData, TaskSelector);
    }

    private static ulong StackEnd(int processor, ulong stack) => KernelSpace.Of(processor, stack) + (KernelSpace.StackPages * Pool.PageBytes);
}
