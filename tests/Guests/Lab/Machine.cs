using System.Runtime;
using System.Runtime.CompilerServices;
using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>Instructions beside those of the shared wrappers. Bodies: asm/processor.asm, asm/enter.asm and boot/asm/cpu.asm.</summary>
internal static unsafe class Machine
{
    [RuntimeImport("*", "HvkCpuid")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Cpuid(uint leaf, uint subleaf, CpuidResult* result);

    [RuntimeImport("*", "HvkRdtsc")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong Tsc();

    [RuntimeImport("*", "HvkPause")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Pause();

    [RuntimeImport("*", "HvkHalt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Halt();

    [RuntimeImport("*", "HvkDisableInterrupts")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong DisableInterrupts();

    [RuntimeImport("*", "LabReadMsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadMsr(uint index);

    [RuntimeImport("*", "LabWriteMsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteMsr(uint index, ulong value);

    [RuntimeImport("*", "LabWriteCr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr3(ulong value);

    [RuntimeImport("*", "LabWriteXcr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteXcr0(ulong value);

    /// <summary>Lets pending interrupts in, and none after them.</summary>
    [RuntimeImport("*", "LabTakeInterrupts")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void TakeInterrupts();

    [RuntimeImport("*", "LabOut16")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Out16(ushort port, ushort value);

    [RuntimeImport("*", "LabLoadTables")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void LoadTables(DescriptorTable* gdt, DescriptorTable* idt, ulong code, ulong data, ulong task);

    /// <summary>The area of this processor, once GS points there.</summary>
    [RuntimeImport("*", "LabPerCpu")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern PerCpu* Current();

    /// <summary>Resumes ring 3 and comes back when the process has called exit.</summary>
    [RuntimeImport("*", "LabEnterUser")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void EnterUser(TrapFrame* frame);

    /// <summary>Goes on at an address with a new stack and one argument.</summary>
    [RuntimeImport("*", "LabContinueAt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void ContinueAt(ulong address, ulong stack, void* argument);

    [RuntimeImport("*", "LabSpin")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Spin();

    [RuntimeImport("*", "LabHalt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void HaltUntil(ulong* word);

    [RuntimeImport("*", "LabDead")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Die();

    /// <summary>Writes a word that other processors write too; the value before.</summary>
    [RuntimeImport("*", "LabExchange")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong Exchange(ulong* word, ulong value);

    /// <summary>Adds to a word that other processors add to; the value before.</summary>
    [RuntimeImport("*", "LabAdd")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong Add(ulong* word, ulong value);

    /// <summary>Halts with interrupts on, once; they are off after it.</summary>
    [RuntimeImport("*", "LabSleep")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Sleep();

    /// <summary>Halts with interrupts off until <paramref name="end"/> is not 0, and counts what wakes it.</summary>
    [RuntimeImport("*", "LabHaltCounting")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void HaltCounting(ulong* woken, ulong* end, ulong* halts);

    [RuntimeImport("*", "LabAddresses")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Addresses(CodeAddresses* addresses);
}
