using HvKernel.Cpu;
using HvKernel.Events;
using HvKernel.Events.Code;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx.Exits;

namespace HvKernel.Vmx;

/// <summary>Fills a VMCS in three independent parts: controls, host, guest.</summary>
public static unsafe class VmcsSetup
{
    /// <summary>IA32_PAT with write-back where page tables do not ask for something else.</summary>
    public const ulong PatWriteBack = 0x0007_0406_0007_0406;

    /// <summary>Controls, the same on every processor but for the VPID. The gate has made sure that nothing required is missing.</summary>
    public static void Controls(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        ref var c = ref machine->Capabilities;
        var primary = ControlAdjust.Adjust(
            c.PrimaryBased, PrimaryBased.UseIoBitmaps | PrimaryBased.UseMsrBitmaps | PrimaryBased.ActivateSecondaryControls, 0).Value;
        vcpu->PrimaryControls = primary;
        VmxInstruction.Write(
            Vmcs.PinBasedControls,
            ControlAdjust.Adjust(c.PinBased, PinBased.NmiExiting | PinBased.VirtualNmis | PinBased.ActivatePreemptionTimer, 0).Value);
        VmxInstruction.Write(Vmcs.PrimaryProcessorBasedControls, primary);
        VmxInstruction.Write(Vmcs.SecondaryProcessorBasedControls, SecondaryControls.Compute(c, machine->HasModeBasedExecute));
        VmxInstruction.Write(
            Vmcs.VmExitControls,
            ControlAdjust.Adjust(
                c.Exit,
                ExitControl.SaveDebugControls | ExitControl.HostAddressSpaceSize | ExitControl.SaveIa32Pat | ExitControl.LoadIa32Pat
                    | ExitControl.SaveIa32Efer | ExitControl.LoadIa32Efer | ExitControl.SavePreemptionTimerValue,
                0).Value);
        VmxInstruction.Write(
            Vmcs.VmEntryControls,
            ControlAdjust.Adjust(
                c.Entry,
                EntryControl.LoadDebugControls | EntryControl.Ia32eModeGuest | EntryControl.LoadIa32Pat | EntryControl.LoadIa32Efer,
                0).Value);
        VmxInstruction.Write(Vmcs.VirtualProcessorIdentifier, GuestState.Vpid(vcpu));
        VmxInstruction.Write(Vmcs.IoBitmapA, machine->IoBitmapA);
        VmxInstruction.Write(Vmcs.IoBitmapB, machine->IoBitmapB);
        VmxInstruction.Write(Vmcs.MsrBitmap, machine->MsrBitmap);
        VmxInstruction.Write(Vmcs.EptPointer, machine->Views.Pointer[(int)EptView.Normal]);
        VmxInstruction.Write(Vmcs.XssExitingBitmap, 0);
        VmxInstruction.Write(Vmcs.ExceptionBitmap, 0);
        Unused();
        if (machine->HasShadowRoots)
        {
            ShadowTrap.SetUp();
        }

        PreemptionTimer.Arm(vcpu);
    }

    /// <summary>Controls that no VMCS of ours uses at first: lists of MSRs and CR3 values, the filter of page faults, event injection.</summary>
    public static void Unused()
    {
        VmxInstruction.Write(Vmcs.PageFaultErrorCodeMask, 0);
        VmxInstruction.Write(Vmcs.PageFaultErrorCodeMatch, 0);
        VmxInstruction.Write(Vmcs.Cr3TargetCount, 0);
        VmxInstruction.Write(Vmcs.VmExitMsrStoreCount, 0);
        VmxInstruction.Write(Vmcs.VmExitMsrLoadCount, 0);
        VmxInstruction.Write(Vmcs.VmEntryMsrLoadCount, 0);
        VmxInstruction.Write(Vmcs.VmEntryInterruptionInformation, 0);
    }

