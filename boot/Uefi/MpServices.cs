using System.Runtime.InteropServices;

namespace HvKernel.Boot.Uefi;

/// <summary>EFI_MP_SERVICES_PROTOCOL (UEFI PI specification vol. 2, "MP Services Protocol").</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct MpServices
{
    public void* GetNumberOfProcessors;
    public void* GetProcessorInfo;
    public void* StartupAllAps;
    public void* StartupThisAp;
    public void* SwitchBsp;
    public void* EnableDisableAp;
    public void* WhoAmI;
}

/// <summary>EFI_PROCESSOR_INFORMATION.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct ProcessorInformation
{
    public ulong ApicId;
    public uint Status;
    public uint Package;
    public uint Core;
    public uint Thread;

    /// <summary>The extended location of newer revisions.</summary>
    public fixed uint Location[6];

    public const uint IsBootProcessor = 1;
    public const uint IsEnabled = 2;
}
