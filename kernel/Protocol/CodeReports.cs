using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>Why a run of machine code ended before its end.</summary>
public enum BlobFaultKind : byte
{
    None = 0,

    /// <summary>An exception; <see cref="BlobFault.Vector"/> says which.</summary>
    Exception = 1,

    /// <summary>It ran too long.</summary>
    TimeLimit = 2,

    /// <summary>Contained code executed an instruction that leaves its context; the detail is the basic exit reason.</summary>
    ForbiddenInstruction = 3,

    /// <summary>The processor refused to enter the context; the detail is the exit reason or VM-instruction error. HvKernel's own fault.</summary>
    EntryFailed = 4,

    /// <summary>
    /// A script ended itself, or a helper ended it: the detail is a <see cref="ScriptFailure"/>, the address what it is about, RIP the address behind the call.
    /// </summary>
    ScriptFailure = 5,
}

/// <summary>Payload of <see cref="MessageType.BlobFault"/>: code of an event failed, and the event is disabled.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlobFault
{
    public uint EventId;

    /// <summary>Number of the action from 0, or <see cref="EventPart.Condition"/>.</summary>
    public ushort Part;
    public BlobFaultKind Kind;
    public RunManner Manner;
    public byte Vector;
    public byte Context;
    public byte Processor;

    /// <summary>Bytes of <see cref="Instruction"/> that could be read.</summary>
    public byte InstructionLength;
    public uint Detail;
    public ulong Tick;

    /// <summary>Error code of the exception, or 0.</summary>
    public ulong ErrorCode;

    /// <summary>Of a page fault the address; else 0.</summary>
    public ulong Address;
    public ulong Rip;

    /// <summary>Where the code stands: RIP less this is the offset, where it is less than <see cref="CodeBytes"/>.</summary>
    public ulong CodeAddress;
    public uint CodeBytes;
    public uint Reserved;

    /// <summary>Registers of the code, not the guest's.</summary>
    public GuestRegisters Registers;
    public ulong Rflags;
    public fixed byte Instruction[16];
}

/// <summary>
/// Head of one part of <see cref="MessageType.BufferPart"/>: bytes that an action returned a pointer to. All parts of one delivery follow each other;
/// a delivery is queued whole or dropped whole.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct BufferPart
{
    public uint EventId;
    public ushort Action;
    public byte Context;
    public byte Processor;
    public ulong Tick;

    /// <summary>The pointer that was returned.</summary>
    public ulong Address;

    /// <summary>Bytes of the whole delivery, and where this part begins in it.</summary>
    public uint TotalBytes;
    public uint Offset;

    /// <summary>Bytes that follow. Another head may follow them in the same frame.</summary>
    public uint Bytes;
    public uint Reserved;
}