    /// <summary>What root runs with after each exit.</summary>
    /// <param name="vcpu">The processor, its host environment built.</param>
    /// <param name="exitEntry">Address of the exit stub in the resident image.</param>
    public static void Host(VCpu* vcpu, ulong exitEntry)
    {
        ref var c = ref vcpu->Machine->Capabilities;
        VmxInstruction.Write(Vmcs.HostCr0, (ControlRegisters.ReadCr0() | c.Cr0Fixed0 | Cr0.Wp) & ~(Cr0.Ts | Cr0.Em | Cr0.Cd | Cr0.Nw));
        VmxInstruction.Write(Vmcs.HostCr3, vcpu->HostCr3);
        VmxInstruction.Write(Vmcs.HostCr4, HostCr4(c));
        VmxInstruction.Write(Vmcs.HostCsSelector, HostTables.CodeSelector);
        VmxInstruction.Write(Vmcs.HostSsSelector, HostTables.DataSelector);
        VmxInstruction.Write(Vmcs.HostDsSelector, HostTables.DataSelector);
        VmxInstruction.Write(Vmcs.HostEsSelector, HostTables.DataSelector);
        VmxInstruction.Write(Vmcs.HostFsSelector, HostTables.DataSelector);
        VmxInstruction.Write(Vmcs.HostGsSelector, HostTables.DataSelector);
        VmxInstruction.Write(Vmcs.HostTrSelector, HostTables.TssSelector);
        VmxInstruction.Write(Vmcs.HostFsBase, 0);
        VmxInstruction.Write(Vmcs.HostGsBase, (ulong)vcpu);
        VmxInstruction.Write(Vmcs.HostTrBase, RunnerWindow.Tables + HostEnvironment.TssOffset);
        VmxInstruction.Write(Vmcs.HostGdtrBase, RunnerWindow.Tables);
        VmxInstruction.Write(Vmcs.HostIdtrBase, RunnerWindow.Idt);
        VmxInstruction.Write(Vmcs.HostSysenterCs, 0);
        VmxInstruction.Write(Vmcs.HostSysenterEsp, 0);
        VmxInstruction.Write(Vmcs.HostSysenterEip, 0);
        VmxInstruction.Write(Vmcs.HostIa32Pat, PatWriteBack);
        VmxInstruction.Write(Vmcs.HostIa32Efer, Efer.Lme | Efer.Lma | Efer.Nxe);
        VmxInstruction.Write(Vmcs.HostRip, exitEntry);

        // The exit stub finds the VCpu at the top of the stack, which stays 16-byte aligned.
        var top = vcpu->HostStackTop - 16;
        *(VCpu**)top = vcpu;
        VmxInstruction.Write(Vmcs.HostRsp, top);
    }

    /// <summary>The processor as it stands, to go on as the guest. RSP, RIP and RFLAGS are written by <see cref="VmxInstruction.Launch"/>.</summary>
    public static void Guest(VCpu* vcpu)
    {
        var cr0 = ControlRegisters.ReadCr0();
        var cr4 = ControlRegisters.ReadCr4();
        var requiredCr0 = ControlRegisterAccess.RequiredCr0(vcpu);
        VmxInstruction.Write(Vmcs.GuestCr0, cr0 | requiredCr0);
        VmxInstruction.Write(Vmcs.Cr0GuestHostMask, requiredCr0);
        VmxInstruction.Write(Vmcs.Cr0ReadShadow, cr0);
        VmxInstruction.Write(Vmcs.GuestCr3, ControlRegisters.ReadCr3());
        VmxInstruction.Write(Vmcs.GuestCr4, cr4 | vcpu->Machine->Capabilities.Cr4Fixed0);
        VmxInstruction.Write(Vmcs.Cr4GuestHostMask, ~Cr4.GuestOwned);
        VmxInstruction.Write(Vmcs.Cr4ReadShadow, cr4 & ~Cr4.Vmxe);
        VmxInstruction.Write(Vmcs.GuestDr7, ControlRegisters.ReadDr7());
        VmxInstruction.Write(Vmcs.GuestIa32DebugCtl, MsrAccess.Read(Msr.Ia32DebugCtl));
        VmxInstruction.Write(Vmcs.GuestIa32Pat, MsrAccess.Read(Msr.Ia32Pat));
        VmxInstruction.Write(Vmcs.GuestIa32Efer, MsrAccess.Read(Msr.Ia32Efer));
        VmxInstruction.Write(Vmcs.GuestSysenterCs, MsrAccess.Read(Msr.Ia32SysenterCs));
        VmxInstruction.Write(Vmcs.GuestSysenterEsp, MsrAccess.Read(Msr.Ia32SysenterEsp));
        VmxInstruction.Write(Vmcs.GuestSysenterEip, MsrAccess.Read(Msr.Ia32SysenterEip));
        VmxInstruction.Write(Vmcs.VmcsLinkPointer, ulong.MaxValue);
        VmxInstruction.Write(Vmcs.GuestActivityState, 0);
        VmxInstruction.Write(Vmcs.GuestInterruptibilityState, 0);
        VmxInstruction.Write(Vmcs.GuestPendingDebugExceptions, 0);
        Segments();
    }

