using System.Runtime.InteropServices;

// UEFI 2.x structures, only as far as they are used; names and order are the specification's. Functions are
// addresses, called through FirmwareCall.
namespace HvKernel.Boot.Uefi;

/// <summary>EFI_STATUS: 0, or an error with the highest bit set.</summary>
public static class EfiStatus
{
    public const ulong Success = 0;
    public const ulong LoadError = Error | 1;
    public const ulong InvalidParameter = Error | 2;
    public const ulong BufferTooSmall = Error | 5;
    public const ulong OutOfResources = Error | 9;
    public const ulong NotFound = Error | 14;
    private const ulong Error = 1UL << 63;
}

[StructLayout(LayoutKind.Sequential)]
public struct TableHeader
{
    public ulong Signature;
    public uint Revision;
    public uint HeaderSize;
    public uint Crc32;
    public uint Reserved;
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct SystemTable
{
    public TableHeader Header;
    public char* FirmwareVendor;
    public uint FirmwareRevision;
    public void* ConsoleInHandle;
    public void* ConIn;
    public void* ConsoleOutHandle;
    public TextOutput* ConOut;
    public void* StandardErrorHandle;
    public void* StdErr;
    public void* RuntimeServices;
    public BootServices* BootServices;
    public ulong ConfigurationTables;
    public ConfigurationTable* ConfigurationTable;
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct ConfigurationTable
{
    public Guid Id;
    public byte* Table;
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct TextOutput
{
    public void* Reset;
    public void* OutputString;
}

public enum MemoryKind : uint
{
    Reserved = 0,
    LoaderCode = 1,
    LoaderData = 2,
    BootServicesCode = 3,
    BootServicesData = 4,
    RuntimeServicesCode = 5,
    RuntimeServicesData = 6,
    Conventional = 7,
    Unusable = 8,
    AcpiReclaim = 9,
    AcpiNvs = 10,
}

[StructLayout(LayoutKind.Sequential)]
public struct MemoryDescriptor
{
    public MemoryKind Kind;
    public ulong PhysicalStart;
    public ulong VirtualStart;
    public ulong Pages;
    public ulong Attributes;
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct BootServices
{
    public TableHeader Header;
    public void* RaiseTpl;
    public void* RestoreTpl;
    public void* AllocatePages;
    public void* FreePages;
    public void* GetMemoryMap;
    public void* AllocatePool;
    public void* FreePool;
    public void* CreateEvent;
    public void* SetTimer;
    public void* WaitForEvent;
    public void* SignalEvent;
    public void* CloseEvent;
    public void* CheckEvent;
    public void* InstallProtocolInterface;
    public void* ReinstallProtocolInterface;
    public void* UninstallProtocolInterface;
    public void* HandleProtocol;
    public void* Reserved;
    public void* RegisterProtocolNotify;
    public void* LocateHandle;
    public void* LocateDevicePath;
    public void* InstallConfigurationTable;
    public void* LoadImage;
    public void* StartImage;
    public void* Exit;
    public void* UnloadImage;
    public void* ExitBootServices;
    public void* GetNextMonotonicCount;
    public void* Stall;
    public void* SetWatchdogTimer;
    public void* ConnectController;
    public void* DisconnectController;
    public void* OpenProtocol;
    public void* CloseProtocol;
    public void* OpenProtocolInformation;
    public void* ProtocolsPerHandle;
    public void* LocateHandleBuffer;
    public void* LocateProtocol;
}

[StructLayout(LayoutKind.Sequential)]
public struct Guid
{
    public ulong Low;
    public ulong High;

    public Guid(ulong low, ulong high)
    {
        Low = low;
        High = high;
    }

    // 5b1b31a1-9562-11d2-8e3f-00a0c969723b; each value below is the id's 16 bytes as they stand in memory.
    public static Guid LoadedImage => new(0x11D2_9562_5B1B_31A1, 0x3B72_69C9_A000_3F8E);

    public static Guid DevicePath => new(0x11D2_6D3F_0957_6E91, 0x3B72_69C9_A000_398E);

    // bb25cf6f-f1d4-11d2-9a0c-0090273fc1fd
    public static Guid SerialIo => new(0x11D2_F1D4_BB25_CF6F, 0xFDC1_3F27_9000_0C9A);

    // 8868e871-e4f1-11d3-bc22-0080c73c8881
    public static Guid Acpi20 => new(0x11D3_E4F1_8868_E871, 0x8188_3CC7_8000_22BC);

    // eb9d2d30-2d88-11d3-9a16-0090273fc14d
    public static Guid Acpi10 => new(0x11D3_2D88_EB9D_2D30, 0x4DC1_3F27_9000_169A);

    // 3fdda605-a76e-4f46-ad29-12f4531b3d08
    public static Guid MpServices => new(0x4F46_A76E_3FDD_A605, 0x083D_1B53_F412_29AD);

    public static Guid SimpleFileSystem => new(0x11D2_6459_964E_5B22, 0x3B72_69C9_A000_398E);
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct LoadedImage
{
    public uint Revision;
    public void* ParentHandle;
    public SystemTable* SystemTable;
    public void* DeviceHandle;
    public void* FilePath;
    public void* Reserved;
    public uint LoadOptionsSize;
    public void* LoadOptions;
    public void* ImageBase;
    public ulong ImageSize;
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct SimpleFileSystem
{
    public ulong Revision;
    public void* OpenVolume;
}

[StructLayout(LayoutKind.Sequential)]
public unsafe struct FileProtocol
{
    public ulong Revision;
    public void* Open;
    public void* Close;
    public void* Delete;
    public void* Read;
}
