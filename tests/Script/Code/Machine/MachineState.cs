using System.Runtime.InteropServices;

namespace HvDbg.Script.Tests.Code.Machine;

/// <summary>What the harness' own machine code and its C# share. Offsets are known to <see cref="MachineThunks"/>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 0x200)]
internal unsafe struct MachineState
{
    /// <summary>The test's stack while a script runs.</summary>
    [FieldOffset(0x00)]
    internal ulong HostStack;

    /// <summary>The script's code while it runs; faults anywhere else are not its.</summary>
    [FieldOffset(0x08)]
    internal ulong CodeStart;

    [FieldOffset(0x10)]
    internal ulong CodeEnd;

    /// <summary>1: a helper has ended the script.</summary>
    [FieldOffset(0x18)]
    internal ulong Ended;

    [FieldOffset(0x20)]
    internal ulong FaultRip;

    [FieldOffset(0x28)]
    internal ulong FaultAddress;

    [FieldOffset(0x30)]
    internal ulong FaultSignal;

    /// <summary>The script's stack pointer at a helper call, then at its end.</summary>
    [FieldOffset(0x38)]
    internal ulong ScriptStack;

    /// <summary>Helper calls with a stack that is not aligned.</summary>
    [FieldOffset(0x40)]
    internal ulong Misaligned;

    [FieldOffset(0x48)]
    internal ulong Result;

    /// <summary>Instructions of the script so far, while <see cref="IsStepped"/> is not 0.</summary>
    [FieldOffset(0x50)]
    internal ulong Steps;

    [FieldOffset(0x58)]
    internal ulong IsStepped;

    /// <summary>Handlers from before, by signal.</summary>
    [FieldOffset(0x100)]
    internal fixed ulong Handlers[32];
}