    private static void Segments()
    {
        DescriptorTable gdtr;
        DescriptorTable idtr;
        Descriptors.StoreGdtr(&gdtr);
        Descriptors.StoreIdtr(&idtr);
        var table = (ulong*)gdtr.Base;
        VmxInstruction.Write(Vmcs.GuestGdtrBase, gdtr.Base);
        VmxInstruction.Write(Vmcs.GuestGdtrLimit, gdtr.Limit);
        VmxInstruction.Write(Vmcs.GuestIdtrBase, idtr.Base);
        VmxInstruction.Write(Vmcs.GuestIdtrLimit, idtr.Limit);

        // Fields of one kind stand two apart, in the order ES CS SS DS FS GS LDTR TR.
        Write(0, SegmentDescriptor.Decode(table, gdtr.Limit, Descriptors.ReadEs()));
        Write(1, SegmentDescriptor.Decode(table, gdtr.Limit, Descriptors.ReadCs()));
        Write(2, SegmentDescriptor.Decode(table, gdtr.Limit, Descriptors.ReadSs()));
        Write(3, SegmentDescriptor.Decode(table, gdtr.Limit, Descriptors.ReadDs()));
        var fs = SegmentDescriptor.Decode(table, gdtr.Limit, Descriptors.ReadFs());
        fs.Base = MsrAccess.Read(Msr.Ia32FsBase);
        Write(4, fs);
        var gs = SegmentDescriptor.Decode(table, gdtr.Limit, Descriptors.ReadGs());
        gs.Base = MsrAccess.Read(Msr.Ia32GsBase);
        Write(5, gs);
        Write(6, SegmentDescriptor.Decode(table, gdtr.Limit, Descriptors.ReadLdtr()));
        var tr = SegmentDescriptor.Decode(table, gdtr.Limit, Descriptors.ReadTr());
        if ((tr.AccessRights & SegmentDescriptor.Unusable) != 0)
        {
            // UEFI loads no TSS; VM entry insists on one that is usable.
            tr.Limit = 0xFFFF;
            tr.AccessRights = SegmentDescriptor.BusyTss64;
        }

        Write(7, tr);
    }

    private static void Write(uint index, in Segment segment)
    {
        VmxInstruction.Write(Vmcs.GuestEsSelector + (2 * index), segment.Selector);
        VmxInstruction.Write(Vmcs.GuestEsBase + (2 * index), segment.Base);
        VmxInstruction.Write(Vmcs.GuestEsLimit + (2 * index), segment.Limit);
        VmxInstruction.Write(Vmcs.GuestEsAccessRights + (2 * index), segment.AccessRights);
    }

    // Only what root's own code uses: SSE for the compiler, XSAVE for XSETBV, machine checks as the firmware had them.
    private static ulong HostCr4(in VmxCapabilities c)
    {
        const ulong MachineCheckEnable = 1 << 6;
        var cr4 = c.Cr4Fixed0 | Cr4.Vmxe | Cr4.Pae | Cr4.OsFxsr | Cr4.OsXmmExcpt | (ControlRegisters.ReadCr4() & MachineCheckEnable);
        return c.HasXsave ? cr4 | Cr4.OsXsave : cr4;
    }
}
