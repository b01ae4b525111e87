namespace HvKernel.Guests.Lab;

/// <summary>The first processor sends NMIs to each of the others, wherever it stands; every one must arrive, and only once.</summary>
internal static unsafe class NmiScenario
{
    // How many are sent while a handler runs: one of them is kept (SDM vol. 3A, "Handling Multiple NMIs").
    private const int SentToHandler = 3;
    private const ulong SettleMicroseconds = 50;

    public static void Run(Kernel* kernel, ulong times)
    {
        var cpus = kernel->Options.Cpus;
        RingThree.Start(kernel);
        for (ulong i = 0; i < times; i++)
        {
            for (var target = 1; target < cpus; target++)
            {
                Send(kernel, target);
                RingThree.AwaitSteps(kernel, target);
            }
        }

        RingThree.End(kernel);
        for (var target = 1; target < cpus; target++)
        {
            InKernel(kernel, target, times);
            InHalt(kernel, target, times);
            InHandler(kernel, target, times);
        }
    }

    // Sent, and taken.
    private static void Send(Kernel* kernel, int target)
    {
        var processor = Processors.At(kernel, target);
        var before = processor->Nmis;
        Processors.SendNmi(kernel, target);
        Processors.Current()->Sent++;
        Waiting.AtLeast(kernel, &processor->Nmis, before + 1, "an NMI to be taken"u8, target);
    }

    private static void InKernel(Kernel* kernel, int target, ulong times)
    {
        var processor = Processors.At(kernel, target);
        Processors.Ask(kernel, target, Command.Spin);
        for (ulong i = 0; i < times; i++)
        {
            Waiting.AtLeast(kernel, &processor->Progress, processor->Progress + 2, "a processor to go on in the kernel"u8, target);
            Send(kernel, target);
        }

        processor->Stop = 1;
        Processors.Await(kernel, target);
    }

    private static void InHalt(Kernel* kernel, int target, ulong times)
    {
        var processor = Processors.At(kernel, target);
        Processors.Ask(kernel, target, Command.Halt);
        for (ulong i = 0; i < times; i++)
        {
            Waiting.AtLeast(kernel, &processor->Halts, i + 1, "a processor to halt"u8, target);
            Waiting.Microseconds(kernel, SettleMicroseconds);
            processor->Stop = i + 1 == times ? 1UL : 0;
            Send(kernel, target);
        }

        Processors.Await(kernel, target);
        if (processor->Progress != times)
        {
            Fatal.Stop("scenario nmi: HLT was left more often than NMIs were sent"u8);
        }
    }

    private static void InHandler(Kernel* kernel, int target, ulong times)
    {
        var processor = Processors.At(kernel, target);
        Processors.Ask(kernel, target, Command.Spin);
        for (ulong i = 0; i < times; i++)
        {
            var before = processor->Nmis;
            processor->ReleaseNmi = 0;
            processor->InNmi = 0;
            Machine.Exchange(&processor->HoldNmi, 1);
            Send(kernel, target);
            Waiting.Until(kernel, &processor->InNmi, 1, "an NMI's handler to begin"u8, target);
            for (var sent = 0; sent < SentToHandler; sent++)
            {
                Processors.SendNmi(kernel, target);
                Processors.Current()->Sent++;
            }

            Waiting.Microseconds(kernel, SettleMicroseconds);
            if (processor->Nmis != before + 1)
            {
                Fatal.Stop("scenario nmi: an NMI was taken inside an NMI's handler"u8);
            }

            Machine.Exchange(&processor->ReleaseNmi, 1);
            Waiting.AtLeast(kernel, &processor->Nmis, before + 2, "the NMI that came during a handler"u8, target);
            Waiting.Microseconds(kernel, SettleMicroseconds);
        }

        processor->Stop = 1;
        Processors.Await(kernel, target);
    }
}
