using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>Runs one scenario: says what will be done, waits for the debugger, does it, says what was done.</summary>
internal static unsafe class Scenarios
{
    private const uint HaltTickCount = 1_000_000;

    // One turn of a process in `steady`, in ticks of the timer.
    private const uint TurnTicks = 400_000;

    public static void Run(Kernel* kernel, Scenario* scenario)
    {
        switch (scenario->Kind)
        {
            case ScenarioKind.PowerOff:
                Com1.Line("LAB power-off"u8);
                Power.Off();
                break;
            case ScenarioKind.Spin:
                Reports.Announce(scenario, kernel->Code.SpinHere, kernel->Code.SpinNext, 0);
                Machine.Spin();
                Com1.Line("LAB done scenario=spin"u8);
                break;
            case ScenarioKind.Halt:
                Halt(kernel, scenario);
                break;
            case ScenarioKind.Dead:
                Reports.Announce(scenario, kernel->Code.Dead, kernel->Code.DeadEnd, 0);
                Machine.Die();
                break;
            case ScenarioKind.Pinned:
            case ScenarioKind.Migrating:
            case ScenarioKind.Offline:
            case ScenarioKind.Nmi:
            case ScenarioKind.Ipi:
                ProcessorScenarios.Run(kernel, scenario);
                break;
            default:
                RunProcess(kernel, scenario);
                break;
        }
    }

    private static void Halt(Kernel* kernel, Scenario* scenario)
    {
        kernel->Flag = 0;
        Apic.StartPeriodic(HaltTickCount);
        Reports.Announce(scenario, kernel->Code.Halt, kernel->Code.HaltEnd, KernelSpace.Physical(&kernel->Flag));
        Machine.HaltUntil(&kernel->Flag);
        Apic.OneShot();
        Com1.Line("LAB done scenario=halt"u8);
    }

    /// <summary>Whether the processor cannot do it; said in a line.</summary>
    public static bool IsSkipped(Kernel* kernel, Scenario* scenario)
    {
        if (scenario->Mode != AddressSpaceMode.Pcid || kernel->HasPcid)
        {
            return false;
        }

        Com1.Text("LAB skipped"u8);
        Com1.WordField("scenario"u8, Names.Of(scenario->Kind));
        Com1.Line(" mode=pcid: the processor has no process-context identifiers"u8);
        return true;
    }

    private static void RunProcess(Kernel* kernel, Scenario* scenario)
    {
        if (IsSkipped(kernel, scenario))
        {
            return;
        }

        if (scenario->Kind == ScenarioKind.Timer && kernel->Options.UsesX2Apic)
        {
            Fatal.Stop("scenario timer: expected no x2apic, for the program starts the timer by memory"u8);
        }

        var cpu = Machine.Current();
        kernel->Tested = Processes.Create(kernel, scenario->Mode, Names.Of(scenario->Kind), Program(kernel, scenario->Kind), scenario->Times);
        kernel->Busy = Neighbour(kernel, scenario->Kind) is not 0 and var neighbour
            ? Processes.Create(kernel, scenario->Mode, "busy"u8, neighbour, 0)
            : null;
        kernel->Kind = scenario->Kind;
        kernel->Flag = 0;
        kernel->Ticks = 0;
        kernel->UserTicks = 0;
        kernel->ChangedTags = 0;
        for (var i = 0; i < Kernel.NumberedCalls; i++)
        {
            kernel->Calls[i] = 0;
        }

        if (scenario->Kind == ScenarioKind.Vectors)
        {
            kernel->Tested->Frame.Rsi = kernel->Components;
            VectorImage.Fill((byte*)UserData.Word(kernel->Tested->Process, UserData.Wanted), kernel->Components);
        }

        // CR4.PCIDE can be set only while the identifier in CR3 is 0, as in the kernel's own root.
        var cr4 = ControlRegisters.ReadCr4();
        if (scenario->Mode == AddressSpaceMode.Pcid)
        {
            ControlRegisters.WriteCr4(cr4 | Cr4.Pcide);
        }

        if (scenario->HoldsInProcess)
        {
            Processes.MakeCurrent(cpu, kernel->Tested);
        }

        Reports.Describe(kernel, scenario);
        Wait(kernel, scenario);
        if (scenario->Kind == ScenarioKind.Steady)
        {
            kernel->SumsBefore = SelfCheck.Take(kernel);
            Apic.StartPeriodic(TurnTicks);
        }

        Start(cpu, kernel->Tested);
        if (scenario->Kind == ScenarioKind.Steady)
        {
            // None may be left over for the next scenario's ring 3.
            Apic.OneShot();
            Machine.TakeInterrupts();
            kernel->SumsAfter = SelfCheck.Take(kernel);
        }

        cpu->CurrentThread = null;
        cpu->KernelCr3 = 0;
        cpu->UserCr3 = 0;
        Machine.WriteCr3(kernel->Root);
        ControlRegisters.WriteCr4(cr4);
        Reports.Done(kernel, scenario);
    }

    private static ulong Program(Kernel* kernel, ScenarioKind kind) => kind switch
    {
        ScenarioKind.Syscall => kernel->Code.UserSyscall,
        ScenarioKind.Interrupt => kernel->Code.UserInterrupt,
        ScenarioKind.PageFault => kernel->Code.UserPageFault,
        ScenarioKind.InvalidOpcode => kernel->Code.UserInvalidOpcode,
        ScenarioKind.Timer => kernel->Code.UserTimer,
        ScenarioKind.Switch => kernel->Code.UserYield,
        ScenarioKind.Allocate => kernel->Code.UserAllocate,
        ScenarioKind.Tagged => kernel->Code.UserTagged,
        ScenarioKind.Numbers => kernel->Code.UserNumbers,
        ScenarioKind.Vectors => kernel->Code.UserVectors,
        ScenarioKind.Steady => kernel->Code.UserSteady,
        _ => kernel->Code.UserSpin,
    };

    private static ulong Neighbour(Kernel* kernel, ScenarioKind kind) => kind switch
    {
        ScenarioKind.Switch => kernel->Code.UserBusy,
        ScenarioKind.Steady => kernel->Code.UserProgress,
        _ => 0,
    };

    // The first transition is the kernel's own: the way into ring 3.
    private static void Start(PerCpu* cpu, Thread* thread)
    {
        Processes.MakeCurrent(cpu, thread);
        thread->Process->UserEntries++;
        var frame = (TrapFrame*)(cpu->TrapStack - (ulong)sizeof(TrapFrame));
        *frame = thread->Frame;
        Machine.EnterUser(frame);
    }

    /// <summary>Until the debugger writes the flag, or the scenario's time for that is over.</summary>
    public static void Wait(Kernel* kernel, Scenario* scenario)
    {
        var start = Machine.Tsc();
        var ticks = scenario->Wait == Options.Forever ? ulong.MaxValue : scenario->Wait * kernel->TicksPerSecond;
        while (kernel->Flag == 0)
        {
            if (Machine.Tsc() - start >= ticks)
            {
                if (ticks != 0)
                {
                    Com1.Line("LAB timeout: no debugger wrote the flag"u8);
                }

                return;
            }

            Machine.Pause();
        }
    }
}
