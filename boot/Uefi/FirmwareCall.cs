using System.Runtime;
using System.Runtime.CompilerServices;

namespace HvKernel.Boot.Uefi;

/// <summary>
/// Calls a firmware function by address. C# function pointers will not do: the compiler keeps a mark in bit 1 of them, and firmware's
/// functions have no alignment. Body: boot/asm/firmware.asm.
/// </summary>
public static unsafe class FirmwareCall
{
    /// <summary>Up to seven arguments; those that the function does not have are ignored.</summary>
    [RuntimeImport("*", "HvkCallFirmware")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern ulong Call(void* function, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5, ulong a6, ulong a7);

    public static ulong Invoke(void* function, ulong a1, ulong a2 = 0, ulong a3 = 0, ulong a4 = 0, ulong a5 = 0, ulong a6 = 0, ulong a7 = 0) =>
        Call(function, a1, a2, a3, a4, a5, a6, a7);
}
