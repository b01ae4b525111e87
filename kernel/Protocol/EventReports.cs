using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>One record of <see cref="MessageType.Transitions"/>; a frame carries as many as fit.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct TransitionRecord
{
    public ulong Rip;
    public ulong Tick;
    public ushort EventId;

    /// <summary>3: user mode reached; 0: kernel reached.</summary>
    public byte Context;
    public byte Processor;
}

/// <summary>What an <see cref="MessageType.EventNotice"/> tells.</summary>
public enum EventNoticeKind : uint
{
    /// <summary>The watched process ended.</summary>
    ProcessExited = 0,

    /// <summary>The watched process replaced its program; its new address space is watched.</summary>
    ExecFollowed = 1,

    /// <summary>User mode was short-circuited: the process is held until the event is disabled or cleared.</summary>
    Parked = 2,

    /// <summary>The process goes on.</summary>
    Released = 3,

    /// <summary>The kernel was short-circuited for as long as is allowed; the event short-circuits no longer.</summary>
    KernelHoldEnded = 4,
}

/// <summary>Payload of <see cref="MessageType.EventNotice"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct EventNotice
{
    public uint EventId;
    public EventNoticeKind Kind;
    public ulong Tick;
    public fixed byte Name[LinkProtocol.NameBytes];
}
