using System.Runtime;
using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>Threads on several processors: a queue for each, which a thread leaves for the next one after a number of transitions.</summary>
internal static unsafe class Threads
{
    /// <summary>Puts a thread at the end of a processor's queue, and wakes the processor.</summary>
    public static void Queue(Kernel* kernel, Thread* thread, int number)
    {
        var processor = Processors.At(kernel, number);
        thread->Next = null;
        Waiting.Lock(kernel);
        if (processor->First == null)
        {
            processor->First = thread;
        }
        else
        {
            processor->Last->Next = thread;
        }

        processor->Last = thread;
        Waiting.Unlock(kernel);
        Sleeping.Wake(kernel, processor);
    }

    /// <summary>Runs what comes into the queue of this processor, until the last thread of all has come to its end.</summary>
    public static void Run(PerCpu* cpu)
    {
        var kernel = cpu->Kernel;
        var self = cpu->Processor;
        var cr4 = ControlRegisters.ReadCr4();
        if (kernel->Mode == AddressSpaceMode.Pcid)
        {
            ControlRegisters.WriteCr4(cr4 | Cr4.Pcide);
        }

        while (Take(kernel, self, out var thread))
        {
            if (thread == null)
            {
                LeaveProcess(cpu);
                Idle(kernel, self);
                continue;
            }

            Enter(cpu, thread);
            if (!thread->IsThrough)
            {
                Queue(kernel, thread, thread->Migrates ? (self->Number + 1) % kernel->Options.Cpus : self->Number);
                continue;
            }

            End(kernel, thread);
        }

        LeaveProcess(cpu);
        ControlRegisters.WriteCr4(cr4);
    }

    /// <summary>To the kernel's own address space.</summary>
    public static void LeaveProcess(PerCpu* cpu)
    {
        cpu->CurrentThread = null;
        cpu->KernelCr3 = 0;
        cpu->UserCr3 = 0;
        Machine.WriteCr3(cpu->Kernel->Root);
    }

    /// <summary>Every entry into the kernel on a processor that runs threads arrives here. False: the thread gives its processor away.</summary>
    [RuntimeExport("LabOnThreadTrap")]
    public static bool OnTrap(PerCpu* cpu, TrapFrame* frame)
    {
        if (Interrupts.Take(cpu, frame))
        {
            return true;
        }

        if (!frame->IsFromUser)
        {
            Fatal.Trap(frame, ControlRegisters.ReadCr2());
        }

        var thread = cpu->CurrentThread;
        thread->KernelEntries++;
        cpu->Processor->KernelEntries[thread->Group]++;
        thread->IsThrough = ThreadTraps.IsExit(cpu, thread, frame);
        if (thread->IsThrough || ++thread->Since >= thread->Each)
        {
            thread->Since = 0;
            thread->Frame = *frame;
            return false;
        }

        CountReturn(cpu, thread);
        return true;
    }

    /// <summary>A return to ring 3 that is about to be.</summary>
    public static void CountReturn(PerCpu* cpu, Thread* thread)
    {
        thread->UserEntries++;
        cpu->Processor->UserEntries[thread->Group]++;
    }

    private static void Enter(PerCpu* cpu, Thread* thread)
    {
        Processes.MakeCurrent(cpu, thread);
        if (thread->Group == 0)
        {
            cpu->Processor->Loads++;
        }

        CountReturn(cpu, thread);
        var frame = (TrapFrame*)(cpu->TrapStack - (ulong)sizeof(TrapFrame));
        *frame = thread->Frame;
        Machine.EnterUser(frame);
    }

    // False: no thread is left anywhere. A null: none for this processor.
    private static bool Take(Kernel* kernel, Processor* self, out Thread* thread)
    {
        Waiting.Lock(kernel);
        thread = self->First;
        if (thread != null)
        {
            self->First = thread->Next;
        }

        Waiting.Unlock(kernel);
        return thread != null || kernel->Alive != 0;
    }

    private static void Idle(Kernel* kernel, Processor* self)
    {
        if (kernel->HaltsIdle)
        {
            Sleeping.Announce(self);
            if (self->First != null || kernel->Alive == 0)
            {
                Sleeping.TakeBack(self);
            }
            else
            {
                Sleeping.Await(self, watched: true);
            }

            return;
        }

        var start = Machine.Tsc();
        while (self->First == null && kernel->Alive != 0)
        {
            Waiting.Check(kernel, start, "a thread to run"u8, self->Number);
        }
    }

    // The neighbour runs as long as the process under test.
    private static void End(Kernel* kernel, Thread* thread)
    {
        if (thread->Group == 0 && Machine.Add(&kernel->TestedAlive, ulong.MaxValue) == 1 && kernel->Busy != null)
        {
            *UserData.Word(kernel->Busy->Process, UserData.Flag) = 1;
        }

        if (Machine.Add(&kernel->Alive, ulong.MaxValue) != 1)
        {
            return;
        }

        for (var i = 0; i < kernel->Options.Cpus; i++)
        {
            var processor = Processors.At(kernel, i);
            if (processor->Command == (ulong)Command.RunThreads || i == 0)
            {
                Sleeping.Wake(kernel, processor);
            }
        }
    }
}
