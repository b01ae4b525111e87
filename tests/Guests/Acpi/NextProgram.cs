using HvKernel.Boot.Uefi;

namespace HvKernel.Guests.Acpi;

/// <summary>Loads and starts the EFI program that the options name, from the volume that this one came from.</summary>
internal static unsafe class NextProgram
{
    private const byte MediaDevicePath = 4;
    private const byte FilePathNode = 4;
    private const byte EndNode = 0x7F;
    private const byte EndEntire = 0xFF;
    private const int NodeHeaderBytes = 4;

    /// <summary>Comes back only when the program does, with its status, or could not be loaded.</summary>
    public static ulong Start(void* image, BootServices* services, void* volume, in Options options)
    {
        var guid = Guid.DevicePath;
        byte* device;
        var status = FirmwareCall.Invoke(services->HandleProtocol, (ulong)volume, (ulong)&guid, (ulong)&device);
        if (status != EfiStatus.Success)
        {
            return status;
        }

        var deviceBytes = LengthOf(device);
        var nodeBytes = NodeHeaderBytes + (sizeof(char) * (options.NextLength + 1));
        byte* path;
        status = FirmwareCall.Invoke(
            services->AllocatePool, (ulong)MemoryKind.LoaderData, (ulong)(deviceBytes + nodeBytes + NodeHeaderBytes), (ulong)&path);
        if (status != EfiStatus.Success)
        {
            return status;
        }

        for (var i = 0; i < deviceBytes; i++)
        {
            path[i] = device[i];
        }

        WriteFileNode(path + deviceBytes, nodeBytes, options);
        WriteHeader(path + deviceBytes + nodeBytes, EndNode, EndEntire, NodeHeaderBytes);
        void* program;
        status = FirmwareCall.Invoke(services->LoadImage, 0, (ulong)image, (ulong)path, 0, 0, (ulong)&program);
        if (status != EfiStatus.Success)
        {
            return status;
        }

        guid = Guid.LoadedImage;
        LoadedImage* loaded;
        status = FirmwareCall.Invoke(services->HandleProtocol, (ulong)program, (ulong)&guid, (ulong)&loaded);
        if (status != EfiStatus.Success)
        {
            return status;
        }

        loaded->LoadOptions = options.Rest;
        loaded->LoadOptionsSize = (uint)(sizeof(char) * options.RestLength);
        return FirmwareCall.Invoke(services->StartImage, (ulong)program);
    }

    // Of the nodes before the end.
    private static int LengthOf(byte* path)
    {
        var length = 0;
        while (path[length] != EndNode)
        {
            length += *(ushort*)(path + length + 2);
        }

        return length;
    }

    private static void WriteFileNode(byte* node, int bytes, in Options options)
    {
        WriteHeader(node, MediaDevicePath, FilePathNode, bytes);
        var name = (char*)(node + NodeHeaderBytes);
        for (var i = 0; i < options.NextLength; i++)
        {
            name[i] = options.Next[i];
        }

        name[options.NextLength] = '\0';
    }

    private static void WriteHeader(byte* node, byte kind, byte subKind, int bytes)
    {
        node[0] = kind;
        node[1] = subKind;
        *(ushort*)(node + 2) = (ushort)bytes;
    }
}
