using HvKernel.Boot.Uefi;
using HvKernel.Link;
using HvKernel.Memory;

namespace HvKernel.Boot;

/// <summary>
/// The place of the log that a warm reset leaves alone: one of a few fixed addresses, in the middle of memory where firmware does not work, so that the next
/// boot finds it without being told.
/// </summary>
public readonly unsafe struct SurvivingLog
{
    private const int Places = 6;

    /// <summary>The log of this boot; null where all the places are taken.</summary>
    public readonly byte* Current;

    /// <summary>Text of the boot before, in memory of the loader's; null where there is none.</summary>
    public readonly byte* Previous;
    public readonly uint PreviousBytes;

    /// <summary>Whether the boot before has shown that it worked.</summary>
    public readonly bool WasProven;

    /// <summary>Looks for what the boot before has left, and starts the log of this one.</summary>
    public SurvivingLog(in Firmware firmware)
    {
        Current = null;
        Previous = null;
        PreviousBytes = 0;
        WasProven = false;
        for (var i = 0; i < Places; i++)
        {
            // What can be taken is RAM, and nobody's.
            var place = (byte*)Place(i);
            if (!firmware.TryAllocateAt((ulong)place, MemoryKind.Reserved, LogRing.MemoryBytes / Page.Bytes))
            {
                continue;
            }

            if (Previous == null && LogRing.Length(place) != 0)
            {
                WasProven = LogRing.IsProven(place);
                Previous = (byte*)firmware.Allocate(MemoryKind.LoaderData, LogRing.MemoryBytes / Page.Bytes);
                PreviousBytes = Previous == null ? 0 : (uint)LogRing.Read(place, 0, Previous, (int)LogRing.Capacity);
            }

            if (Current == null)
            {
                Current = place;
                continue;
            }

            *(ulong*)place = 0;
            firmware.Free((ulong)place, LogRing.MemoryBytes / Page.Bytes);
        }

        if (Current != null)
        {
            LogRing.Initialize(Current);
        }
    }

    /// <summary>Gives the place back; what stands there is left alone.</summary>
    public void Release(in Firmware firmware)
    {
        if (Current != null)
        {
            firmware.Free((ulong)Current, LogRing.MemoryBytes / Page.Bytes);
        }
    }

    // From 64 MiB on, where kernels are not loaded by default and firmware, which takes memory from its upper end, does not come.
    private static ulong Place(int index) => index switch
    {
        0 => 0x1000_0000,
        1 => 0x0C00_0000,
        2 => 0x0800_0000,
        3 => 0x0600_0000,
        4 => 0x2000_0000,
        _ => 0x4000_0000,
    };
}
