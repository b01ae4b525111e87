using HvKernel.Cpu;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events.Scripts;

/// <summary>
/// Registers of the guest that GUEST_REGS does not have. Written is only what no VM entry refuses and what HvKernel's own mechanisms do not depend
/// on: control registers other than CR2, descriptor tables and segment selectors are for reading.
/// </summary>
public static unsafe class ScriptRegisters
{
    // What POPF at CPL 0 could load (SDM vol. 3C, "Checks on Guest RIP, RFLAGS, and SSP").
    private const ulong LoadableFlags = 0x24_7FD5;

    // SDM vol. 3B, "Debug Registers": bits 63:32 are 0, bit 10 is 1; VM entry refuses others in DR7.
    private const ulong Dr7Defined = 0xFFFF_2BFF;
    private const ulong Dr7Fixed = 1 << 10;
    private const ulong Dr6Defined = 0xE00F;
    private const ulong Dr6Fixed = 0xFFFF_0FF0;

    public static void Read(VCpu* vcpu, ref ScriptCall call)
    {
        if (!TryRead(vcpu, (ScriptRegister)call.Argument0, out call.Answer))
        {
            call.Fail(ScriptFailure.Argument, call.Argument0);
        }
    }

    public static void Write(VCpu* vcpu, ref ScriptCall call)
    {
        var register = (ScriptRegister)call.Argument0;
        if (!IsWritable(vcpu, register, call.Argument1))
        {
            call.Fail(ScriptFailure.Argument, call.Argument0);
            return;
        }

        vcpu->Machine->Scripts.Remember(vcpu, register);
        TryWrite(vcpu, register, call.Argument1);
    }

    /// <summary>The register's value; false where there is none of this number.</summary>
    public static bool TryRead(VCpu* vcpu, ScriptRegister register, out ulong value)
    {
        var field = Field(register);
        if (field != 0)
        {
            value = VmxInstruction.Read(field);
            return true;
        }

        switch (register)
        {
            case ScriptRegister.Cr3:
                value = GuestState.Cr3(vcpu);
                return true;
            case ScriptRegister.Cr4:
                value = VmxInstruction.Read(Vmcs.GuestCr4) & ~Cr4.Vmxe;
                return true;
            case ScriptRegister.KernelGsBase:
                value = MsrAccess.Read(Msr.Ia32KernelGsBase);
                return true;
            case ScriptRegister.Cr2:
                // A page fault of the script itself may have changed the processor's.
                value = vcpu->Runner.Context->Cr2;
                return true;
            case ScriptRegister.Cr8:
                value = ControlRegisters.ReadCr8();
                return true;
            case ScriptRegister.Dr0:
                value = ControlRegisters.ReadDr0();
                return true;
            case ScriptRegister.Dr1:
                value = ControlRegisters.ReadDr1();
                return true;
            case ScriptRegister.Dr2:
                value = ControlRegisters.ReadDr2();
                return true;
            case ScriptRegister.Dr3:
                value = ControlRegisters.ReadDr3();
                return true;
            case ScriptRegister.Dr6:
                value = ControlRegisters.ReadDr6();
                return true;
            default:
                value = 0;
                return false;
        }
    }

    /// <summary>Writes a value that <see cref="IsWritable"/> allows, or one that was read.</summary>
    public static void TryWrite(VCpu* vcpu, ScriptRegister register, ulong value)
    {
        var block = vcpu->Runner.Registers;
        switch (register)
        {
            case ScriptRegister.Rip:
                VmxInstruction.Write(Vmcs.GuestRip, value);
                block->Rip = value;
                break;
            case ScriptRegister.Rflags:
                block->Rflags = (value & LoadableFlags) | Rflags.Reserved1;
                VmxInstruction.Write(Vmcs.GuestRflags, block->Rflags);
                break;
            case ScriptRegister.FsBase:
                VmxInstruction.Write(Vmcs.GuestFsBase, value);
                break;
            case ScriptRegister.GsBase:
                VmxInstruction.Write(Vmcs.GuestGsBase, value);
                break;
            case ScriptRegister.KernelGsBase:
                MsrAccess.TryWrite(Msr.Ia32KernelGsBase, value);
                break;
            case ScriptRegister.Cr2:
                // The runner brings back its copy at the end of a run.
                vcpu->Runner.Context->Cr2 = value;
                ControlRegisters.WriteCr2(value);
                break;
            case ScriptRegister.Dr0:
                ControlRegisters.WriteDr0(value);
                break;
            case ScriptRegister.Dr1:
                ControlRegisters.WriteDr1(value);
                break;
            case ScriptRegister.Dr2:
                ControlRegisters.WriteDr2(value);
                break;
            case ScriptRegister.Dr3:
                ControlRegisters.WriteDr3(value);
                break;
            case ScriptRegister.Dr6:
                ControlRegisters.WriteDr6((value & Dr6Defined) | Dr6Fixed);
                break;
            case ScriptRegister.Dr7:
                VmxInstruction.Write(Vmcs.GuestDr7, (value & Dr7Defined) | Dr7Fixed);
                break;
        }
    }

    private static bool IsWritable(VCpu* vcpu, ScriptRegister register, ulong value) => register switch
    {
        ScriptRegister.Rip => GuestState.Is64BitCode() ? IsCanonical(vcpu, value) : value <= uint.MaxValue,
        ScriptRegister.FsBase or ScriptRegister.GsBase or ScriptRegister.KernelGsBase => IsCanonical(vcpu, value),
        ScriptRegister.Rflags or ScriptRegister.Cr2 => true,
        ScriptRegister.Dr0 or ScriptRegister.Dr1 or ScriptRegister.Dr2 or ScriptRegister.Dr3 or ScriptRegister.Dr6 or ScriptRegister.Dr7 => true,
        _ => false,
    };

    private static bool IsCanonical(VCpu* vcpu, ulong address)
    {
        var bits = GuestState.Paging(vcpu).Mode == GuestPagingMode.Level5 ? 57 : 48;
        return (ulong)((long)(address << (64 - bits)) >> (64 - bits)) == address;
    }

    // What is nothing but a field of the VMCS.
    private static uint Field(ScriptRegister register) => register switch
    {
        ScriptRegister.Rip => Vmcs.GuestRip,
        ScriptRegister.Rflags => Vmcs.GuestRflags,
        ScriptRegister.Cs => Vmcs.GuestCsSelector,
        ScriptRegister.Ds => Vmcs.GuestDsSelector,
        ScriptRegister.Es => Vmcs.GuestEsSelector,
        ScriptRegister.Ss => Vmcs.GuestSsSelector,
        ScriptRegister.Fs => Vmcs.GuestFsSelector,
        ScriptRegister.Gs => Vmcs.GuestGsSelector,
        ScriptRegister.Tr => Vmcs.GuestTrSelector,
        ScriptRegister.Ldtr => Vmcs.GuestLdtrSelector,
        ScriptRegister.FsBase => Vmcs.GuestFsBase,
        ScriptRegister.GsBase => Vmcs.GuestGsBase,
        ScriptRegister.Gdtr => Vmcs.GuestGdtrBase,
        ScriptRegister.Idtr => Vmcs.GuestIdtrBase,
        ScriptRegister.Cr0 => Vmcs.GuestCr0,
        ScriptRegister.Dr7 => Vmcs.GuestDr7,
        ScriptRegister.Efer => Vmcs.GuestIa32Efer,
        _ => 0,
    };
}
