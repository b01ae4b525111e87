using System.Runtime.InteropServices;

namespace HvKernel.Boot.Uefi;

/// <summary>EFI_RUNTIME_SERVICES, as far as it is used.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct RuntimeServices
{
    public TableHeader Header;
    public void* GetTime;
    public void* SetTime;
    public void* GetWakeupTime;
    public void* SetWakeupTime;
    public void* SetVirtualAddressMap;
    public void* ConvertPointer;
    public void* GetVariable;
    public void* GetNextVariableName;
    public void* SetVariable;
    public void* GetNextHighMonotonicCount;
    public void* ResetSystem;
}

/// <summary>EFI_TIME.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FirmwareTime
{
    public ushort Year;
    public byte Month;
    public byte Day;
    public byte Hour;
    public byte Minute;
    public byte Second;
    public byte Padding1;
    public uint Nanosecond;
    public short TimeZone;
    public byte Daylight;
    public byte Padding2;
}

/// <summary>Attributes of variables.</summary>
public static class VariableAttributes
{
    public const ulong NonVolatile = 1;
    public const ulong BootServiceAccess = 2;
    public const ulong RuntimeAccess = 4;
}
