using System.Runtime.InteropServices;
using HvKernel.Protocol;

namespace HvKernel.Events.Code;

/// <summary>
/// What boot/asm/runner.asm and the interrupt stubs need of one processor, in a page of its own: read-only in the window, writable at its physical
/// address. Offsets are known to boot/asm/runner.inc.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 0x200)]
public unsafe struct RunContext
{
    /// <summary>1 while machine code runs in VMX root, from the change of address space to the way back.</summary>
    [FieldOffset(0x00)]
    public ulong Running;

    [FieldOffset(0x08)]
    public ulong HostCr3;

    [FieldOffset(0x10)]
    public ulong BlobCr3;

    [FieldOffset(0x18)]
    public ulong HostStack;

    [FieldOffset(0x20)]
    public ulong VCpu;

    /// <summary>Where the stubs call: outside runs, and during them.</summary>
    [FieldOffset(0x28)]
    public ulong HostHandler;

    [FieldOffset(0x30)]
    public ulong BlobHandler;

    [FieldOffset(0x38)]
    public ulong HostReturn;

    [FieldOffset(0x40)]
    public ulong HostEnded;

    [FieldOffset(0x48)]
    public ulong WindowEnter;

    /// <summary>Where the code begins, and its stack pointer then.</summary>
    [FieldOffset(0x50)]
    public ulong Code;

    [FieldOffset(0x58)]
    public ulong Stack;

    [FieldOffset(0x60)]
    public ulong Rflags;

    [FieldOffset(0x68)]
    public ulong GsBase;

    /// <summary>rcx, rdx and r8.</summary>
    [FieldOffset(0x70)]
    public ulong Argument0;

    [FieldOffset(0x78)]
    public ulong Argument1;

    [FieldOffset(0x80)]
    public ulong Argument2;

    /// <summary>rax at the end.</summary>
    [FieldOffset(0x88)]
    public ulong Result;

    /// <summary>Where the guest's vector state goes during the run, or 0; XCR0, or 0 for FXSAVE.</summary>
    [FieldOffset(0x90)]
    public ulong VectorArea;

    [FieldOffset(0x98)]
    public ulong VectorMask;

    /// <summary>1 while contained code has vector state of its own.</summary>
    [FieldOffset(0xA0)]
    public ulong VectorLive;

    // Below this the machine code knows nothing.

    /// <summary>Time-stamp counter at which the run ends, if it has not ended by itself.</summary>
    [FieldOffset(0xA8)]
    public ulong Deadline;

    [FieldOffset(0xB0)]
    public ulong Cr2;

    [FieldOffset(0xB8)]
    public ulong Dr6;

    /// <summary>The frame of the exception that ended the run is described here by the handler.</summary>
    [FieldOffset(0xC0)]
    public BlobFault* Fault;

    [FieldOffset(0x100)]
    public GuestRegisters Registers;

    [FieldOffset(0x180)]
    public fixed byte Xmm[96];
}
