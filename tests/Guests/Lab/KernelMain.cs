using System.Runtime;
using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>The kernel's main flow: its own tables first, then the scenarios in order.</summary>
internal static unsafe class KernelMain
{
    public const int InterruptVector = 0x80;
    private const ulong SyscallEnable = 1;
    private const uint Lstar = 0xC000_0082;
    private const uint Star = 0xC000_0081;
    public const uint Fmask = 0xC000_0084;
    private const uint PcidFeature = 1 << 17;
    private const uint XsaveFeature = 1 << 26;
    private const uint AvxFeature = 1 << 28;
    private const uint SmepFeature = 1 << 7;
    private const uint NoExecuteFeature = 1 << 20;

    [RuntimeExport("LabRun")]
    public static void Run(Kernel* kernel)
    {
        Machine.Addresses(&kernel->Code);
        ReadFeatures(kernel);
        SetControlRegisters(kernel);
        BuildEntryArea(kernel);

        // The firmware's addresses are gone from here on: the lower half belongs to processes.
        ((ulong*)KernelSpace.At(kernel->Root))[0] = 0;
        Machine.WriteCr3(kernel->Root);
        LoadProcessor(kernel, 0);
        Apic.Initialize(kernel);
        kernel->LazyPage = KernelSpace.Physical(kernel->Pool.Pages(1));
        Greet(kernel);
        if (kernel->Options.Cpus > 1)
        {
            Processors.StartAll(kernel);
        }

        for (var i = 0; i < kernel->Options.Count; i++)
        {
            Scenarios.Run(kernel, kernel->Options.At(i));
        }

        Com1.Line("LAB end"u8);
        Machine.Die();
    }

    /// <summary>Descriptor tables, per-processor area and MSRs of the processor that runs.</summary>
    public static void LoadProcessor(Kernel* kernel, int processor)
    {
        Descriptors.Load(InterruptVector, processor, kernel->Options.Cpus > 1 ? InEntryArea(kernel, kernel->Code.NmiEntry) : 0);
        SetSyscall(kernel, processor);
    }

    private static void ReadFeatures(Kernel* kernel)
    {
        CpuidResult leaf;
        Machine.Cpuid(1, 0, &leaf);
        kernel->HasPcid = (leaf.Ecx & PcidFeature) != 0;
        if ((leaf.Ecx & XsaveFeature) != 0)
        {
            kernel->Components = VectorImage.X87AndSse | ((leaf.Ecx & AvxFeature) != 0 ? VectorImage.Avx : 0);
        }

        Machine.Cpuid(7, 0, &leaf);
        kernel->HasSmep = (leaf.Ebx & SmepFeature) != 0;
        Machine.Cpuid(0x8000_0001, 0, &leaf);
        if ((leaf.Edx & NoExecuteFeature) == 0)
        {
            Fatal.Stop("the processor has no execute-disable"u8);
        }
    }

    public static void SetControlRegisters(Kernel* kernel)
    {
        Machine.WriteMsr(Msr.Ia32Efer, Machine.ReadMsr(Msr.Ia32Efer) | SyscallEnable | Efer.Nxe);
        ControlRegisters.WriteCr0((ControlRegisters.ReadCr0() & ~(Cr0.Em | Cr0.Ts)) | Cr0.Mp | Cr0.Ne | Cr0.Wp);
        ControlRegisters.WriteCr4(
            Cr4.Pae | Cr4.OsFxsr | Cr4.OsXmmExcpt | (kernel->HasSmep ? Cr4.Smep : 0) | (kernel->Components != 0 ? Cr4.OsXsave : 0));
        if (kernel->Components != 0)
        {
            Machine.WriteXcr0(kernel->Components);
        }
    }

    // The pages that a processor touches between the rings; both roots of a process have them.
    private static void BuildEntryArea(Kernel* kernel)
    {
        ref var pool = ref kernel->Pool;
        var bytes = kernel->Code.EntryEnd - kernel->Code.EntryStart;
        var pages = (bytes + Pool.PageBytes - 1) / Pool.PageBytes;
        var text = pool.Pages(pages);
        for (ulong i = 0; i < bytes; i++)
        {
            text[i] = ((byte*)kernel->Code.EntryStart)[i];
        }

        MapRange(kernel, KernelSpace.EntryText, text, pages, 0);
        Add(kernel, KernelSpace.PerCpu, 1);
        Add(kernel, KernelSpace.Tables, 1);
        Add(kernel, KernelSpace.Idt, 1);
        Add(kernel, KernelSpace.TrapStack, KernelSpace.StackPages);
        Add(kernel, KernelSpace.DoubleFaultStack, KernelSpace.StackPages);
        if (kernel->Options.Cpus > 1)
        {
            BuildAreas(kernel);
        }

        kernel->EntryTable = ((ulong*)KernelSpace.At(kernel->Root))[KernelSpace.EntrySlot];
    }

