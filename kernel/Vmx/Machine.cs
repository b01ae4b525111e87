using HvKernel.Breakpoints;
using HvKernel.Events;
using HvKernel.Events.Code;
using HvKernel.Events.Scripts;
using HvKernel.Guest;
using HvKernel.Link;
using HvKernel.Memory;
using HvKernel.Protocol;

namespace HvKernel.Vmx;

/// <summary>What the configuration file says, as the resident part needs it.</summary>
public struct MachineConfiguration
{
    /// <summary>First port of the debug UART.</summary>
    public ushort DebugPort;
    public bool WaitForDebugger;

    /// <summary>Bits a second on the debug line.</summary>
    public uint Baud;

    /// <summary>Whether a panic ends in a reset.</summary>
    public bool ResetOnPanic;
}

/// <summary>
/// Everything that all processors share. There are no mutable statics in the resident image: this one value stands in reserved pages, and
/// every <see cref="VCpu"/> points to it.
/// </summary>
public unsafe struct Machine
{
    public MachineConfiguration Configuration;
    public VmxCapabilities Capabilities;

    /// <summary>Whether all processors have mode-based execute control.</summary>
    public bool HasModeBasedExecute;

    /// <summary>Whether transitions are caught by shadow roots, for want of mode-based execute control.</summary>
    public bool HasShadowRoots;
    public ShadowRoots Shadows;
    public EptViews Views;

    /// <summary>Breakpoints, and the pages that the guest executes copies of.</summary>
    public BreakpointTable Breakpoints;
    public HiddenPages Hidden;

    /// <summary>Whether breakpoints are hidden from the guest's reads: the processors have execute-only EPT entries.</summary>
    public bool HidesBreakpoints;

    /// <summary>Whether #BP exits.</summary>
    public bool BreakpointsExit;

    /// <summary>Word of the lock for the bytes that breakpoints change.</summary>
    public uint BreakpointBytesLock;

    /// <summary>The processor that goes on in <see cref="TargetState.Stepping"/>, and the one whose step is under way.</summary>
    public uint Stepper;
    public uint StepOwner;
    public RamMap Ram;

    /// <summary>HvKernel's own memory.</summary>
    public ulong HiddenStart;
    public ulong HiddenEnd;

    /// <summary>Top-level table of HvKernel's own address space, without a window; each processor has a copy with its own.</summary>
    public ulong* HostRoot;

    /// <summary>The relocated image: addresses in panics are given relative to it.</summary>
    public ulong ImageBase;
    public ulong ImageBytes;

    /// <summary>Its exception directory: offset of the first RUNTIME_FUNCTION in the image, and how many.</summary>
    public uint Functions;
    public uint FunctionCount;

    /// <summary>Where the window's code stands in the image.</summary>
    public ulong WindowText;

    /// <summary>The log that survives a reset (<see cref="LogRing"/>), in memory that the guest sees; null where there is no room for one.</summary>
    public byte* Log;

    /// <summary>What the boot before has left in such a log, a copy; null: nothing.</summary>
    public byte* PreviousLog;
    public uint PreviousLogBytes;

    /// <summary>This boot counts as one that worked (<see cref="BootProof"/>).</summary>
    public bool IsProven;

    /// <summary>0, or 1 more than the number of the processor that panics.</summary>
    public uint PanicOwner;

    /// <summary>Physical addresses of the bitmaps, common to all processors.</summary>
    public ulong IoBitmapA;
    public ulong IoBitmapB;
    public ulong MsrBitmap;

    /// <summary>Ticks of the time-stamp counter a second, and between two polls of the link.</summary>
    public ulong TickFrequency;
    public ulong PollTicks;

    /// <summary>Ticks that a run of machine code may last.</summary>
    public ulong RunTicks;
    public ulong BootId;
    public fixed byte BuildId[16];

    /// <summary>Processors under HvKernel's control.</summary>
    public uint ProcessorCount;

    /// <summary>Word of <see cref="MachineLock"/>.</summary>
    public uint LockWord;

    /// <summary>A request that is being carried out on another processor than the one that serves the link.</summary>
    public RemoteRequest Remote;

    /// <summary>Time-stamp counter at which the link is due.</summary>
    public ulong NextLinkTick;

    /// <summary><see cref="ProcessorCount"/> pointers.</summary>
    public VCpu** Processors;
    public TargetState State;
    public StopInfo Stop;
    public DebugLink Link;

    /// <summary>Transition records that are not queued yet.</summary>
    public byte* Records;
    public int RecordCount;

    /// <summary>Whether some record is of an event that wants no delay; else they wait for <see cref="CollectUntil"/>.</summary>
    public bool RecordsUrgent;

    /// <summary>Time-stamp counter at which what was collected is sent; 0: nothing was.</summary>
    public ulong CollectUntil;

    /// <summary>Small deliveries or prints that wait for company: one frame's payload, all of one type.</summary>
    public byte* Gathered;
    public int GatheredBytes;
    public MessageType GatheredType;
    public EventTable Events;

    /// <summary>Machine code and safe buffers of events.</summary>
    public CodeMemory Code;

    /// <summary>Compiled scripts: their memory, and the one that runs.</summary>
    public ScriptState Scripts;

    /// <summary>Where requests that are larger than a frame are put together: <see cref="LinkProtocol.StagingBytes"/>.</summary>
    public byte* Staging;

    /// <summary>Where bytes for the console are copied to before they are sent: <see cref="LinkProtocol.MaximumBuffer"/>.</summary>
    public byte* Scratch;

    /// <summary>Whether the console observes only: nothing may stop the guest.</summary>
    public bool ObserveOnly;
    public GuestOs GuestOs;

    /// <summary>Guest RAM as the debugger may see it. The pointer is of the machine itself, which never moves after launch.</summary>
    public static PhysicalMemory Memory(Machine* machine) => new(&machine->Ram, machine->HiddenStart, machine->HiddenEnd);
}
