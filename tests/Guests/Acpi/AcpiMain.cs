using System;
using System.Runtime;
using System.Runtime.InteropServices;
using HvKernel.Boot.Uefi;

namespace HvKernel.Guests.Acpi;

/// <summary>From the firmware's call to the next program's start.</summary>
internal static unsafe class AcpiMain
{
    private const ulong AllocateMaxAddress = 1;
    private const ulong Below4GiB = uint.MaxValue;

    // 8868e871-e4f1-11d3-bc22-0080c73c8881, and eb9d2d30-2d88-11d3-9a16-0090273fc14d of ACPI 1.0.
    private static Guid Acpi20 => new(0x11D3_E4F1_8868_E871, 0x8188_3CC7_8000_22BC);

    private static Guid Acpi10 => new(0x11D3_2D88_EB9D_2D30, 0x4DC1_3F27_9000_169A);

    [RuntimeExport("AcpiMain")]
    public static ulong Main(void* image, SystemTable* system)
    {
        var services = system->BootServices;
        var text = new FirmwareText(system->ConOut);
        var guid = Guid.LoadedImage;
        LoadedImage* self;
        var status = FirmwareCall.Invoke(services->HandleProtocol, (ulong)image, (ulong)&guid, (ulong)&self);
        if (status != EfiStatus.Success)
        {
            return status;
        }

        Options options = default;
        if (!options.Parse((char*)self->LoadOptions, (int)self->LoadOptionsSize / sizeof(char)))
        {
            text.Refuse(options);
            return EfiStatus.InvalidParameter;
        }

        if (Has(system, Acpi20))
        {
            text.Line("acpi: the firmware's own tables stay"u8);
        }
        else
        {
            status = Publish(services, options, out var count);
            if (status != EfiStatus.Success)
            {
                text.Line("acpi: error: the firmware does not take the tables"u8);
                return status;
            }

            text.Decimal("acpi: tables for "u8, count, " processors"u8);
        }

        status = NextProgram.Start(image, services, self->DeviceHandle, options);
        if (status != EfiStatus.Success)
        {
            text.Line("acpi: error: the next program does not start, or came back with an error"u8);
        }

        return status;
    }

    /// <summary>Where checks that the compiler made end.</summary>
    [RuntimeExport("HvkRuntimeFailure")]
    public static void RuntimeFailure(uint failure)
    {
        while (true)
        {
        }
    }

    private static bool Has(SystemTable* system, Guid guid)
    {
        for (ulong i = 0; i < system->ConfigurationTables; i++)
        {
            var id = system->ConfigurationTable[i].Id;
            if (id.Low == guid.Low && id.High == guid.High)
            {
                return true;
            }
        }

        return false;
    }

    private static ulong Publish(BootServices* services, in Options options, out int count)
    {
        ProcessorList processors = default;
        processors.Find(services, options.Processors);
        count = processors.Count;

        // The OS may take the tables' own memory once it has read them; the FACS is in use for ever (ACPI 6.5, "Firmware ACPI Control Structure").
        var tables = Below4GiB;
        var control = Below4GiB;
        var status = FirmwareCall.Invoke(services->AllocatePages, AllocateMaxAddress, (ulong)MemoryKind.AcpiReclaim, 1, (ulong)&tables);
        if (status == EfiStatus.Success)
        {
            status = FirmwareCall.Invoke(services->AllocatePages, AllocateMaxAddress, (ulong)MemoryKind.AcpiNvs, 1, (ulong)&control);
        }

        if (status != EfiStatus.Success)
        {
            return status;
        }

        var root = AcpiTables.Write((byte*)tables, (byte*)control, processors, options.Suspend);
        var newer = Acpi20;
        var older = Acpi10;
        status = FirmwareCall.Invoke(services->InstallConfigurationTable, (ulong)&newer, (ulong)root);
        return status == EfiStatus.Success
            ? FirmwareCall.Invoke(services->InstallConfigurationTable, (ulong)&older, (ulong)root)
            : status;
    }
}
