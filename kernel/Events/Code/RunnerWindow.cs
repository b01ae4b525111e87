using HvKernel.Memory;

namespace HvKernel.Events.Code;

/// <summary>Where the window's own code came to lie: addresses in the image that runs (boot/asm/runner.asm fills them in this order).</summary>
public struct RunnerImage
{
    public ulong Start, End, Enter, Return, Gate;
}

/// <summary>
/// The window: one range of addresses that both address spaces of VMX root have, HvKernel's own and the one in which machine code of events runs.
/// It holds all that exceptions need on the way from the second to the first, and all that machine code may use of HvKernel. Each processor has one
/// of its own at the same addresses; code and safe buffers are common to all.
/// </summary>
/// <remarks>
/// Linux leaves PML4 slots 256 to 271 to hypervisors (Documentation/arch/x86/x86_64/mm.rst, "guard hole, also reserved for hypervisor"), and no
/// address below the kernel half is safe from programs. Other kernels may use the slot: code that touches guest addresses inside the
/// window gets a page fault, as for an address that is not mapped.
/// </remarks>
public static unsafe class RunnerWindow
{
    public const int Slot = 271;
    public const ulong Base = 0xFFFF_0000_0000_0000UL | ((ulong)Slot << 39);

    /// <summary>Interrupt stubs, and the way into and out of machine code.</summary>
    public const ulong Text = Base;
    public const ulong TextBytes = 0x8000;
    public const ulong Context = Base + 0x8000;
    public const ulong Tables = Base + 0x9000;
    public const ulong Idt = Base + 0xA000;

    /// <summary>Stacks of interrupts, each below its top, with nothing mapped between them.</summary>
    public const ulong InterruptStacks = Base + 0x1_0000;
    public const ulong InterruptStackStride = 0x4000;
    public const int InterruptStackPages = 3;

    /// <summary>GUEST_REGS and the control block behind them.</summary>
    public const ulong Registers = Base + 0x2_0000;

    /// <summary>What contained code returns to: VMCALL.</summary>
    public const ulong Exit = Base + 0x2_2000;

    /// <summary>The stack of machine code, with nothing mapped below and above.</summary>
    public const ulong StackTop = Base + 0x3_0000;
    public const int StackPages = 4;

    public const ulong Code = Base + 0x10_0000;
    public const ulong CodeBytes = 0x8_0000;
    public const ulong Buffers = Base + 0x20_0000;
    public const ulong BufferBytes = 0x10_0000;

    /// <summary>Global words of scripts, and the data of one run.</summary>
    public const ulong Globals = Base + 0x30_0000;
    public const ulong Data = Base + 0x31_0000;

    /// <summary>Pages of tables for one window: a PDPT, a page directory, two page tables.</summary>
    public const ulong TablePages = 4;

    /// <summary>Raised by the gate of compiled scripts; known to boot/asm/runner.inc.</summary>
    public const ulong ScriptVector = 0xF0;

    private const ulong Present = 1;
    private const ulong Writable = 1 << 1;
    private const ulong User = 1 << 2;
    private const ulong NoExecute = 1UL << 63;

    /// <summary>The entry of a top-level table for an empty window, or 0 where the pool is too small.</summary>
    public static ulong Build(ref PagePool pool)
    {
        var tables = (ulong*)pool.Take(TablePages);
        if (tables == null)
        {
            return 0;
        }

        // Upper entries allow everything: the last level decides.
        const ulong All = Present | Writable | User;
        tables[0] = ((ulong)tables + Page.Bytes) | All;
        tables[512] = ((ulong)tables + (2 * Page.Bytes)) | All;
        tables[513] = ((ulong)tables + (3 * Page.Bytes)) | All;
        return (ulong)tables | All;
    }

    /// <summary>Maps pages of HvKernel's memory into the window, for itself alone.</summary>
    public static void MapSystem(ulong entry, ulong address, ulong physical, ulong pages, bool writable, bool executable) =>
        Map(entry, address, physical, pages, (writable ? Present | Writable : Present) | (executable ? 0 : NoExecute));

    /// <summary>Maps pages of HvKernel's memory into the window, for contained code too.</summary>
    public static void MapCode(ulong entry, ulong address, ulong physical, ulong pages, bool writable, bool executable) =>
        Map(entry, address, physical, pages, User | (writable ? Present | Writable : Present) | (executable ? 0 : NoExecute));

    private static void Map(ulong entry, ulong address, ulong physical, ulong pages, ulong bits)
    {
        // The two page tables follow each other, so that they are one of 1024 entries.
        var table = (ulong*)(entry & ~Page.Mask) + (2 * 512);
        var first = (address - Base) / Page.Bytes;
        for (ulong i = 0; i < pages; i++)
        {
            table[first + i] = (physical + (i * Page.Bytes)) | bits;
        }
    }
}
