using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>Names a processor.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ProcessorRequest
{
    public uint Processor;
}

/// <summary>Row of <see cref="MessageType.ListProcessors"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ProcessorRow
{
    public uint Number;
    public uint ApicId;

    /// <summary>0 active, 1 halted, 2 shutdown, 3 waiting for SIPI, 255 not under HvKernel's control.</summary>
    public byte Activity;

    /// <summary>Current privilege level.</summary>
    public byte Cpl;

    /// <summary>0 normal, 1 kernel execute off, 2 user execute off.</summary>
    public byte View;
    public byte Stopped;
    public uint Reserved;
    public ulong Rip;
    public ulong Cr3;
}

/// <summary>Reply to <see cref="MessageType.ExitCounters"/> (request: <see cref="ProcessorRequest"/>).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct ExitCountersReply
{
    public ReplyHeader Header;

    /// <summary>Ticks that this processor spent in VMX root, since launch.</summary>
    public ulong RootTicks;

    /// <summary>Ticks since launch.</summary>
    public ulong Ticks;

    /// <summary>Ticks of the longest exit, without waits (a stopped guest, a held process, other processors), and its basic reason.</summary>
    public ulong LongestTicks;
    public ulong LongestReason;

    /// <summary>Exits by basic exit reason.</summary>
    public fixed ulong Count[LinkProtocol.ExitReasonSlots];
}
