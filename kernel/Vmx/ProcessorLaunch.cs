using HvKernel.Cpu;
using HvKernel.Events.Code;
using HvKernel.Link;

namespace HvKernel.Vmx;

/// <summary>How <see cref="ProcessorLaunch.Launch"/> ended.</summary>
public enum LaunchResult : byte
{
    Launched = 0,

    /// <summary>IA32_FEATURE_CONTROL could not be set.</summary>
    FeatureControl = 1,
    Vmxon = 2,
    Vmclear = 3,
    Vmptrld = 4,

    /// <summary>VMLAUNCH failed.</summary>
    Vmlaunch = 5,

    /// <summary>VMCLEAR or VMPTRLD of the context for machine code.</summary>
    ContainedContext = 6,
}

/// <summary>Turns VMX on in the processor that calls and lets it go on as its own guest.</summary>
public static unsafe class ProcessorLaunch
{
    /// <summary>
    /// Answers twice, as it were: Launched in non-root operation, or the failed step with VMX off again and nothing changed.
    /// </summary>
    /// <param name="vcpu">The processor, its host environment built.</param>
    /// <param name="exitEntry">Address of the exit stub in the resident image.</param>
    /// <param name="containedExitEntry">Address of the contained context's exit stub there.</param>
    /// <param name="report">Where a failed VMLAUNCH is explained: its error number and the whole VMCS, while it can still be read.</param>
    public static LaunchResult Launch(VCpu* vcpu, ulong exitEntry, ulong containedExitEntry, ref TextWriter report)
    {
        var flags = Processor.DisableInterrupts();
        var result = EnableVmx(vcpu, containedExitEntry);
        if (result == LaunchResult.Launched)
        {
            VmcsSetup.Controls(vcpu);
            VmcsSetup.Host(vcpu, exitEntry);
            VmcsSetup.Guest(vcpu);
            vcpu->CurrentWatch = -1;
            vcpu->ApicId = Processor.ApicId();
            vcpu->Launched = true;
            vcpu->WaitsForStartup = false;
            vcpu->LaunchTick = Processor.Tsc();
            DropStaleTranslations(vcpu);
            var status = VmxInstruction.Launch();
            if (status != VmxStatus.Succeed)
            {
                EntryFailures.DescribeInstruction(ref report, "VMLAUNCH"u8, status);
                VmcsDump.Write(ref report);
                result = LaunchResult.Vmlaunch;
                vcpu->Launched = false;
                vcpu->WaitsForStartup = true;
                DisableVmx();
            }
        }

        Processor.RestoreInterrupts(flags);
        return result;
    }

    // Whoever used VMX before us on this processor may have left translations of the same EPT root or VPID (SDM vol. 3C, "Guidelines for Use of
    // the INVEPT Instruction").
    private static void DropStaleTranslations(VCpu* vcpu)
    {
        InvalidationDescriptor descriptor;
        descriptor.Context = 0;
        descriptor.LinearAddress = 0;
        if ((vcpu->Machine->Capabilities.EptVpid & EptVpidCapability.InveptAllContexts) != 0)
        {
            VmxInstruction.Invept(VmxInstruction.InvalidateAllContexts, &descriptor);
        }

        GuestState.FlushTranslations(vcpu, globalsToo: true);
    }

    private static LaunchResult EnableVmx(VCpu* vcpu, ulong containedExitEntry)
    {
        ref var c = ref vcpu->Machine->Capabilities;
        if ((c.FeatureControl & FeatureControl.Locked) == 0
            && !MsrAccess.TryWrite(Msr.Ia32FeatureControl, c.FeatureControl | FeatureControl.Locked | FeatureControl.VmxOutsideSmx))
        {
            return LaunchResult.FeatureControl;
        }

        // The first words of both regions hold the revision identifier (SDM vol. 3C, "VMXON Region" and "Format of the VMCS Region").
        *(uint*)vcpu->VmxonRegion = c.Revision;
        *(uint*)vcpu->VmcsRegion = c.Revision;
        ControlRegisters.WriteCr0((ControlRegisters.ReadCr0() | c.Cr0Fixed0) & c.Cr0Fixed1);
        var control = ControlRegisters.ReadCr4();
        ControlRegisters.WriteCr4((control | c.Cr4Fixed0 | Cr4.Vmxe) & c.Cr4Fixed1);
        var vmxon = vcpu->VmxonRegion;
        var vmcs = vcpu->VmcsRegion;
        if (VmxInstruction.Vmxon(&vmxon) != VmxStatus.Succeed)
        {
            // Where somebody else is in VMX operation here the bit cannot be cleared.
            ControlRegisters.WriteCr4(control);
            return LaunchResult.Vmxon;
        }

        if (!ContainedVmcs.Build(vcpu, containedExitEntry))
        {
            DisableVmx();
            return LaunchResult.ContainedContext;
        }

        if (VmxInstruction.Vmclear(&vmcs) != VmxStatus.Succeed)
        {
            DisableVmx();
            return LaunchResult.Vmclear;
        }

        if (VmxInstruction.Vmptrld(&vmcs) != VmxStatus.Succeed)
        {
            DisableVmx();
            return LaunchResult.Vmptrld;
        }

        return LaunchResult.Launched;
    }

    private static void DisableVmx()
    {
        VmxInstruction.Vmxoff();
        ControlRegisters.WriteCr4(ControlRegisters.ReadCr4() & ~Cr4.Vmxe);
    }
}
