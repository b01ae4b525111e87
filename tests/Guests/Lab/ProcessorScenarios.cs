using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>Scenarios with several processors: what is the same for all of them, and those that run threads.</summary>
internal static unsafe class ProcessorScenarios
{
    public static void Run(Kernel* kernel, Scenario* scenario)
    {
        if (kernel->Processors == null)
        {
            Fatal.Stop("scenarios pinned, migrating, offline, nmi and ipi: expected cpus=2 or more"u8);
        }

        if (Scenarios.IsSkipped(kernel, scenario))
        {
            return;
        }

        if (kernel->Options.UsesX2Apic && (scenario->Threads.Does & (1 << (int)ScenarioKind.Timer)) != 0)
        {
            Fatal.Stop("does=timer: expected no x2apic, for the program starts the timer by memory"u8);
        }

        var cpu = Machine.Current();
        var cr4 = ControlRegisters.ReadCr4();
        Prepare(kernel, scenario);
        cpu->TrapHandler = kernel->Code.OnThreadTrap;
        if (scenario->Mode == AddressSpaceMode.Pcid)
        {
            ControlRegisters.WriteCr4(cr4 | Cr4.Pcide);
        }

        if (scenario->HoldsInProcess)
        {
            Processes.MakeCurrent(cpu, kernel->Tested);
        }

        Reports.Describe(kernel, scenario);
        Scenarios.Wait(kernel, scenario);
        Threads.LeaveProcess(cpu);
        ControlRegisters.WriteCr4(cr4);
        switch (scenario->Kind)
        {
            case ScenarioKind.Offline:
                OfflineScenario.Run(kernel, scenario->Times);
                break;
            case ScenarioKind.Nmi:
                NmiScenario.Run(kernel, scenario->Times);
                break;
            case ScenarioKind.Ipi:
                IpiScenario.Run(kernel, scenario->Times);
                break;
            default:
                RunThreads(kernel, scenario);
                break;
        }

        cpu->TrapHandler = kernel->Code.OnTrap;
        ProcessorReports.Done(kernel, scenario);
    }

    /// <summary>Lets the threads run that are in the queues, on all processors but those of <paramref name="offline"/>, to their end.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="offline">Bits by processor.</param>
    public static void RunQueues(Kernel* kernel, ulong offline)
    {
        for (var i = 1; i < kernel->Options.Cpus; i++)
        {
            if ((offline >> i & 1) == 0)
            {
                Processors.Ask(kernel, i, Command.RunThreads);
            }
        }

        Threads.Run(Machine.Current());
        for (var i = 1; i < kernel->Options.Cpus; i++)
        {
            if ((offline >> i & 1) == 0)
            {
                Processors.Await(kernel, i);
            }
        }
    }

    /// <summary>Puts a thread before the first instruction of a program, and into a processor's queue.</summary>
    public static void Arm(Kernel* kernel, int index, ulong program, ulong times, int processor)
    {
        var thread = kernel->Threads[index];
        Processes.Arm(kernel, thread, program, times);
        thread->Frame.Rsi = ThreadWords.Address(index);
        *ThreadWords.Count(thread) = 0;
        *ThreadWords.End(thread) = 0;
        thread->Since = 0;
        thread->IsThrough = false;
        Machine.Add(&kernel->Alive, 1);
        if (thread->Group == 0)
        {
            Machine.Add(&kernel->TestedAlive, 1);
        }

        Threads.Queue(kernel, thread, processor);
    }

    private static void RunThreads(Kernel* kernel, Scenario* scenario)
    {
        var settings = &scenario->Threads;
        var pages = (UserSpace.LazyEnd - UserSpace.Lazy) / (ulong)kernel->ThreadCount & ~(ulong)(Pool.PageBytes - 1);
        if ((settings->Does & (1 << (int)ScenarioKind.PageFault)) != 0 && scenario->Times > pages / Pool.PageBytes)
        {
            Fatal.Stop("does=pagefault: expected fewer times or threads"u8);
        }

        var cpus = kernel->Options.Cpus;
        for (var i = 0; i < kernel->ThreadCount; i++)
        {
            var thread = kernel->Threads[i];
            thread->Each = settings->Each;
            thread->Migrates = thread->Group != 0 || scenario->Kind == ScenarioKind.Migrating;
            Arm(kernel, i, thread->Group == 0 ? kernel->Code.UserThread : kernel->Code.UserRestless, scenario->Times, i % cpus);
            thread->Frame.R12 = settings->Does;
            thread->Frame.Rbx = UserSpace.Lazy + ((ulong)i * pages);
        }

        RunQueues(kernel, 0);
    }

    private static void Prepare(Kernel* kernel, Scenario* scenario)
    {
        var settings = &scenario->Threads;
        var cpus = kernel->Options.Cpus;
        var runsThreads = scenario->Kind is ScenarioKind.Pinned or ScenarioKind.Migrating;
        var count = runsThreads && settings->Threads != 0 ? settings->Threads : cpus;
        var others = runsThreads ? settings->Others : 0;
        var program = runsThreads ? kernel->Code.UserThread : kernel->Code.UserCounting;
        kernel->Tested = Processes.Create(kernel, scenario->Mode, Names.Of(scenario->Kind), program, scenario->Times);
        kernel->Busy = others != 0 ? Processes.Create(kernel, scenario->Mode, "busy"u8, kernel->Code.UserRestless, 0) : null;
        kernel->ThreadCount = count + others;
        for (var i = 0; i < kernel->ThreadCount; i++)
        {
            var first = i < count ? kernel->Tested : kernel->Busy;
            var thread = i == 0 || i == count ? first : Processes.AddThread(first->Process);
            thread->Group = i < count ? 0 : 1;
            thread->Words = ThreadWords.Physical(thread->Process, i);
            thread->Each = ulong.MaxValue;
            kernel->Threads[i] = thread;
        }

        kernel->Kind = scenario->Kind;
        kernel->Mode = scenario->Mode;
        kernel->HaltsIdle = settings->HaltsIdle;
        kernel->Flag = 0;
        kernel->Alive = 0;
        kernel->TestedAlive = 0;
        for (var i = 0; i < cpus; i++)
        {
            Processors.At(kernel, i)->ClearFigures();
        }
    }
}
