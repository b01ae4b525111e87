using System.Runtime;
using System.Runtime.CompilerServices;
using HvKernel.Cpu;
using HvKernel.Guests.Conformance;

// The lab guest's namespace: Com1 and Power, which are shared, call it by this name.
namespace HvKernel.Guests.Lab;

/// <summary>Instructions beside those of the shared wrappers. Bodies: asm/run.asm, the lab guest's asm/processor.asm and boot/asm/cpu.asm.</summary>
internal static unsafe class Machine
{
    [RuntimeImport("*", "HvkCpuid")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Cpuid(uint leaf, uint subleaf, CpuidResult* result);

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

    [RuntimeImport("*", "LabTakeInterrupts")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void TakeInterrupts();

    [RuntimeImport("*", "LabOut16")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Out16(ushort port, ushort value);

    [RuntimeImport("*", "CnfAddresses")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Addresses(CodeAddresses* addresses);

    /// <summary>Goes to the frame's RIP with the registers of the <see cref="Record"/>; comes back when the check has ended.</summary>
    [RuntimeImport("*", "CnfEnter")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Enter(InterruptFrame* frame);

    [RuntimeImport("*", "CnfEnterLegacy")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void EnterLegacy(uint entry, uint mode, uint check);

    /// <summary>Sleeps until the local APIC's timer or something else wakes the processor.</summary>
    [RuntimeImport("*", "CnfSleep")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Sleep(uint counts);

    [RuntimeImport("*", "CnfLoadTables")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void LoadTables(DescriptorTable* gdt, DescriptorTable* idt);

    [RuntimeImport("*", "CnfReloadTask")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void ReloadTask();

    [RuntimeImport("*", "CnfReadXcr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ReadXcr0();

    [RuntimeImport("*", "CnfWriteDr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr0(ulong value);

    [RuntimeImport("*", "CnfWriteDr1")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr1(ulong value);

    [RuntimeImport("*", "CnfWriteDr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr2(ulong value);

    [RuntimeImport("*", "CnfWriteDr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr3(ulong value);

    [RuntimeImport("*", "CnfWriteDr6")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr6(ulong value);

    [RuntimeImport("*", "CnfWriteDr7")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteDr7(ulong value);

    [RuntimeImport("*", "CnfWriteCr8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void WriteCr8(ulong value);

    [RuntimeImport("*", "CnfTripleFault")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void TripleFault();

    /// <summary>INIT to this processor. Does not come back.</summary>
    [RuntimeImport("*", "CnfInit")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void InitSelf();
}
