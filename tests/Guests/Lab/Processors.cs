using System.Runtime;
using System.Runtime.InteropServices;

namespace HvKernel.Guests.Lab;

/// <summary>Starting the other processors, stopping them, and what they do meanwhile. The number of a processor is its local APIC's identifier.</summary>
internal static unsafe class Processors
{
    // Interrupt commands (SDM vol. 3A, "Interrupt Command Register (ICR)").
    private const uint Nmi = 4 << 8;
    private const uint Init = 5 << 8;
    private const uint StartUp = 6 << 8;
    private const uint Assert = 1 << 14;
    private const uint Itself = 1 << 18;
    private const uint AllOthers = 3 << 18;
    private const ulong StackPages = 8;
    private const ulong InitMicroseconds = 10_000;
    private const ulong StartUpMicroseconds = 200;

    public static Processor* At(Kernel* kernel, int number) => (Processor*)(kernel->Processors + (number * Pool.PageBytes));

    public static Processor* Current() => Machine.Current()->Processor;

    /// <summary>From wherever the firmware has left them, to <see cref="Serve"/>.</summary>
    public static void StartAll(Kernel* kernel)
    {
        var cpus = kernel->Options.Cpus;
        kernel->Processors = kernel->Pool.Pages((ulong)cpus);
        kernel->Threads = (Thread**)kernel->Pool.Pages(1);
        for (var i = 0; i < cpus; i++)
        {
            var processor = At(kernel, i);
            processor->Number = i;
            processor->Kernel = kernel;
            processor->Area = (PerCpu*)KernelSpace.Of(i, KernelSpace.PerCpu);
            processor->Area->Processor = processor;
            processor->StackEnd = i == 0 ? 0 : (ulong)kernel->Pool.Pages(StackPages) + (StackPages * Pool.PageBytes);
        }

        Machine.Current()->TrapHandler = kernel->Code.OnThreadTrap;
        Machine.Current()->NmiHandler = kernel->Code.OnNmi;
        PrepareStart(kernel);
        for (var i = 1; i < cpus; i++)
        {
            SendInit(kernel, i);
            Waiting.Microseconds(kernel, InitMicroseconds);
            SendStartUp(kernel, i);
            Waiting.Microseconds(kernel, StartUpMicroseconds);
            SendStartUp(kernel, i);
            Waiting.Until(kernel, &At(kernel, i)->Starts, 1, "a processor to come up"u8, i);
        }

        Com1.Text("LAB processors"u8);
        Com1.DecimalField("up"u8, (ulong)cpus);
        Com1.HexField("start_page"u8, kernel->StartPage);
        Com1.EndLine();
        Machine.Current()->TrapHandler = kernel->Code.OnTrap;
    }

    public static void SendInit(Kernel* kernel, int number) => Apic.Send(kernel, Init | Assert, number);

    public static void SendStartUp(Kernel* kernel, int number) => Apic.Send(kernel, StartUp | Assert | Page(kernel), number);

    public static void SendInitToOthers(Kernel* kernel) => Apic.Send(kernel, AllOthers | Init | Assert, 0);

    public static void SendStartUpToOthers(Kernel* kernel) => Apic.Send(kernel, AllOthers | StartUp | Assert | Page(kernel), 0);

    public static void SendNmi(Kernel* kernel, int number) => Apic.Send(kernel, Nmi | Assert, number);

    public static void SendVector(Kernel* kernel, int vector, int number) => Apic.Send(kernel, Assert | (uint)vector, number);

    public static void SendVectorToOthers(Kernel* kernel, int vector) => Apic.Send(kernel, AllOthers | Assert | (uint)vector, 0);

    public static void SendVectorToItself(Kernel* kernel, int vector) => Apic.Send(kernel, Itself | Assert | (uint)vector, 0);

    /// <summary>Gives another processor something to do.</summary>
    public static void Ask(Kernel* kernel, int number, Command command, ulong argument = 0)
    {
        var processor = At(kernel, number);
        processor->Stop = 0;
        processor->Progress = 0;
        processor->Halts = 0;
        processor->Argument = argument;
        Machine.Exchange(&processor->Command, (ulong)command);
        Sleeping.Wake(kernel, processor);
    }

