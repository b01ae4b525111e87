using HvKernel.Boot.Uefi;
using HvKernel.Memory;

namespace HvKernel.Boot;

/// <summary>Loads and starts the program that the configuration names: a kernel with an EFI stub, a boot manager, a test.</summary>
public static unsafe class NextProgram
{
    private const byte MediaDevicePath = 4;
    private const byte FilePathNode = 4;
    private const byte EndNode = 0x7F;
    private const byte EndEntire = 0xFF;
    private const int MaximumDevicePath = 2048;

    /// <summary>
    /// Comes back only when the program does, or could not be loaded. <paramref name="started"/> tells which.
    /// </summary>
    public static ulong Start(in Firmware firmware, Configuration* configuration, out bool started)
    {
        started = false;
        var path = DevicePath(firmware, configuration->Next);
        if (path == null)
        {
            return EfiStatus.OutOfResources;
        }

        void* image;
        var status = FirmwareCall.Invoke(firmware.Services->LoadImage, 0, (ulong)firmware.Image, (ulong)path, 0, 0, (ulong)&image);
        if (status != EfiStatus.Success)
        {
            return status;
        }

        var loaded = (LoadedImage*)firmware.Protocol(image, Guid.LoadedImage);
        if (loaded != null)
        {
            loaded->LoadOptions = configuration->Arguments;
            loaded->LoadOptionsSize = (uint)(2 * (Length(configuration->Arguments) + 1));
        }

        // Five minutes without ExitBootServices would reset the machine; a debugger may hold it longer.
        FirmwareCall.Invoke(firmware.Services->SetWatchdogTimer, 0);
        started = true;
        return FirmwareCall.Invoke(firmware.Services->StartImage, (ulong)image);
    }

    // The volume's own path, a file node, the end.
    private static byte* DevicePath(in Firmware firmware, char* file)
    {
        var self = firmware.Self;
        var device = self == null ? null : (byte*)firmware.Protocol(self->DeviceHandle, Guid.DevicePath);
        var path = (byte*)firmware.Allocate(MemoryKind.LoaderData, Page.Count(MaximumDevicePath));
        if (device == null || path == null)
        {
            return null;
        }

        var at = 0;
        while (device[0] != EndNode)
        {
            int size = *(ushort*)(device + 2);
            if (size < 4 || at + size > MaximumDevicePath - 512)
            {
                return null;
            }

            for (var i = 0; i < size; i++)
            {
                path[at++] = device[i];
            }

            device += size;
        }

        var nameBytes = 2 * (Length(file) + 1);
        path[at] = MediaDevicePath;
        path[at + 1] = FilePathNode;
        *(ushort*)(path + at + 2) = (ushort)(4 + nameBytes);
        at += 4;
        for (var i = 0; i < nameBytes; i++)
        {
            path[at++] = ((byte*)file)[i];
        }

        path[at] = EndNode;
        path[at + 1] = EndEntire;
        *(ushort*)(path + at + 2) = 4;
        return path;
    }

    private static int Length(char* text)
    {
        var length = 0;
        while (text[length] != 0)
        {
            length++;
        }

        return length;
    }
}
