namespace HvKernel.Guests.Lab;

/// <summary>Everything that the guest's kernel knows: one of these, found through the per-processor area.</summary>
internal unsafe struct Kernel
{
    public const int NumberedCalls = 10;

    public Options Options;
    public Pool Pool;
    public CodeAddresses Code;
    public ulong TicksPerSecond;

    /// <summary>Where the running image is, and its bytes.</summary>
    public byte* Image;
    public ulong ImageBytes;

    /// <summary>Physical address of the kernel's own top-level page table, which has no user half.</summary>
    public ulong Root;

    /// <summary>Physical address of the table for the highest PML4 entry: the entry area, shared by all roots.</summary>
    public ulong EntryTable;
    public bool HasPcid;
    public bool HasSmep;

    /// <summary>State components in XCR0: those that <c>vectors</c> uses; 0 where the processor has no XSAVE.</summary>
    public ulong Components;

    /// <summary>The scenario that runs.</summary>
    public ScenarioKind Kind;

    /// <summary>A debugger lets the next scenario go on by writing here.</summary>
    public ulong Flag;

    /// <summary>The one page that all lazily mapped pages are.</summary>
    public ulong LazyPage;
    public uint LastPid;

    /// <summary>Timer interrupts: all, and those that came from ring 3.</summary>
    public ulong Ticks;
    public ulong UserTicks;

    /// <summary>The two threads that take turns: under test, and busy; the second may be null.</summary>
    public Thread* Tested;
    public Thread* Busy;

    /// <summary>The block that the allocation routine gave out last; its tag stands in the 16 bytes before it.</summary>
    public byte* LastBlock;

    /// <summary>Tags other than <c>HDBG</c> that the allocation routine saw in <c>tag</c>.</summary>
    public ulong ChangedTags;

    /// <summary>How often each system call from 0 on was made in <c>numbers</c>.</summary>
    public fixed ulong Calls[NumberedCalls];

    /// <summary>One page each, the first of them of the processor that the firmware started; null where there is one only.</summary>
    public byte* Processors;

    /// <summary>Physical addresses: a page below 1 MiB, and a top-level page table that maps it at its own address.</summary>
    public ulong StartPage;
    public ulong StartRoot;

    /// <summary>Held while run queues, page tables or memory change; 1: by somebody.</summary>
    public ulong Lock;

    /// <summary>Threads that have not come to their end, of all processes and of the process under test.</summary>
    public ulong Alive;
    public ulong TestedAlive;

    /// <summary>The threads of the scenario, the process under test's first.</summary>
    public Thread** Threads;
    public int ThreadCount;

    /// <summary>The scenario's, for the other processors.</summary>
    public AddressSpaceMode Mode;
    public bool HaltsIdle;

    public OfflineScenario.Figures Offline;

    /// <summary>As they were before <c>steady</c>, and after it.</summary>
    public SelfCheck SumsBefore;
    public SelfCheck SumsAfter;
}
