using HvKernel.Boot.Uefi;

namespace HvKernel.Boot;

/// <summary>The count of failed boots in the firmware's variables (<see cref="BootCount"/> decides).</summary>
public static unsafe class FailedBoots
{
    // An OS may read and delete it too.
    private const ulong Attributes = VariableAttributes.NonVolatile | VariableAttributes.BootServiceAccess | VariableAttributes.RuntimeAccess;

    // 9d3f6a5e-27c1-4b0e-8d56-0b6f4e1c7a42
    private static Guid Vendor => new(0x4B0E_27C1_9D3F_6A5E, 0x427A_1C4E_6F0B_568D);

    /// <summary>Counts this boot. False: it is to go without HvKernel; the number of boots that failed is in <paramref name="failed"/>.</summary>
    public static bool Begin(in Firmware firmware, bool wasProven, uint maximum, out uint failed, out bool isKept)
    {
        failed = 0;
        isKept = true;
        if (maximum == 0)
        {
            return true;
        }

        BootRecord before = default;
        ulong size = (ulong)sizeof(BootRecord);
        var vendor = Vendor;
        uint attributes;
        fixed (char* name = "HvKernelBoots")
        {
            var services = firmware.RuntimeServices;
            var status = FirmwareCall.Invoke(services->GetVariable, (ulong)name, (ulong)&vendor, (ulong)&attributes, (ulong)&size, (ulong)&before);
            if (status != EfiStatus.Success || size != (ulong)sizeof(BootRecord))
            {
                before = default;
            }

            var isSkipped = BootCount.IsSkipped(before, wasProven, Now(firmware), maximum, out var after);
            failed = isSkipped ? before.Begun : after.Begun - 1;
            size = isSkipped ? 0 : (ulong)sizeof(BootRecord);
            status = FirmwareCall.Invoke(services->SetVariable, (ulong)name, (ulong)&vendor, Attributes, size, (ulong)&after);

            // Where nothing can be kept no boot may be skipped: the next one would be, too, for ever.
            isKept = status == EfiStatus.Success;
            return !isSkipped || !isKept;
        }
    }

    /// <summary>Forgets the boots so far: this one puts nothing at risk, or worked.</summary>
    public static void Forget(in Firmware firmware)
    {
        var vendor = Vendor;
        fixed (char* name = "HvKernelBoots")
        {
            FirmwareCall.Invoke(firmware.RuntimeServices->SetVariable, (ulong)name, (ulong)&vendor, Attributes, 0, 0);
        }
    }

    private static ulong Now(in Firmware firmware)
    {
        FirmwareTime time = default;
        return FirmwareCall.Invoke(firmware.RuntimeServices->GetTime, (ulong)&time, 0) == EfiStatus.Success && time.Year >= 1970
            ? BootCount.Seconds(time.Year, time.Month, time.Day, time.Hour, time.Minute, time.Second)
            : 0;
    }
}
