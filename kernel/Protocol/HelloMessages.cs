using System;
using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>What the target can do, as bits.</summary>
[Flags]
public enum TargetCapabilities : uint
{
    None = 0,

    /// <summary>Mode-based execute control for EPT, by which <c>!mode</c> catches transitions.</summary>
    ModeBasedExecute = 1,

    /// <summary>Execute-only EPT entries.</summary>
    ExecuteOnly = 2,

    /// <summary>Monitor trap flag.</summary>
    MonitorTrap = 4,

    /// <summary>Transitions are caught by shadow roots, because there is no mode-based execute control.</summary>
    ShadowRoots = 8,
}

/// <summary>Request <see cref="MessageType.Hello"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct HelloRequest
{
    public uint ProtocolVersion;

    /// <summary>How the console works; version 1 did not have this word.</summary>
    public AttachManner Manner;
}

/// <summary>How a console works with the guest.</summary>
public enum AttachManner : uint
{
    /// <summary>Breaks and pauses stop the guest.</summary>
    Debugger = 0,

    /// <summary>Nothing stops the guest: breaks and pauses are refused, and those of events set before are only counted.</summary>
    Observer = 1,
}

/// <summary>Reply to <see cref="MessageType.Hello"/>. Sent with status Ok whatever the console's version, so that both can say what differs.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct HelloReply
{
    public ReplyHeader Header;
    public uint ProtocolVersion;
    public TargetCapabilities Capabilities;
    public ushort Processors;
    public ushort MaximumPayload;

    /// <summary>Ticks of the time-stamp counter a second.</summary>
    public ulong TickFrequency;

    /// <summary>Differs from boot to boot: a console that sees another value attached to a machine that has been reset.</summary>
    public ulong BootId;

    /// <summary>First bytes of the image's build identity.</summary>
    public fixed byte BuildId[16];
}
