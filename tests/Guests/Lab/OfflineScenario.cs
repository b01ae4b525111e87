namespace HvKernel.Guests.Lab;

/// <summary>
/// Processors that are stopped by INIT, wherever they stand, and started again; between, threads run on all that are there. Each fourth
/// time all others are stopped and started at once. What it did is in <see cref="Figures"/>.
/// </summary>
internal static unsafe class OfflineScenario
{
    // System calls of each thread in each run.
    private const ulong Calls = 10;
    private const int Ways = 4;
    private const ulong SettleMicroseconds = 100;

    public struct Figures
    {
        public ulong Inits;
        public ulong StartUps;
        public ulong Starts;

        /// <summary>Start-up interrupts to a processor that runs; they do nothing.</summary>
        public ulong Ignored;

        /// <summary>Threads that have run with <see cref="Calls"/> system calls, and those that INIT took with it in ring 3.</summary>
        public ulong Runs;
        public ulong Lost;
    }

    public static void Run(Kernel* kernel, ulong times)
    {
        var figures = &kernel->Offline;
        *figures = default;
        var cpus = kernel->Options.Cpus;
        RunAll(kernel, 0);
        for (ulong round = 0; round < times; round++)
        {
            var target = 1 + (int)(round / Ways % (ulong)(cpus - 1));
            var way = (int)(round % Ways);
            var repeats = round / Ways % 2 != 0;
            if (way == Ways - 1)
            {
                AllOthers(kernel, repeats);
            }
            else
            {
                Place(kernel, target, way);
                Stop(kernel, target, repeats);
                RunAll(kernel, 1UL << target);
                Start(kernel, target, repeats);
            }

            RunAll(kernel, 0);
        }
    }

    // Asleep with interrupts on, asleep with interrupts off, or in ring 3.
    private static void Place(Kernel* kernel, int target, int way)
    {
        if (way == 1)
        {
            Processors.Ask(kernel, target, Command.Park);
            Waiting.Until(kernel, &Processors.At(kernel, target)->Progress, 1, "a processor to halt"u8, target);
        }
        else if (way == 2)
        {
            // Its thread will not come to its end.
            RingThree.StartOne(kernel, target);
            kernel->Offline.Lost++;
        }
    }

    private static void Stop(Kernel* kernel, int target, bool repeats)
    {
        for (var i = repeats ? 2 : 1; i > 0; i--)
        {
            Processors.SendInit(kernel, target);
            kernel->Offline.Inits++;
            Waiting.Microseconds(kernel, SettleMicroseconds);
        }

        // Nothing of the thread runs on.
        var count = ThreadWords.Count(kernel->Threads[target]);
        var before = *count;
        Waiting.Microseconds(kernel, SettleMicroseconds);
        if (*count != before)
        {
            Fatal.Stop("scenario offline: a processor runs on after INIT"u8);
        }

        kernel->Alive = 0;
        kernel->TestedAlive = 0;
    }

    private static void Start(Kernel* kernel, int target, bool repeats)
    {
        var starts = &Processors.At(kernel, target)->Starts;
        var before = *starts;
        Processors.SendStartUp(kernel, target);
        kernel->Offline.StartUps++;
        if (repeats)
        {
            Processors.SendStartUp(kernel, target);
            kernel->Offline.StartUps++;
        }

        Waiting.AtLeast(kernel, starts, before + 1, "a processor to come up again"u8, target);
        Processors.SendStartUp(kernel, target);
        kernel->Offline.StartUps++;
        kernel->Offline.Ignored++;
        Waiting.Microseconds(kernel, SettleMicroseconds);
        CountStart(kernel, target, before);
    }

    private static void AllOthers(Kernel* kernel, bool repeats)
    {
        var cpus = kernel->Options.Cpus;
        for (var i = repeats ? 2 : 1; i > 0; i--)
        {
            Processors.SendInitToOthers(kernel);
            kernel->Offline.Inits++;
            Waiting.Microseconds(kernel, SettleMicroseconds);
        }

        var before = Processors.At(kernel, 1)->Starts;
        var sum = Starts(kernel);
        for (var i = repeats ? 2 : 1; i > 0; i--)
        {
            Processors.SendStartUpToOthers(kernel);
            kernel->Offline.StartUps++;
        }

        for (var i = 1; i < cpus; i++)
        {
            Waiting.AtLeast(kernel, &Processors.At(kernel, i)->Starts, 1, "a processor to come up again"u8, i);
        }

        var start = Machine.Tsc();
        while (Starts(kernel) < sum + (ulong)cpus - 1)
        {
            Waiting.Check(kernel, start, "all processors to come up again"u8, cpus - 1);
        }

        Processors.SendStartUpToOthers(kernel);
        kernel->Offline.StartUps++;
        kernel->Offline.Ignored += (ulong)cpus - 1;
        Waiting.Microseconds(kernel, SettleMicroseconds);
        CountStart(kernel, 1, before);
        if (Starts(kernel) != sum + (ulong)cpus - 1)
        {
            Fatal.Stop("scenario offline: a running processor began again at a start-up interrupt to all"u8);
        }

        kernel->Offline.Starts += (ulong)cpus - 2;
    }

    private static void CountStart(Kernel* kernel, int target, ulong before)
    {
        if (Processors.At(kernel, target)->Starts != before + 1)
        {
            Fatal.Stop("scenario offline: a running processor began again at a start-up interrupt"u8);
        }

        kernel->Offline.Starts++;
    }

    private static ulong Starts(Kernel* kernel)
    {
        var sum = 0UL;
        for (var i = 1; i < kernel->Options.Cpus; i++)
        {
            sum += Processors.At(kernel, i)->Starts;
        }

        return sum;
    }

    private static void RunAll(Kernel* kernel, ulong offline)
    {
        for (var i = 0; i < kernel->Options.Cpus; i++)
        {
            if ((offline >> i & 1) == 0)
            {
                ProcessorScenarios.Arm(kernel, i, kernel->Code.UserSyscall, Calls, i);
                kernel->Offline.Runs++;
            }
        }

        ProcessorScenarios.RunQueues(kernel, offline);
    }
}
