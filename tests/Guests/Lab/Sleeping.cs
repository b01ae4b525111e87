namespace HvKernel.Guests.Lab;

/// <summary>
/// Halting until another processor sends an interrupt. Exactly one is sent for each sleep, and waited for even where the sleep came to
/// nothing, so that none is left over for ring 3.
/// </summary>
internal static unsafe class Sleeping
{
    /// <summary>From here on others send an interrupt. Then, when it was looked whether there is something to do, comes either <see cref="TakeBack"/> or <see cref="Await"/>.</summary>
    public static void Announce(Processor* self) => Machine.Exchange(&self->Sleeps, 1);

    /// <summary>There is something to do after all.</summary>
    public static void TakeBack(Processor* self)
    {
        if (Machine.Exchange(&self->Sleeps, 0) == 0)
        {
            Await(self, watched: true);
        }
    }

    /// <summary>Halts until the interrupt has come; watched, one that does not come within some seconds is an error.</summary>
    public static void Await(Processor* self, bool watched)
    {
        if (watched)
        {
            Apic.StartWatchdog();
        }

        while (self->Wakes == self->WakesTaken)
        {
            Machine.Sleep();
        }

        self->WakesTaken++;
        if (watched)
        {
            Apic.OneShot();
        }
    }

    /// <summary>Wakes a processor that sleeps, or is about to.</summary>
    public static void Wake(Kernel* kernel, Processor* processor)
    {
        if (Machine.Exchange(&processor->Sleeps, 0) == 1)
        {
            Processors.SendVector(kernel, Apic.WakeVector, processor->Number);
        }
    }
}
