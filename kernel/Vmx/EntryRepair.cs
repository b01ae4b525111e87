using HvKernel.Cpu;
using HvKernel.Protocol;
using HvKernel.Vmx.Checks;

namespace HvKernel.Vmx;

/// <summary>
/// A guest's own state that its processor could be in and VM entry does not accept: mended, and entered again. Everything else that an entry refuses is an
/// error of HvKernel.
/// </summary>
public static unsafe class EntryRepair
{
    private const uint InvalidGuestState = (1U << 31) | (uint)ExitReason.EntryFailureGuestState;
    private const uint Segments = 6;
    private const uint CodeIndex = 1;
    private const ulong Unusable = 1 << 16;

    // What real-address mode's loads leave alone: granularity, size, availability.
    private const ulong Kept = 0xF000;
    private const ulong AccessedData = 0x93;

    /// <summary>
    /// In real-address mode, a segment that was null in 64-bit mode and was loaded since keeps the type 0 in some processors (Bochs), where VM entry wants an accessed
    /// one. True where no rule is broken any more.
    /// </summary>
    public static bool TryMend(VCpu* vcpu, uint reason)
    {
        if (reason != InvalidGuestState || (VmxInstruction.Read(Vmcs.GuestCr0) & Cr0.Pe) != 0)
        {
            return false;
        }

        var changed = false;
        for (uint segment = 0; segment < Segments; segment++)
        {
            var field = Vmcs.GuestEsAccessRights + (2 * segment);
            var rights = VmxInstruction.Read(field);
            var mended = (rights & Kept) | AccessedData;
            if (segment != CodeIndex && (rights & Unusable) == 0 && rights != mended)
            {
                VmxInstruction.Write(field, mended);
                changed = true;
            }
        }

        // A state that was mended once is not tried again for ever.
        var fields = default(CurrentVmcs);
        return changed && GuestStateCheck.FirstFailure(ref fields, vcpu->Machine->Capabilities).Length == 0;
    }
}
