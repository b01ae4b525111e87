using System;
using HvKernel.Cpu;

namespace HvKernel.Vmx.Checks;

/// <summary>SDM vol. 3C, "Checks on Guest Non-Register State", and "VM-Entry Control Fields" as far as an injected event is concerned.</summary>
public static class ActivityChecks
{
    private const ulong Halted = 1;
    private const ulong WaitForSipi = 3;
    private const ulong BySti = 1;
    private const ulong ByMovSs = 2;
    private const ulong BySmi = 4;
    private const ulong ByNmi = 8;
    private const ulong PendingReserved = ~0x1_500FUL;
    private const ulong PendingSingleStep = 1 << 14;
    private const ulong BranchTrap = 1 << 1;
    private const ulong Valid = 1U << 31;
    private const ulong External = 0;
    private const ulong Nmi = 2;

    public static ReadOnlySpan<byte> FirstFailure<TFields>(ref TFields fields)
        where TFields : struct, IVmcsFields
    {
        var activity = fields.Read(Vmcs.GuestActivityState);
        var blocking = fields.Read(Vmcs.GuestInterruptibilityState);
        var rflags = fields.Read(Vmcs.GuestRflags);
        var injected = fields.Read(Vmcs.VmEntryInterruptionInformation);
        var isInjected = (injected & Valid) != 0;
        var type = (injected >> 8) & 7;
        if (activity > WaitForSipi)
        {
            return "activity state does not exist"u8;
        }

        if (activity == Halted && ((fields.Read(Vmcs.GuestSsAccessRights) >> 5) & 3) != 0)
        {
            return "activity state HLT at another CPL than 0"u8;
        }

        if (activity != 0 && (blocking & (BySti | ByMovSs)) != 0)
        {
            return "blocking by STI or MOV SS while not active"u8;
        }

        if (isInjected && activity == WaitForSipi)
        {
            return "an event is injected in wait-for-SIPI"u8;
        }

        if (isInjected && activity == Halted && type is not (External or Nmi) && !(type == 3 && (injected & 0xFF) is 1 or 18))
        {
            return "an event is injected in HLT that cannot wake it"u8;
        }

        if ((blocking & ~(BySti | ByMovSs | BySmi | ByNmi | 16)) != 0 || (blocking & (BySti | ByMovSs)) == (BySti | ByMovSs))
        {
            return "interruptibility state has a reserved bit, or STI and MOV SS at once"u8;
        }

        if ((blocking & BySti) != 0 && (rflags & Rflags.If) == 0)
        {
            return "blocking by STI with RFLAGS.IF clear"u8;
        }

        if (isInjected && type == External && (blocking & (BySti | ByMovSs)) != 0)
        {
            return "an external interrupt is injected while STI or MOV SS block"u8;
        }

        if (isInjected && type == Nmi && (blocking & (ByMovSs | ByNmi)) != 0)
        {
            return "an NMI is injected while NMIs or MOV SS block"u8;
        }

        return PendingDebug(ref fields, activity, blocking, rflags);
    }

    private static ReadOnlySpan<byte> PendingDebug<TFields>(ref TFields fields, ulong activity, ulong blocking, ulong rflags)
        where TFields : struct, IVmcsFields
    {
        var pending = fields.Read(Vmcs.GuestPendingDebugExceptions);
        if ((pending & PendingReserved) != 0)
        {
            return "pending debug exceptions have a reserved bit"u8;
        }

        if ((blocking & (BySti | ByMovSs)) != 0 || activity == Halted)
        {
            var steps = (rflags & Rflags.Tf) != 0 && (fields.Read(Vmcs.GuestIa32DebugCtl) & BranchTrap) == 0;
            if ((pending & PendingSingleStep) != 0 != steps)
            {
                return "pending single step does not go with RFLAGS.TF while the processor is blocked or halted"u8;
            }
        }

        return fields.Read(Vmcs.VmcsLinkPointer) != ulong.MaxValue ? "VMCS link pointer is not all ones"u8 : default;
    }
}
