using HvKernel.Cpu;

namespace HvKernel.Vmx;

/// <summary>What happens to an access to an MSR.</summary>
public enum MsrTreatment : byte
{
    /// <summary>As on the bare processor.</summary>
    Pass = 0,

    /// <summary>#GP, as where the register does not exist.</summary>
    Refuse = 1,

    /// <summary>Answered without the processor: reads give a fixed value, writes are swallowed.</summary>
    Emulate = 2,
}

/// <summary>Which MSRs the guest does not get directly, and the bitmap that says so to the processor. Pure.</summary>
public static unsafe class MsrPolicy
{
    private const uint LowRangeEnd = 0x2000;
    private const uint HighRangeStart = 0xC000_0000;
    private const uint HighRangeEnd = HighRangeStart + 0x2000;

    // SDM vol. 3C, "MSR-Bitmap Address": read low, read high, write low, write high, 1 KiB each.
    private const int ReadLow = 0;
    private const int ReadHigh = 1024;
    private const int WriteLow = 2048;
    private const int WriteHigh = 3072;

    /// <summary>Treatment of a read.</summary>
    public static MsrTreatment OnRead(uint index) => index switch
    {
        Msr.Ia32FeatureControl => MsrTreatment.Emulate,
        >= Msr.Ia32VmxBasic and <= Msr.Ia32VmxExitCtls2 => MsrTreatment.Refuse,
        _ => MsrTreatment.Pass,
    };

    /// <summary>Treatment of a write. A microcode update from non-root operation is unsafe (SDM vol. 3C, "Microcode Update Facility"): swallowed.</summary>
    public static MsrTreatment OnWrite(uint index) => index switch
    {
        Msr.Ia32FeatureControl => MsrTreatment.Refuse,
        Msr.Ia32BiosUpdtTrig => MsrTreatment.Emulate,
        >= Msr.Ia32VmxBasic and <= Msr.Ia32VmxExitCtls2 => MsrTreatment.Refuse,
        _ => MsrTreatment.Pass,
    };

    /// <summary>Writes the bitmap of 4096 zeroed bytes: a bit is set where an access is not passed.</summary>
    public static void FillBitmap(byte* bitmap)
    {
        for (uint index = 0; index < LowRangeEnd; index++)
        {
            Set(bitmap, ReadLow, index, OnRead(index));
            Set(bitmap, WriteLow, index, OnWrite(index));
        }

        for (var index = HighRangeStart; index < HighRangeEnd; index++)
        {
            Set(bitmap, ReadHigh, index - HighRangeStart, OnRead(index));
            Set(bitmap, WriteHigh, index - HighRangeStart, OnWrite(index));
        }
    }

    private static void Set(byte* bitmap, int part, uint bit, MsrTreatment treatment)
    {
        if (treatment != MsrTreatment.Pass)
        {
            bitmap[part + (bit >> 3)] |= (byte)(1 << (int)(bit & 7));
        }
    }
}
