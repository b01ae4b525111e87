using System;
using HvKernel.Cpu;

namespace HvKernel.Vmx.Checks;

/// <summary>SDM vol. 3C, "Checks on Guest Control Registers, Debug Registers, and MSRs", and "Checks on Guest RIP, RFLAGS, and SSP".</summary>
public static class RegisterChecks
{
    private const ulong EferDefined = 0xD01;
    private const ulong DebugCtlReserved = ~0xDFC3UL;
    private const ulong RflagsReserved = ~0x3F_7FD7UL;
    private const ulong Vm = 1 << 17;
    private const ulong LongCode = 1 << 13;
    private const ulong Valid = 1U << 31;
    private const ulong TypeMask = 7 << 8;

    public static ReadOnlySpan<byte> FirstFailure<TFields>(ref TFields fields, in VmxCapabilities c)
        where TFields : struct, IVmcsFields
    {
        var broken = ControlRegisters(ref fields, c);
        if (broken.Length == 0)
        {
            broken = ModelSpecific(ref fields);
        }

        return broken.Length == 0 ? InstructionPointer(ref fields) : broken;
    }

    private static ReadOnlySpan<byte> ControlRegisters<TFields>(ref TFields fields, in VmxCapabilities c)
        where TFields : struct, IVmcsFields
    {
        var cr0 = fields.Read(Vmcs.GuestCr0);
        var unrestricted = (fields.Read(Vmcs.SecondaryProcessorBasedControls) & SecondaryBased.UnrestrictedGuest) != 0;
        var required = unrestricted ? c.Cr0Fixed0 & ~(Cr0.Pe | Cr0.Pg) : c.Cr0Fixed0;
        if ((cr0 & required) != required || (cr0 & ~c.Cr0Fixed1) != 0)
        {
            return "CR0 has a bit against IA32_VMX_CR0_FIXED0 or FIXED1"u8;
        }

        if ((cr0 & Cr0.Pg) != 0 && (cr0 & Cr0.Pe) == 0)
        {
            return "CR0.PG without CR0.PE"u8;
        }

        var cr4 = fields.Read(Vmcs.GuestCr4);
        if ((cr4 & c.Cr4Fixed0) != c.Cr4Fixed0 || (cr4 & ~c.Cr4Fixed1) != 0)
        {
            return "CR4 has a bit against IA32_VMX_CR4_FIXED0 or FIXED1"u8;
        }

        var ia32e = GuestStateCheck.IsIa32eGuest(ref fields);
        if (ia32e && ((cr0 & Cr0.Pg) == 0 || (cr4 & Cr4.Pae) == 0))
        {
            return "IA-32e mode guest without CR0.PG or CR4.PAE"u8;
        }

        if (!ia32e && (cr4 & Cr4.Pcide) != 0)
        {
            return "CR4.PCIDE outside IA-32e mode"u8;
        }

        return fields.Read(Vmcs.GuestCr3) >> c.PhysicalAddressBits != 0 ? "CR3 beyond the physical-address width"u8 : default;
    }

    private static ReadOnlySpan<byte> ModelSpecific<TFields>(ref TFields fields)
        where TFields : struct, IVmcsFields
    {
        var entry = fields.Read(Vmcs.VmEntryControls);
        if ((entry & EntryControl.LoadDebugControls) != 0)
        {
            if ((fields.Read(Vmcs.GuestIa32DebugCtl) & DebugCtlReserved) != 0)
            {
                return "IA32_DEBUGCTL has a reserved bit"u8;
            }

            if (fields.Read(Vmcs.GuestDr7) >> 32 != 0)
            {
                return "DR7 has a bit above 31"u8;
            }
        }

        if (!GuestStateCheck.IsCanonical(fields.Read(Vmcs.GuestSysenterEsp)) || !GuestStateCheck.IsCanonical(fields.Read(Vmcs.GuestSysenterEip)))
        {
            return "IA32_SYSENTER_ESP or EIP not canonical"u8;
        }

        if ((entry & EntryControl.LoadIa32Pat) != 0 && !IsPat(fields.Read(Vmcs.GuestIa32Pat)))
        {
            return "IA32_PAT has a memory type that does not exist"u8;
        }

        if ((entry & EntryControl.LoadIa32Efer) == 0)
        {
            return default;
        }

        var efer = fields.Read(Vmcs.GuestIa32Efer);
        if ((efer & ~EferDefined) != 0)
        {
            return "IA32_EFER has a reserved bit"u8;
        }

        if ((efer & Efer.Lma) != 0 != ((entry & EntryControl.Ia32eModeGuest) != 0))
        {
            return "IA32_EFER.LMA is not the IA-32e mode guest control"u8;
        }

        var paging = (fields.Read(Vmcs.GuestCr0) & Cr0.Pg) != 0;
        return paging && (efer & Efer.Lma) != 0 != ((efer & Efer.Lme) != 0) ? "IA32_EFER.LMA is not LME, with paging on"u8 : default;
    }

    private static ReadOnlySpan<byte> InstructionPointer<TFields>(ref TFields fields)
        where TFields : struct, IVmcsFields
    {
        var ia32e = GuestStateCheck.IsIa32eGuest(ref fields);
        var isLong = ia32e && (fields.Read(Vmcs.GuestCsAccessRights) & LongCode) != 0;
        var rip = fields.Read(Vmcs.GuestRip);
        if (!isLong && rip >> 32 != 0)
        {
            return "RIP above 32 bits outside 64-bit mode"u8;
        }

        if (isLong && !GuestStateCheck.IsCanonical(rip))
        {
            return "RIP not canonical"u8;
        }

        var rflags = fields.Read(Vmcs.GuestRflags);
        if ((rflags & RflagsReserved) != 0 || (rflags & Rflags.Reserved1) == 0)
        {
            return "RFLAGS has a reserved bit"u8;
        }

        if ((rflags & Vm) != 0 && (ia32e || (fields.Read(Vmcs.GuestCr0) & Cr0.Pe) == 0))
        {
            return "RFLAGS.VM in IA-32e mode or real mode"u8;
        }

        var injected = fields.Read(Vmcs.VmEntryInterruptionInformation);
        return (injected & Valid) != 0 && (injected & TypeMask) == 0 && (rflags & Rflags.If) == 0
            ? "an external interrupt is injected with RFLAGS.IF clear"u8
            : default;
    }

    // 0 UC, 1 WC, 4 WT, 5 WP, 6 WB, 7 UC-.
    private static bool IsPat(ulong pat)
    {
        for (var entry = 0; entry < 8; entry++)
        {
            var type = (pat >> (8 * entry)) & 0xFF;
            if (type is 2 or 3 or > 7)
            {
                return false;
            }
        }

        return true;
    }
}
