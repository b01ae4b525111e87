using HvKernel.Protocol;

namespace HvKernel.Breakpoints;

/// <summary>A breakpoint, or the place at which a step waits for what it runs through.</summary>
public struct Breakpoint
{
    public bool InUse;
    public bool Enabled;

    /// <summary>It belongs to a step, is in no list, and holds for one stack.</summary>
    public bool IsOfStep;

    /// <summary>Whether its byte stands in the guest's own memory now, for want of execute-only pages; and what stood there.</summary>
    public bool IsWritten;
    public byte Original;
    public uint Id;

    /// <summary>As it was given; 0 where that was a physical address.</summary>
    public ulong Address;
    public ulong Physical;

    /// <summary>The only process and processor that it stops, or <see cref="LinkProtocol.All"/>.</summary>
    public uint Pid;
    public uint Core;
    public ulong Hits;

    /// <summary>Of a step: where RSP must be, and the page root, 0 for any. Kernel stacks are everybody's own in any address space.</summary>
    public ulong LowestRsp;
    public ulong HighestRsp;
    public ulong Root;

    /// <summary>
    /// The instruction was begun, was interrupted by a fault, and will be executed anew with this stack: this stop has been told already.
    /// </summary>
    public bool Retries;
    public ulong RetryRsp;
    public ulong RetryRoot;
}
