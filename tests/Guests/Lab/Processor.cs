using System.Runtime.InteropServices;

namespace HvKernel.Guests.Lab;

/// <summary>What a processor does when another one has asked it to.</summary>
internal enum Command : ulong
{
    None = 0,

    /// <summary>Runs threads until all have come to their end.</summary>
    RunThreads,

    /// <summary>Counts in the kernel with interrupts off, until it is stopped.</summary>
    Spin,

    /// <summary>Halts with interrupts off, and counts what wakes it, until it is stopped.</summary>
    Halt,

    /// <summary>Halts with interrupts off, for ever.</summary>
    Park,

    /// <summary>Sends interrupts to the next processor, and takes those of the one before.</summary>
    SendInterrupts,
}

/// <summary>One processor, as all of them see it: a page in the direct map. Figures hold from the beginning of a scenario.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Processor
{
    public const int Groups = 2;

    /// <summary>Where asm/start.asm finds the stack.</summary>
    public ulong StackEnd;
    public Kernel* Kernel;
    public PerCpu* Area;
    public int Number;

    /// <summary>How often it has come up since the guest began.</summary>
    public ulong Starts;

    /// <summary>What it is to do; it writes <see cref="Command.None"/> when that is done.</summary>
    public ulong Command;
    public ulong Argument;

    /// <summary>Ends <see cref="Lab.Command.Spin"/> and <see cref="Lab.Command.Halt"/>.</summary>
    public ulong Stop;
    public ulong Progress;
    public ulong Halts;

    /// <summary>1: it sleeps, or is about to; who writes 0 sends the interrupt that wakes it.</summary>
    public ulong Sleeps;

    /// <summary>Interrupts that woke it: arrived, and waited for.</summary>
    public ulong Wakes;
    public ulong WakesTaken;

    /// <summary>The queue of threads that will run here; changed under the kernel's lock.</summary>
    public Thread* First;
    public Thread* Last;

    /// <summary>Transitions here, by the thread's group; and how often the address space under test was loaded.</summary>
    public fixed ulong KernelEntries[Groups];
    public fixed ulong UserEntries[Groups];
    public ulong Loads;

    /// <summary>Interrupts: NMIs, those of them in ring 3, and those that came between the announcement of a HLT and it.</summary>
    public ulong Nmis;
    public ulong UserNmis;
    public ulong EarlyNmis;

    /// <summary>1: the next NMI's handler stays until <see cref="ReleaseNmi"/>; it says so in <see cref="InNmi"/>.</summary>
    public ulong HoldNmi;
    public ulong InNmi;
    public ulong ReleaseNmi;

    /// <summary>Fixed-vector interrupts: sent to one processor and to several, taken from one sender and from a broadcast.</summary>
    public ulong Sent;
    public ulong SentToAll;
    public ulong Taken;
    public ulong TakenOfAll;

    /// <summary>Beginning of a scenario.</summary>
    public void ClearFigures()
    {
        for (var i = 0; i < Groups; i++)
        {
            KernelEntries[i] = 0;
            UserEntries[i] = 0;
        }

        Loads = 0;
        Nmis = 0;
        UserNmis = 0;
        EarlyNmis = 0;
        Sent = 0;
        SentToAll = 0;
        Taken = 0;
        TakenOfAll = 0;
        Progress = 0;
        Halts = 0;
    }
}
