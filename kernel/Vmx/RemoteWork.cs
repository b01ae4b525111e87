using System;
using HvKernel.Protocol;

namespace HvKernel.Vmx;

/// <summary>What one processor can ask another one to do.</summary>
[Flags]
public enum RemoteWork : uint
{
    None = 0,

    /// <summary>To bring what it traps in line with the events.</summary>
    Refresh = 1,

    /// <summary>To carry out <see cref="RemoteRequest"/>.</summary>
    Request = 2,

    /// <summary>To describe itself in a <see cref="ProcessorRow"/>.</summary>
    Describe = 4,

    /// <summary>To bring #BP exits and the hierarchies of the EPT in line with the breakpoints.</summary>
    Breakpoints = 8,

    /// <summary>To stand still for ever: another processor panics.</summary>
    Panic = 0x100,
}

/// <summary>A request of the console's for another processor than the one that serves the link: only there its VMCS can be read.</summary>
public unsafe struct RemoteRequest
{
    public MessageType Type;
    public int Length;
    public byte* Payload;

    /// <summary>Where the reply goes, or the row.</summary>
    public byte* Reply;

    /// <summary>Length of the reply.</summary>
    public int ReplyLength;
}
