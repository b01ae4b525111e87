using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>How far a step goes.</summary>
public enum StepKind : byte
{
    /// <summary>One instruction; one repetition of a string instruction with a REP prefix.</summary>
    Into = 0,

    /// <summary>One instruction, with all that it calls: calls, system calls, software interrupts and repeated string instructions are run through.</summary>
    Over = 1,

    /// <summary>To the instruction behind the call of the current function.</summary>
    Out = 2,
}

/// <summary>What the other processors do during a step.</summary>
public enum StepPeers : byte
{
    Run = 0,
    Hold = 1,
}

/// <summary>How a step ended: <see cref="StopInfo.Context"/> of a stop with <see cref="StopReason.Step"/>.</summary>
public enum StepEnd : byte
{
    /// <summary>Where it was to end; an instruction that faulted ends at its handler's first instruction.</summary>
    Completed = 0,

    /// <summary><see cref="StepRequest.Limit"/> instructions were executed.</summary>
    LimitReached = 1,

    /// <summary>A place to stop at could not be set: the code behind the call is not in RAM, or all pages for breakpoints are in use.</summary>
    NoPlaceToStop = 2,
}

/// <summary>Request <see cref="MessageType.Step"/>; needs a stopped guest. The reply is a <see cref="StatusReply"/>; the end comes as a stop.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct StepRequest
{
    public uint Processor;
    public StepKind Kind;
    public StepPeers Peers;
    public ushort Reserved;

    /// <summary>Most instructions that <see cref="StepKind.Over"/> and <see cref="StepKind.Out"/> step through; calls that they run through count as one.</summary>
    public ulong Limit;
}
