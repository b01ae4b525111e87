using HvKernel.Cpu;
using HvKernel.Events;
using HvKernel.Memory;

namespace HvKernel.Vmx.Exits;

/// <summary>
/// MOV to control registers, CLTS and LMSW. Loads of CR3 exit only while some event needs them; loads of CR0 and CR4 only where they change
/// a bit that HvKernel owns.
/// </summary>
public static unsafe class ControlRegisterAccess
{
    private const int MovTo = 0;
    private const int MovFrom = 1;
    private const int Clts = 2;

    public static ExitAction Handle(VCpu* vcpu)
    {
        // SDM vol. 3D, table "Exit Qualification for Control-Register Accesses".
        var qualification = VmxInstruction.Read(Vmcs.ExitQualification);
        var register = (int)qualification & 15;
        var access = (int)(qualification >> 4) & 3;
        var operand = (int)(qualification >> 8) & 15;
        if (access == MovTo)
        {
            var value = GuestState.Register(vcpu, operand);
            return register switch
            {
                3 => LoadCr3(vcpu, GuestState.Is64BitCode() ? value : (uint)value),
                0 => LoadCr0(vcpu, GuestState.Is64BitCode() ? value : (uint)value),
                4 => LoadCr4(vcpu, GuestState.Is64BitCode() ? value : (uint)value),
                _ => ExitAction.Panic,
            };
        }

        if (access == MovFrom)
        {
            if (register != 3)
            {
                return ExitAction.Panic;
            }

            GuestState.SetRegister(vcpu, operand, GuestState.Cr3(vcpu));
            return ExitAction.Advance;
        }

        if (access == Clts)
        {
            return LoadCr0(vcpu, VisibleCr0() & ~Cr0.Ts);
        }

        // LMSW loads the lowest four bits and cannot clear PE.
        var word = qualification >> 16 & 15;
        var old = VisibleCr0();
        return LoadCr0(vcpu, (old & ~(Cr0.Mp | Cr0.Em | Cr0.Ts)) | word);
    }

    private static ulong VisibleCr0()
    {
        var mask = VmxInstruction.Read(Vmcs.Cr0GuestHostMask);
        return (VmxInstruction.Read(Vmcs.GuestCr0) & ~mask) | (VmxInstruction.Read(Vmcs.Cr0ReadShadow) & mask);
    }

    private static ExitAction LoadCr3(VCpu* vcpu, ulong value)
    {
        var cr4 = VmxInstruction.Read(Vmcs.GuestCr4);
        var efer = VmxInstruction.Read(Vmcs.GuestIa32Efer);
        if (!ControlRegisterRules.IsValidCr3(value, cr4, efer, vcpu->Machine->Capabilities.PhysicalAddressBits))
        {
            return ExitAction.InjectGeneralProtection;
        }

        var usesPcid = (cr4 & Cr4.Pcide) != 0;
        var keepsTranslations = usesPcid && (value & ControlRegisterRules.Cr3NoFlush) != 0;
        value &= ~ControlRegisterRules.Cr3NoFlush;
        if (!LoadPdptes(vcpu, value, cr4, efer))
        {
            return ExitAction.InjectGeneralProtection;
        }

        GuestState.SetCr3(vcpu, value);
        if (!keepsTranslations)
        {
            GuestState.FlushTranslations(vcpu, globalsToo: false);
        }

        ModeTrap.OnAddressSpaceLoaded(vcpu, value);
        return ExitAction.Advance;
    }

