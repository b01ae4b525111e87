using System;
using HvKernel.Boot.Uefi;
using HvKernel.Link;
using HvKernel.Memory;

namespace HvKernel.Boot;

/// <summary>Firmware services that the boot part uses. Nothing of this is called after the next program has started.</summary>
public readonly unsafe struct Firmware
{
    private const uint AllocateAnyPages = 0;
    private const uint AllocateAddress = 2;
    private const ulong OpenRead = 1;

    private readonly void* _image;
    private readonly SystemTable* _system;

    public Firmware(void* image, SystemTable* system)
    {
        _image = image;
        _system = system;
    }

    public BootServices* Services => _system->BootServices;

    public RuntimeServices* RuntimeServices => (RuntimeServices*)_system->RuntimeServices;

    public void* Image => _image;

    /// <summary>The program's own image and where it came from; null if firmware does not tell.</summary>
    public LoadedImage* Self => (LoadedImage*)Protocol(_image, Guid.LoadedImage);

    /// <summary>An interface of a handle, or null.</summary>
    public void* Protocol(void* handle, Guid guid)
    {
        void* found = null;
        return FirmwareCall.Invoke(Services->HandleProtocol, (ulong)handle, (ulong)&guid, (ulong)&found) == EfiStatus.Success ? found : null;
    }

    /// <summary>A table that firmware publishes for the OS, or null.</summary>
    public byte* ConfigurationTable(Guid id)
    {
        for (ulong i = 0; i < _system->ConfigurationTables; i++)
        {
            var entry = &_system->ConfigurationTable[i];
            if (entry->Id.Low == id.Low && entry->Id.High == id.High)
            {
                return entry->Table;
            }
        }

        return null;
    }

    /// <summary>Pages of a kind, or 0.</summary>
    public ulong Allocate(MemoryKind kind, ulong pages)
    {
        ulong address = 0;
        return FirmwareCall.Invoke(Services->AllocatePages, AllocateAnyPages, (ulong)kind, pages, (ulong)&address) == EfiStatus.Success ? address : 0;
    }

    /// <summary>Takes the pages at an address; false where they are not free.</summary>
    public bool TryAllocateAt(ulong address, MemoryKind kind, ulong pages) =>
        FirmwareCall.Invoke(Services->AllocatePages, AllocateAddress, (ulong)kind, pages, (ulong)&address) == EfiStatus.Success;

    /// <summary>Gives pages back.</summary>
    public void Free(ulong address, ulong pages) => FirmwareCall.Invoke(Services->FreePages, address, pages);

    /// <summary>Waits by the firmware's own clock.</summary>
    public void Stall(ulong microseconds) => FirmwareCall.Invoke(Services->Stall, microseconds);

    /// <summary>
    /// A file of the volume that the program was started from, in pages that stay allocated; null where it does not exist or is larger
    /// than <paramref name="capacity"/>.
    /// </summary>
    public byte* ReadFile(char* path, ulong capacity, out int length)
    {
        length = 0;
        var self = Self;
        var volume = self == null ? null : (SimpleFileSystem*)Protocol(self->DeviceHandle, Guid.SimpleFileSystem);
        FileProtocol* root;
        if (volume == null || FirmwareCall.Invoke(volume->OpenVolume, (ulong)volume, (ulong)&root) != EfiStatus.Success)
        {
            return null;
        }

        byte* content = null;
        FileProtocol* file;
        if (FirmwareCall.Invoke(root->Open, (ulong)root, (ulong)&file, (ulong)path, OpenRead) == EfiStatus.Success)
        {
            var size = capacity;
            content = (byte*)Allocate(MemoryKind.LoaderData, Page.Count(capacity));
            if (content != null && FirmwareCall.Invoke(file->Read, (ulong)file, (ulong)&size, (ulong)content) == EfiStatus.Success)
            {
                length = (int)size;
            }
            else
            {
                content = null;
            }

            FirmwareCall.Invoke(file->Close, (ulong)file);
        }

        FirmwareCall.Invoke(root->Close, (ulong)root);
        return content;
    }

    /// <summary>Prints ASCII on the firmware's console.</summary>
    public void Print(ReadOnlySpan<byte> text)
    {
        fixed (byte* bytes = text)
        {
            Print(bytes, text.Length);
        }
    }

    /// <summary>Prints ASCII on the firmware's console.</summary>
    public void Print(byte* bytes, int count)
    {
        var text = default(ConsoleLine);
        var console = _system->ConOut;
        if (console == null)
        {
            return;
        }

        for (var done = 0; done < count;)
        {
            var piece = 0;
            while (done < count && piece < ConsoleLine.Capacity - 1)
            {
                text.Characters[piece++] = (char)bytes[done++];
            }

            text.Characters[piece] = '\0';
            FirmwareCall.Invoke(console->OutputString, (ulong)console, (ulong)text.Characters);
        }
    }

    /// <summary>Adds the RAM of the firmware's memory map to <paramref name="ram"/>; false where there is no map.</summary>
    public bool ReadMemoryMap(ref RamMap ram)
    {
        ulong size = 0;
        ulong key;
        ulong descriptorSize;
        uint version;
        if (FirmwareCall.Invoke(Services->GetMemoryMap, (ulong)&size, 0, (ulong)&key, (ulong)&descriptorSize, (ulong)&version) != EfiStatus.BufferTooSmall)
        {
            return false;
        }

        // The allocation itself may add descriptors.
        size += 16 * descriptorSize;
        var map = (byte*)Allocate(MemoryKind.BootServicesData, Page.Count(size));
        if (map == null || FirmwareCall.Invoke(Services->GetMemoryMap, (ulong)&size, (ulong)map, (ulong)&key, (ulong)&descriptorSize, (ulong)&version) != EfiStatus.Success)
        {
            return false;
        }

        for (ulong at = 0; at + descriptorSize <= size; at += descriptorSize)
        {
            var descriptor = (MemoryDescriptor*)(map + at);
            if (descriptor->Kind is >= MemoryKind.LoaderCode and <= MemoryKind.Conventional or MemoryKind.AcpiReclaim or MemoryKind.AcpiNvs)
            {
                ram.Add(descriptor->PhysicalStart, descriptor->PhysicalStart + (descriptor->Pages * Page.Bytes));
            }
        }

        return true;
    }

    private struct ConsoleLine
    {
        public const int Capacity = 128;
        public fixed char Characters[Capacity];
    }
}