    private static void BuildAreas(Kernel* kernel)
    {
        Add(kernel, KernelSpace.NmiStack, KernelSpace.StackPages);
        for (var i = 1; i < kernel->Options.Cpus; i++)
        {
            Add(kernel, KernelSpace.Of(i, KernelSpace.PerCpu), 1);
            Add(kernel, KernelSpace.Of(i, KernelSpace.Tables), 1);
            Add(kernel, KernelSpace.Of(i, KernelSpace.Idt), 1);
            Add(kernel, KernelSpace.Of(i, KernelSpace.TrapStack), KernelSpace.StackPages);
            Add(kernel, KernelSpace.Of(i, KernelSpace.DoubleFaultStack), KernelSpace.StackPages);
            Add(kernel, KernelSpace.Of(i, KernelSpace.NmiStack), KernelSpace.StackPages);
        }
    }

    private static void Add(Kernel* kernel, ulong address, ulong pages) =>
        MapRange(kernel, address, kernel->Pool.Pages(pages), pages, PageBit.Writable | PageBit.NoExecute);

    private static void MapRange(Kernel* kernel, ulong address, byte* memory, ulong pages, ulong bits)
    {
        for (ulong i = 0; i < pages * Pool.PageBytes; i += Pool.PageBytes)
        {
            PageTables.Map(ref kernel->Pool, kernel->Root, address + i, KernelSpace.Physical(memory) + i, bits);
        }
    }

    private static void SetSyscall(Kernel* kernel, int processor)
    {
        var cpu = (PerCpu*)KernelSpace.Of(processor, KernelSpace.PerCpu);
        cpu->Number = (uint)processor;
        cpu->Self = cpu;
        cpu->Kernel = kernel;
        cpu->TrapStack = KernelSpace.Of(processor, KernelSpace.TrapStack) + (KernelSpace.StackPages * Pool.PageBytes);
        cpu->TrapHandler = kernel->Code.OnTrap;
        cpu->Resume = InEntryArea(kernel, kernel->Code.Resume);
        Machine.WriteMsr(Msr.Ia32GsBase, (ulong)cpu);
        Machine.WriteMsr(Msr.Ia32KernelGsBase, 0);
        Machine.WriteMsr(Lstar, InEntryArea(kernel, kernel->Code.SyscallEntry));
        Machine.WriteMsr(Star, Descriptors.Star);
        Machine.WriteMsr(Fmask, Rflags.If | Rflags.Tf | Rflags.Df);
    }

    private static ulong InEntryArea(Kernel* kernel, ulong address) => address - kernel->Code.EntryStart + KernelSpace.EntryText;

    private static void Greet(Kernel* kernel)
    {
        Com1.Text("LAB guest"u8);
        Com1.DecimalField("scenarios"u8, (ulong)kernel->Options.Count);
        Com1.DecimalField("ticks_per_second"u8, kernel->TicksPerSecond);
        Com1.DecimalField("pcid"u8, kernel->HasPcid ? 1U : 0);
        Com1.DecimalField("smep"u8, kernel->HasSmep ? 1U : 0);
        Com1.DecimalField("avx"u8, (kernel->Components & VectorImage.Avx) != 0 ? 1U : 0);
        Com1.HexField("percpu"u8, KernelSpace.PerCpu);
        Com1.HexField("allocate"u8, kernel->Code.Allocate);
        Com1.HexField("root"u8, kernel->Root);
        if (kernel->Options.Cpus > 1)
        {
            Com1.DecimalField("cpus"u8, (ulong)kernel->Options.Cpus);
            Com1.DecimalField("x2apic"u8, kernel->Options.UsesX2Apic ? 1U : 0);
        }

        Com1.EndLine();
    }
}
