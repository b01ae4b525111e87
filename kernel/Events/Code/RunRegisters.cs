using HvKernel.Protocol;

namespace HvKernel.Events.Code;

/// <summary>
/// What rdx (of custom code) and rcx (of a condition) point to: the manual's sixteen registers, and behind them the control block. Changes to the
/// registers and to <see cref="ShortCircuit"/> take effect; the rest is for reading.
/// </summary>
public struct RunRegisters
{
    public GuestRegisters General;

    /// <summary>Offset 0x80: not 0 where the transition shall not take effect.</summary>
    public ulong ShortCircuit;
    public ulong EventId;
    public ulong Processor;

    /// <summary>Process id of the watched process; 0 where it was named by CR3.</summary>
    public ulong Pid;
    public ulong Rip;
    public ulong Rflags;
    public ulong Cr3;

    /// <summary>Time-stamp counter at the start of the run.</summary>
    public ulong Tick;
}
