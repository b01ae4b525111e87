using HvKernel.Boot.Uefi;
using HvKernel.Memory;

namespace HvKernel.Boot.Acpi;

/// <summary>Suspend to RAM as the OS is offered it.</summary>
public static unsafe class Suspend
{
    /// <summary>Takes it away; answers whether it was offered.</summary>
    public static bool Hide(in Firmware firmware)
    {
        var pointer = firmware.ConfigurationTable(Guid.Acpi20);
        pointer = pointer == null ? firmware.ConfigurationTable(Guid.Acpi10) : pointer;

        // The map is read anew: HvKernel's own copy is hidden once it runs.
        RamMap ram = default;
        var memory = new PhysicalMemory(&ram, 0, 0);
        return pointer != null && firmware.ReadMemoryMap(ref ram) && AcpiTables.HideSuspend(ref memory, (ulong)pointer);
    }
}
