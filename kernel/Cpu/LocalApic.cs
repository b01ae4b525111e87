namespace HvKernel.Cpu;

/// <summary>
/// The one thing that root asks of the local APIC, which is the guest's: an NMI to another processor (SDM vol. 3A, "Issuing Interprocessor
/// Interrupts").
/// </summary>
public static unsafe class LocalApic
{
    /// <summary>Where xAPIC registers stand; root maps this page and no other, so an APIC that the guest has moved is not used.</summary>
    public const ulong DefaultBase = 0xFEE0_0000;

    private const ulong BaseMask = 0x000F_FFFF_FFFF_F000;
    private const ulong Enabled = 1 << 11;
    private const ulong X2Apic = 1 << 10;
    private const uint IcrLow = 0x300;
    private const uint IcrHigh = 0x310;
    private const uint DeliveryPending = 1 << 12;
    private const uint NmiAsserted = (4 << 8) | (1 << 14);
    private const int MaximumPolls = 10_000;

    /// <summary>Sends an NMI; false where this processor's APIC is off, moved, or does not get rid of what the guest has sent before.</summary>
    public static bool TrySendNmi(uint apicId)
    {
        var state = MsrAccess.Read(Msr.Ia32ApicBase);
        if ((state & Enabled) == 0)
        {
            return false;
        }

        if ((state & X2Apic) != 0)
        {
            return MsrAccess.TryWrite(Msr.Ia32X2ApicIcr, ((ulong)apicId << 32) | NmiAsserted);
        }

        if ((state & BaseMask) != DefaultBase || apicId > 0xFF || !IsIdle())
        {
            return false;
        }

        // The guest may stand between its two writes: it finds the upper one as it left it.
        var destination = Read(IcrHigh);
        Write(IcrHigh, apicId << 24);
        Write(IcrLow, NmiAsserted);
        var sent = IsIdle();
        Write(IcrHigh, destination);
        return sent;
    }

    private static bool IsIdle()
    {
        for (var polls = 0; polls < MaximumPolls; polls++)
        {
            if ((Read(IcrLow) & DeliveryPending) == 0)
            {
                return true;
            }

            Processor.Pause();
        }

        return false;
    }

    private static uint Read(uint register) => *(uint*)(DefaultBase + register);

    private static void Write(uint register, uint value) => *(uint*)(DefaultBase + register) = value;
}
