using HvKernel.Boot.Uefi;

namespace HvKernel.Boot;

/// <summary>
/// Takes the debug UART away from the firmware. Many firmwares use every serial port as a console: their text would stand between the link's
/// frames, and once the ports are hidden a driver that reads the line status as all ones takes it for endless input.
/// </summary>
public static unsafe class FirmwareSerial
{
    private const uint ByProtocol = 2;
    private const byte AcpiDevicePath = 2;
    private const byte EndNode = 0x7F;

    // EISA id PNP0501 as ACPI device paths encode it.
    private const uint Pnp0501 = 0x0501_41D0;
    private const int MaximumNodes = 32;

    /// <summary>Disconnects the drivers from the UART at a port; nothing happens where firmware does not know it.</summary>
    public static void Release(in Firmware firmware, ushort port)
    {
        var guid = Guid.SerialIo;
        ulong count;
        void** handles;
        if (FirmwareCall.Invoke(firmware.Services->LocateHandleBuffer, ByProtocol, (ulong)&guid, 0, (ulong)&count, (ulong)&handles) != EfiStatus.Success)
        {
            return;
        }

        for (ulong i = 0; i < count; i++)
        {
            if (UnitOf((byte*)firmware.Protocol(handles[i], Guid.DevicePath)) == UnitAt(port))
            {
                FirmwareCall.Invoke(firmware.Services->DisconnectController, (ulong)handles[i], 0, 0);
            }
        }
    }

    // The PC's four serial ports in the order in which firmware numbers them.
    private static uint UnitAt(ushort port) => port switch
    {
        0x3F8 => 0,
        0x2F8 => 1,
        0x3E8 => 2,
        0x2E8 => 3,
        _ => uint.MaxValue - 1,
    };

    private static uint UnitOf(byte* path)
    {
        for (var i = 0; path != null && i < MaximumNodes && path[0] != EndNode; i++)
        {
            if (path[0] == AcpiDevicePath && *(uint*)(path + 4) == Pnp0501)
            {
                return *(uint*)(path + 8);
            }

            path += *(ushort*)(path + 2);
        }

        return uint.MaxValue;
    }
}
