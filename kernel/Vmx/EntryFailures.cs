using System;
using System.Runtime;
using HvKernel.Link;
using HvKernel.Vmx.Checks;

namespace HvKernel.Vmx;

/// <summary>VM entries that did not happen: why, and the whole VMCS by name.</summary>
public static unsafe class EntryFailures
{
    /// <summary>VMRESUME came back (boot/asm/vmexit.asm).</summary>
    [RuntimeExport("HvkEntryFailed")]
    public static void OnResumeFailed(VCpu* vcpu, VmxStatus status)
    {
        var buffer = default(Panic.PanicBuffer);
        var output = Panic.Begin(vcpu, &buffer);
        DescribeInstruction(ref output, "VMRESUME"u8, status);
        VmcsDump.Write(ref output);
        Panic.End(vcpu, ref output);
    }

    /// <summary>An exit whose reason has bit 31 set: the processor refused the guest's state.</summary>
    public static void Report(VCpu* vcpu, uint reason)
    {
        var buffer = default(Panic.PanicBuffer);
        var output = Panic.Begin(vcpu, &buffer);
        output.Text("VM entry failed, exit reason "u8);
        output.Hex(reason);
        output.Text((reason & 0xFFFF) switch
        {
            33 => " (invalid guest state), qualification "u8,
            34 => " (MSR loading), qualification "u8,
            41 => " (machine check), qualification "u8,
            _ => ", qualification "u8,
        });
        output.Hex(VmxInstruction.Read(Vmcs.ExitQualification));
        output.EndLine();
        var fields = default(CurrentVmcs);
        var broken = GuestStateCheck.FirstFailure(ref fields, vcpu->Machine->Capabilities);
        output.Text("guest state: "u8);
        output.Line(broken.Length == 0 ? "no rule known here is broken"u8 : broken);
        VmcsDump.Write(ref output);
        Panic.End(vcpu, ref output);
    }

    /// <summary>One line: instruction, status, error number and its text.</summary>
    public static void DescribeInstruction(ref TextWriter output, ReadOnlySpan<byte> instruction, VmxStatus status)
    {
        output.Text(instruction);
        if (status != VmxStatus.FailValid)
        {
            output.Line(": VMfailInvalid (no current VMCS)"u8);
            return;
        }

        var error = (uint)VmxInstruction.Read(Vmcs.VmInstructionError);
        output.Text(": VM-instruction error "u8);
        output.Decimal(error);
        output.Text(", "u8);
        output.Line(Name(error));
    }

    /// <summary>SDM vol. 3C, table "VM-Instruction Error Numbers", in short.</summary>
    public static ReadOnlySpan<byte> Name(uint error) => error switch
    {
        1 => "VMCALL in VMX root"u8,
        2 => "VMCLEAR with invalid physical address"u8,
        3 => "VMCLEAR with VMXON pointer"u8,
        4 => "VMLAUNCH with non-clear VMCS"u8,
        5 => "VMRESUME with non-launched VMCS"u8,
        6 => "VMRESUME after VMXOFF"u8,
        7 => "VM entry with invalid control field(s)"u8,
        8 => "VM entry with invalid host-state field(s)"u8,
        9 => "VMPTRLD with invalid physical address"u8,
        10 => "VMPTRLD with VMXON pointer"u8,
        11 => "VMPTRLD with incorrect VMCS revision identifier"u8,
        12 => "VMREAD/VMWRITE of an unsupported VMCS component"u8,
        13 => "VMWRITE to a read-only VMCS component"u8,
        15 => "VMXON in VMX root"u8,
        16 => "VM entry with invalid executive-VMCS pointer"u8,
        26 => "VM entry with events blocked by MOV SS"u8,
        28 => "INVEPT/INVVPID with invalid operand"u8,
        _ => "see SDM vol. 3C, VM-Instruction Error Numbers"u8,
    };
}
