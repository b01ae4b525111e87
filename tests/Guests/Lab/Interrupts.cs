using System.Runtime;

namespace HvKernel.Guests.Lab;

/// <summary>Interrupts between processors, as they arrive.</summary>
internal static unsafe class Interrupts
{
    private static int Next(Processor* self) => (self->Number + 1) % self->Kernel->Options.Cpus;

    /// <summary>Takes an interrupt that another processor has sent; false where it is something else.</summary>
    public static bool Take(PerCpu* cpu, TrapFrame* frame)
    {
        var self = cpu->Processor;
        switch (frame->Vector)
        {
            case Apic.WakeVector:
                self->Wakes++;
                break;
            case Apic.DirectedVector:
                Machine.Add(&self->Taken, 1);
                break;
            case Apic.BroadcastVector:
                Machine.Add(&self->TakenOfAll, 1);
                break;
            case Apic.SpuriousVector:
                return true;
            case Apic.WatchdogVector:
                Fatal.Stop("a processor slept, and nobody woke it"u8);
                return true;
            default:
                return false;
        }

        Apic.Acknowledge();
        if (frame->IsFromUser)
        {
            CountVisit(cpu);
        }

        return true;
    }

    /// <summary>Sends interrupts to the next processor, each after it has taken the one before, and takes those that come here.</summary>
    public static void Exchange(Processor* self, ulong count)
    {
        var kernel = self->Kernel;
        var next = Next(self);
        for (ulong i = 0; i < count; i++)
        {
            Processors.SendVector(kernel, Apic.DirectedVector, next);
            self->Sent++;
            TakeUntil(kernel, &Processors.At(kernel, next)->Taken, i + 1, next);
        }

        TakeUntil(kernel, &self->Taken, count, self->Number);
    }

    /// <summary>Lets interrupts in until a count has come to a value.</summary>
    public static void TakeUntil(Kernel* kernel, ulong* word, ulong value, int processor)
    {
        var start = Machine.Tsc();
        while (*word < value)
        {
            Machine.TakeInterrupts();
            Waiting.Check(kernel, start, "an interrupt to be taken"u8, processor);
        }
    }

    /// <summary>NMIs arrive here, on a stack of their own, from anywhere.</summary>
    [RuntimeExport("LabOnNmi")]
    public static void OnNmi(PerCpu* cpu, TrapFrame* frame)
    {
        var self = cpu->Processor;
        if (frame->IsFromUser)
        {
            CountVisit(cpu);
            self->UserNmis++;
        }

        // Announced, but not halted yet: without this it would halt after the interrupt that was to wake it.
        if (frame->Rip == cpu->Kernel->Code.HaltInstruction)
        {
            frame->Rip++;
            self->EarlyNmis++;
        }

        Machine.Add(&self->Nmis, 1);
        if (Machine.Exchange(&self->HoldNmi, 0) != 0)
        {
            Machine.Exchange(&self->InNmi, 1);
            Waiting.Until(cpu->Kernel, &self->ReleaseNmi, 1, "the end of an NMI's handler"u8, self->Number);
        }
    }

    // Ring 3 was left and goes on; nothing else is done for its thread.
    private static void CountVisit(PerCpu* cpu)
    {
        var thread = cpu->CurrentThread;
        thread->KernelEntries++;
        cpu->Processor->KernelEntries[thread->Group]++;
        Threads.CountReturn(cpu, thread);
    }
}