    private static ExitAction LoadCr0(VCpu* vcpu, ulong value)
    {
        var old = VmxInstruction.Read(Vmcs.GuestCr0);
        var cr4 = VmxInstruction.Read(Vmcs.GuestCr4);
        var efer = VmxInstruction.Read(Vmcs.GuestIa32Efer);
        value &= ControlRegisterRules.Cr0Defined | (~0UL << 32);
        value |= Cr0.Et;
        if (!ControlRegisterRules.IsValidCr0(value, cr4, efer, GuestState.Is64BitCode()))
        {
            return ExitAction.InjectGeneralProtection;
        }

        var pagingChanges = ((old ^ value) & Cr0.Pg) != 0;
        if (pagingChanges)
        {
            ModeTrap.OnPagingChanging(vcpu);
        }

        if (pagingChanges && (efer & Efer.Lme) != 0)
        {
            // IA-32e mode is active exactly while paging is on with LME set; VM entry wants LMA and its own control to agree.
            var on = (value & Cr0.Pg) != 0;
            efer = on ? efer | Efer.Lma : efer & ~Efer.Lma;
            VmxInstruction.Write(Vmcs.GuestIa32Efer, efer);
            var entry = VmxInstruction.Read(Vmcs.VmEntryControls);
            VmxInstruction.Write(Vmcs.VmEntryControls, on ? entry | EntryControl.Ia32eModeGuest : entry & ~(ulong)EntryControl.Ia32eModeGuest);
        }

        var oldShadow = VmxInstruction.Read(Vmcs.Cr0ReadShadow);
        VmxInstruction.Write(Vmcs.Cr0ReadShadow, value);
        VmxInstruction.Write(Vmcs.GuestCr0, value | RequiredCr0(vcpu));
        if (pagingChanges && (value & Cr0.Pg) != 0 && !LoadPdptes(vcpu, GuestState.Cr3(vcpu), cr4, efer))
        {
            VmxInstruction.Write(Vmcs.GuestCr0, old);
            VmxInstruction.Write(Vmcs.Cr0ReadShadow, oldShadow);
            return ExitAction.InjectGeneralProtection;
        }

        if (((old ^ value) & (Cr0.Pg | Cr0.Wp | Cr0.Pe)) != 0)
        {
            GuestState.FlushTranslations(vcpu, globalsToo: true);
        }

        return ExitAction.Advance;
    }

    private static ExitAction LoadCr4(VCpu* vcpu, ulong value)
    {
        var real = VmxInstruction.Read(Vmcs.GuestCr4);
        var old = real & Cr4.GuestOwned;
        if (!ControlRegisterRules.IsValidCr4(
            value, old, vcpu->Machine->Capabilities.Cr4Fixed1, VmxInstruction.Read(Vmcs.GuestIa32Efer), GuestState.Cr3(vcpu)))
        {
            return ExitAction.InjectGeneralProtection;
        }

        VmxInstruction.Write(Vmcs.Cr4ReadShadow, value);
        VmxInstruction.Write(Vmcs.GuestCr4, value | vcpu->Machine->Capabilities.Cr4Fixed0);
        if (ControlRegisterRules.Cr4ChangeFlushes(old, value))
        {
            GuestState.FlushTranslations(vcpu, globalsToo: true);
        }

        return ExitAction.Advance;
    }

    /// <summary>CR0 bits that stay set: IA32_VMX_CR0_FIXED0 without PE and PG, which an unrestricted guest may clear.</summary>
    public static ulong RequiredCr0(VCpu* vcpu) => vcpu->Machine->Capabilities.Cr0Fixed0 & ~(Cr0.Pe | Cr0.Pg);

    // With EPT the four PAE entries are state of the processor: the load that would have read them exits, so it is done here
    // (SDM vol. 3C, "Loading Page-Directory-Pointer-Table Entries").
    private static bool LoadPdptes(VCpu* vcpu, ulong cr3, ulong cr4, ulong efer)
    {
        if ((VmxInstruction.Read(Vmcs.GuestCr0) & Cr0.Pg) == 0 || (cr4 & Cr4.Pae) == 0 || (efer & Efer.Lma) != 0)
        {
            return true;
        }

        var entries = (ulong*)Machine.Memory(vcpu->Machine).Map(cr3 & 0xFFFF_FFE0, 32);
        if (entries == null)
        {
            return false;
        }

        // All are looked at before one is taken over: a load that faults changes nothing.
        for (uint i = 0; i < 4; i++)
        {
            if (!ControlRegisterRules.IsValidPdpte(entries[i], vcpu->Machine->Capabilities.PhysicalAddressBits))
            {
                return false;
            }
        }

        for (uint i = 0; i < 4; i++)
        {
            VmxInstruction.Write(Vmcs.GuestPdpte0 + (2 * i), entries[i]);
        }

        return true;
    }
}
