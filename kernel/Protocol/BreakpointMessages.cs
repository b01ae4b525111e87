using System;
using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>State of a breakpoint, as bits.</summary>
[Flags]
public enum BreakpointFlags : uint
{
    None = 0,
    Enabled = 1,

    /// <summary>The processor lacks execute-only EPT: the guest can read the breakpoint's byte.</summary>
    Visible = 2,
}

/// <summary>Request <see cref="MessageType.AddBreakpoint"/>; needs a stopped guest.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct AddBreakpointRequest
{
    /// <summary>Whose tables translate with <see cref="AddressSpace.Current"/>.</summary>
    public uint Processor;
    public AddressSpace Space;
    public ulong PageRoot;

    /// <summary>First byte of an instruction.</summary>
    public ulong Address;

    /// <summary>The only process that it stops, or <see cref="LinkProtocol.All"/>.</summary>
    public uint Pid;

    /// <summary>The only processor that it stops, or <see cref="LinkProtocol.All"/>.</summary>
    public uint Core;
}

/// <summary>Reply to <see cref="MessageType.AddBreakpoint"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct AddBreakpointReply
{
    public ReplyHeader Header;
    public uint Id;
    public BreakpointFlags Flags;

    /// <summary>Guest-physical address, which stays what it was when the breakpoint was set.</summary>
    public ulong PhysicalAddress;
}

/// <summary>What <see cref="ModifyBreakpointRequest"/> does.</summary>
public enum BreakpointOperation : uint
{
    Enable = 0,
    Disable = 1,
    Clear = 2,
}

/// <summary>Request <see cref="MessageType.ModifyBreakpoint"/>; needs a stopped guest.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ModifyBreakpointRequest
{
    /// <summary>The breakpoint's number, or <see cref="LinkProtocol.All"/>.</summary>
    public uint Id;
    public BreakpointOperation Operation;
}

/// <summary>Row of <see cref="MessageType.ListBreakpoints"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct BreakpointRow
{
    public uint Id;
    public BreakpointFlags Flags;

    /// <summary>As it was given; 0 where it was given as a physical one.</summary>
    public ulong Address;
    public ulong PhysicalAddress;
    public uint Pid;
    public uint Core;

    /// <summary>How often it stopped the guest.</summary>
    public ulong Hits;
}
