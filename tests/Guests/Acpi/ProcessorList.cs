using HvKernel.Boot.Uefi;

namespace HvKernel.Guests.Acpi;

/// <summary>The local APIC ids of the processors, the one that boots first.</summary>
internal unsafe struct ProcessorList
{
    public int Count;

    /// <summary>One byte each: more than 254 is an x2APIC's, which these tables do not describe.</summary>
    public fixed byte ApicIds[Options.MaximumProcessors];

    /// <summary>Asks the firmware's multi-processor services; without them there are <paramref name="wanted"/> processors, ids from 0.</summary>
    public void Find(BootServices* services, int wanted)
    {
        Count = 0;
        var guid = Guid.MpServices;
        MpServices* firmware;
        if (FirmwareCall.Invoke(services->LocateProtocol, (ulong)&guid, 0, (ulong)&firmware) == EfiStatus.Success)
        {
            Ask(firmware);
        }

        if (Count == 0)
        {
            while (Count < wanted)
            {
                ApicIds[Count] = (byte)Count;
                Count++;
            }
        }
    }

    private void Ask(MpServices* firmware)
    {
        ulong all;
        ulong enabled;
        if (FirmwareCall.Invoke(firmware->GetNumberOfProcessors, (ulong)firmware, (ulong)&all, (ulong)&enabled) != EfiStatus.Success)
        {
            return;
        }

        for (ulong number = 0; number < all && Count < Options.MaximumProcessors; number++)
        {
            ProcessorInformation information = default;
            if (FirmwareCall.Invoke(firmware->GetProcessorInfo, (ulong)firmware, number, (ulong)&information) == EfiStatus.Success
                && (information.Status & ProcessorInformation.IsEnabled) != 0)
            {
                ApicIds[Count++] = (byte)information.ApicId;
            }
        }
    }
}
