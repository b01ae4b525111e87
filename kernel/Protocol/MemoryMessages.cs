using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>Which addresses a memory request means.</summary>
public enum AddressSpace : uint
{
    /// <summary>Virtual, through the tables that are current on the named processor.</summary>
    Current = 0,

    /// <summary>Guest-physical.</summary>
    Physical = 1,

    /// <summary>Virtual, through the tables at the given page root.</summary>
    PageRoot = 2,
}

/// <summary>Request <see cref="MessageType.ReadMemory"/>, and the start of <see cref="MessageType.WriteMemory"/>, whose bytes follow.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct MemoryRequest
{
    public uint Processor;
    public AddressSpace Space;
    public ulong PageRoot;
    public ulong Address;

    /// <summary>Bytes; with a read at most <see cref="Frame.MaximumPayload"/> minus the size of <see cref="MemoryReply"/>.</summary>
    public uint Length;
}

/// <summary>Reply to memory requests; with a read the bytes follow. Fewer than asked for together with NotMapped or NotRam.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct MemoryReply
{
    public ReplyHeader Header;
    public uint Length;
}

/// <summary>Reply to <see cref="MessageType.Translate"/>, whose request is a <see cref="MemoryRequest"/> with length 0.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct TranslateReply
{
    public ReplyHeader Header;
    public ulong PhysicalAddress;
    public ulong PageBytes;

    /// <summary>Levels that were read, from the top.</summary>
    public uint Levels;
    public uint Reserved;
    public fixed ulong EntryAddress[5];
    public fixed ulong Entry[5];
}
