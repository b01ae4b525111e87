namespace HvKernel.Guests.Lab;

/// <summary>Threads that count in ring 3 on the other processors, and what is sent to them meanwhile.</summary>
internal static unsafe class RingThree
{
    // Two steps of the count: an instruction of ring 3 has certainly run since the first was seen.
    private const ulong Steps = 2;

    /// <summary>Starts a thread on each processor but the first.</summary>
    public static void Start(Kernel* kernel)
    {
        for (var i = 1; i < kernel->Options.Cpus; i++)
        {
            StartOne(kernel, i);
        }
    }

    public static void StartOne(Kernel* kernel, int processor)
    {
        ProcessorScenarios.Arm(kernel, processor, kernel->Code.UserCounting, 0, processor);
        Processors.Ask(kernel, processor, Command.RunThreads);
        AwaitSteps(kernel, processor);
    }

    /// <summary>Until the processor's thread has run in ring 3 since now.</summary>
    public static void AwaitSteps(Kernel* kernel, int processor)
    {
        var count = ThreadWords.Count(kernel->Threads[processor]);
        Waiting.AtLeast(kernel, count, *count + Steps, "a thread to go on in ring 3"u8, processor);
    }

    /// <summary>Lets them come to their end.</summary>
    public static void End(Kernel* kernel)
    {
        for (var i = 1; i < kernel->Options.Cpus; i++)
        {
            *ThreadWords.End(kernel->Threads[i]) = 1;
        }

        for (var i = 1; i < kernel->Options.Cpus; i++)
        {
            Processors.Await(kernel, i);
        }
    }
}
