using HvKernel.Memory;
using HvKernel.Protocol;

namespace HvKernel.Stepping;

/// <summary>What a step waits for.</summary>
public enum StepPhase : byte
{
    /// <summary>There is none.</summary>
    None = 0,

    /// <summary>The next instruction is to be looked at before it is executed.</summary>
    Fresh = 1,

    /// <summary>One instruction is being executed; the monitor trap flag ends it.</summary>
    Single = 2,

    /// <summary>What it runs through comes back to <see cref="Breakpoints.BreakpointTable.StepSlot"/>.</summary>
    Running = 3,
}

/// <summary>What a processor executes in steps, for a person and for breakpoints.</summary>
public struct StepState
{
    /// <summary>There is something to do before the guest goes on: the only word that is looked at where nobody debugs.</summary>
    public bool Attention;

    /// <summary>The monitor trap flag was set for what the guest executed last.</summary>
    public bool Armed;

    /// <summary>The instruction at RIP is executed although there is a breakpoint.</summary>
    public bool PassesBreakpoint;

    /// <summary>It is being executed; then <see cref="Rip"/> and <see cref="Rsp"/> are those of its begin, and this is where it stands.</summary>
    public bool IsPassing;
    public ulong Passed;

    /// <summary>In which hierarchy one instruction is executed.</summary>
    public EptOverlay Overlay;

    public StepPhase Phase;
    public StepKind Kind;

    public InstructionClass Class;

    /// <summary>
    /// Handlers of faults that were entered and not left: they are stepped, because they need not go back to the instruction. And where the outermost one
    /// would go back to.
    /// </summary>
    public uint Handlers;
    public ulong HandledRip;
    public ulong HandledRsp;

    /// <summary>Instructions that may still be executed.</summary>
    public ulong Remaining;

    /// <summary>At the begin of the instruction under way.</summary>
    public ulong Rip;
    public ulong Rsp;

    /// <summary>Page root of the code that is stepped, where that is user mode; else 0.</summary>
    public ulong Root;
}
