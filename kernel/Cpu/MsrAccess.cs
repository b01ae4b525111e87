using System.Runtime;
using System.Runtime.CompilerServices;

namespace HvKernel.Cpu;

/// <summary>RDMSR, WRMSR, XGETBV and XSETBV that survive a #GP: the fault answers false. Bodies: boot/asm/faultable.asm.</summary>
public static unsafe class MsrAccess
{
    /// <summary>Reads; <paramref name="value"/> is untouched where the processor refuses.</summary>
    [RuntimeImport("*", "HvkTryRdmsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern byte TryRdmsr(uint index, ulong* value);

    [RuntimeImport("*", "HvkTryWrmsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern byte TryWrmsr(uint index, ulong value);

    [RuntimeImport("*", "HvkTryXsetbv")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern byte TryXsetbvRaw(uint register, ulong value);

    /// <summary>Reads an MSR. False, and 0, where the processor raises #GP.</summary>
    public static bool TryRead(uint index, out ulong value)
    {
        ulong read = 0;
        var done = TryRdmsr(index, &read) != 0;
        value = read;
        return done;
    }

    /// <summary>Writes an MSR. False where the processor raises #GP.</summary>
    public static bool TryWrite(uint index, ulong value) => TryWrmsr(index, value) != 0;

    /// <summary>Writes an extended control register. False where the processor raises #GP.</summary>
    public static bool TryXsetbv(uint register, ulong value) => TryXsetbvRaw(register, value) != 0;

    /// <summary>Reads an MSR that every processor of this kind has; 0 if it should be missing after all.</summary>
    public static ulong Read(uint index)
    {
        TryRead(index, out var value);
        return value;
    }
}
