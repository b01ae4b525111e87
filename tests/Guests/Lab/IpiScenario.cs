namespace HvKernel.Guests.Lab;

/// <summary>Fixed-vector interrupts between processors: in a ring of all, from one to all others, to itself, and into ring 3.</summary>
internal static unsafe class IpiScenario
{
    public static void Run(Kernel* kernel, ulong times)
    {
        var cpus = kernel->Options.Cpus;
        var self = Processors.Current();

        // In a ring: each sends to the next one, all at once.
        for (var i = 1; i < cpus; i++)
        {
            Processors.Ask(kernel, i, Command.SendInterrupts, times);
        }

        Interrupts.Exchange(self, times);
        for (var i = 1; i < cpus; i++)
        {
            Processors.Await(kernel, i);
        }

        // To all others, which sleep.
        for (ulong round = 0; round < times; round++)
        {
            Processors.SendVectorToOthers(kernel, Apic.BroadcastVector);
            self->SentToAll++;
            for (var i = 1; i < cpus; i++)
            {
                Interrupts.TakeUntil(kernel, &Processors.At(kernel, i)->TakenOfAll, round + 1, i);
            }
        }

        for (ulong round = 0; round < times; round++)
        {
            Processors.SendVectorToItself(kernel, Apic.BroadcastVector);
            self->SentToAll++;
            Interrupts.TakeUntil(kernel, &self->TakenOfAll, round + 1, 0);
        }

        RingThree.Start(kernel);
        for (ulong round = 0; round < times; round++)
        {
            for (var i = 1; i < cpus; i++)
            {
                Processors.SendVector(kernel, Apic.DirectedVector, i);
                self->Sent++;
                Waiting.AtLeast(kernel, &Processors.At(kernel, i)->Taken, times + round + 1, "an interrupt to be taken in ring 3"u8, i);
                RingThree.AwaitSteps(kernel, i);
            }
        }

        RingThree.End(kernel);
    }
}