    /// <summary>Until it is through with that.</summary>
    public static void Await(Kernel* kernel, int number) =>
        Waiting.Until(kernel, &At(kernel, number)->Command, (ulong)Command.None, "a processor to end what it was asked for"u8, number);

    [RuntimeExport("LabRunProcessor")]
    public static void Run(Processor* self)
    {
        var kernel = self->Kernel;
        KernelMain.SetControlRegisters(kernel);
        Machine.WriteCr3(kernel->Root);
        KernelMain.LoadProcessor(kernel, self->Number);
        var cpu = self->Area;
        cpu->TrapHandler = kernel->Code.OnThreadTrap;
        cpu->NmiHandler = kernel->Code.OnNmi;

        // It may have been stopped anywhere.
        cpu->CurrentThread = null;
        cpu->KernelCr3 = 0;
        cpu->UserCr3 = 0;
        self->Command = (ulong)Command.None;
        self->Sleeps = 0;
        self->Wakes = 0;
        self->WakesTaken = 0;
        Apic.InitializeLocal(kernel);
        Machine.Add(&self->Starts, 1);
        Serve(cpu, self);
    }

    private static void Serve(PerCpu* cpu, Processor* self)
    {
        while (true)
        {
            switch ((Command)self->Command)
            {
                case Command.None:
                    AwaitCommand(self);
                    continue;
                case Command.RunThreads:
                    Threads.Run(cpu);
                    break;
                case Command.Spin:
                    while (self->Stop == 0)
                    {
                        self->Progress++;
                        Machine.Pause();
                    }

                    break;
                case Command.Halt:
                    Machine.HaltCounting(&self->Progress, &self->Stop, &self->Halts);
                    break;
                case Command.Park:
                    self->Progress = 1;
                    Machine.Die();
                    break;
                default:
                    Interrupts.Exchange(self, self->Argument);
                    break;
            }

            Machine.Exchange(&self->Command, (ulong)Command.None);
        }
    }

    private static void AwaitCommand(Processor* self)
    {
        Sleeping.Announce(self);
        if (self->Command != (ulong)Command.None)
        {
            Sleeping.TakeBack(self);
        }
        else
        {
            Sleeping.Await(self, watched: false);
        }
    }

    private static uint Page(Kernel* kernel) => (uint)(kernel->StartPage / Pool.PageBytes);

    // The page is used where paging begins, so it is mapped at its own address too; only there, and for nothing else.
    private static void PrepareStart(Kernel* kernel)
    {
        var root = (ulong*)kernel->Pool.Pages(1);
        kernel->StartRoot = KernelSpace.Physical(root);
        root[KernelSpace.DirectMapSlot] = ((ulong*)KernelSpace.At(kernel->Root))[KernelSpace.DirectMapSlot];
        PageTables.Map(ref kernel->Pool, kernel->StartRoot, kernel->StartPage, kernel->StartPage, PageBit.Writable);

        var page = KernelSpace.At(kernel->StartPage);
        var source = (byte*)kernel->Code.StartCode;
        var dataOffset = kernel->Code.StartData - kernel->Code.StartCode;
        for (ulong i = 0; i < dataOffset + (ulong)sizeof(StartData); i++)
        {
            page[i] = source[i];
        }

        var data = (StartData*)(page + dataOffset);
        data->GdtBase += (uint)kernel->StartPage;
        data->Far32Offset += (uint)kernel->StartPage;
        data->Far64Offset += (uint)kernel->StartPage;
        data->Root = kernel->StartRoot;
        data->Entry = kernel->Code.StartProcessor;
        data->Processors = (ulong)kernel->Processors;
        data->Count = (ulong)kernel->Options.Cpus;
    }

    /// <summary>As asm/start.asm has it.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 88)]
    private struct StartData
    {
        [FieldOffset(34)]
        public uint GdtBase;

        [FieldOffset(40)]
        public uint Far32Offset;

        [FieldOffset(48)]
        public uint Far64Offset;

        [FieldOffset(56)]
        public ulong Root;

        [FieldOffset(64)]
        public ulong Entry;

        [FieldOffset(72)]
        public ulong Processors;

        [FieldOffset(80)]
        public ulong Count;
    }
}
