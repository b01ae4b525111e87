using System.Runtime;
using System.Runtime.CompilerServices;

namespace HvKernel.Cpu;

/// <summary>Instructions that concern one processor and need no operand checks. Bodies: boot/asm/cpu.asm.</summary>
public static unsafe class Processor
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

    [RuntimeImport("*", "HvkWbinvd")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteBackInvalidate();

    /// <summary>Clears RFLAGS.IF and answers RFLAGS as they were.</summary>
    [RuntimeImport("*", "HvkDisableInterrupts")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong DisableInterrupts();

    [RuntimeImport("*", "HvkRestoreInterrupts")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void RestoreInterrupts(ulong rflags);

    /// <summary>Lets one pending external interrupt through to the host IDT; <see cref="Vmx.VCpu.TakenInterrupt"/> has its vector then.</summary>
    [RuntimeImport("*", "HvkTakeInterrupt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void TakeInterrupt();

    /// <summary>The <see cref="Vmx.VCpu"/> of this processor; only in VMX root.</summary>
    [RuntimeImport("*", "HvkProcessorContext")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern Vmx.VCpu* Context();

    /// <summary>The processor's initial APIC id: the x2APIC id where CPUID has it (SDM vol. 2A, CPUID leaf 0BH).</summary>
    public static uint ApicId()
    {
        CpuidResult leaf;
        Cpuid(0, 0, &leaf);
        if (leaf.Eax >= 0xB)
        {
            Cpuid(0xB, 0, &leaf);
            if (leaf.Ebx != 0)
            {
                return leaf.Edx;
            }
        }

        Cpuid(1, 0, &leaf);
        return leaf.Ebx >> 24;
    }
}
