using HvKernel.Cpu;
using HvKernel.Vmx;

namespace HvKernel.Events.Code;

/// <summary>The VMCS of the contained context. Nothing in it depends on the guest.</summary>
public static unsafe class ContainedVmcs
{
    private const ushort CodeSelector = 0x0B;
    private const ushort DataSelector = 0x13;
    private const ushort TssSelector = 0x18;

    // Present, DPL 3, accessed; code: execute/read, 64-bit; data: read/write (SDM vol. 3C, "Guest Register State").
    private const uint Code64 = 0xA0FB;
    private const uint Data = 0xC0F3;
    private const uint BusyTss = 0x8B;
    private const uint Unusable = 1 << 16;

    // Shorter than the field that points to the I/O permission bitmap, so that every I/O instruction is #GP (SDM vol. 1, "I/O Permission Bit Map").
    private const uint TssLimit = 0x60;
    private const ulong Running = Cr0.Pe | Cr0.Mp | Cr0.Et | Cr0.Ne | Cr0.Wp | Cr0.Am | Cr0.Pg;
    private const ulong Dr7Reset = 0x400;

    /// <summary>Makes the VMCS; false where the processor refuses the region. The guest's VMCS must be made current afterwards.</summary>
    /// <param name="vcpu">The processor, its runner built.</param>
    /// <param name="exitEntry">Address of the contained context's exit stub in the resident image.</param>
    public static bool Build(VCpu* vcpu, ulong exitEntry)
    {
        var region = vcpu->Runner.VmcsRegion;
        *(uint*)region = vcpu->Machine->Capabilities.Revision;
        if (VmxInstruction.Vmclear(&region) != VmxStatus.Succeed || VmxInstruction.Vmptrld(&region) != VmxStatus.Succeed)
        {
            return false;
        }

        Controls(vcpu);
        VmcsSetup.Host(vcpu, exitEntry);
        Guest(vcpu);
        return true;
    }

    /// <summary>Sets the registers of a run that are in the VMCS. Vector state is kept away until the code asks for it.</summary>
    public static void Aim(RunContext* context)
    {
        VmxInstruction.Write(Vmcs.GuestRip, context->Code);
        VmxInstruction.Write(Vmcs.GuestRsp, context->Stack);
        VmxInstruction.Write(Vmcs.GuestRflags, Rflags.Reserved1);
        VmxInstruction.Write(Vmcs.GuestGsBase, context->GsBase);
        VmxInstruction.Write(Vmcs.GuestCr0, Running | Cr0.Ts);
        VmxInstruction.Write(Vmcs.GuestInterruptibilityState, 0);
        VmxInstruction.Write(Vmcs.GuestPendingDebugExceptions, 0);
        Segments();
    }

    /// <summary>Lets x87, SSE and AVX instructions run.</summary>
    public static void AllowVectors() => VmxInstruction.Write(Vmcs.GuestCr0, Running);

    private static void Controls(VCpu* vcpu)
    {
        ref var c = ref vcpu->Machine->Capabilities;
        VmxInstruction.Write(
            Vmcs.PinBasedControls, ControlAdjust.Adjust(c.PinBased, PinBased.NmiExiting | PinBased.ActivatePreemptionTimer, 0).Value);
        VmxInstruction.Write(
            Vmcs.PrimaryProcessorBasedControls,
            ControlAdjust.Adjust(c.PrimaryBased, PrimaryBased.ActivateSecondaryControls | PrimaryBased.UnconditionalIoExiting, 0).Value);
        var secondary = c.HasRdtscp ? SecondaryBased.EnableRdtscp : 0;
        VmxInstruction.Write(Vmcs.SecondaryProcessorBasedControls, ControlAdjust.Adjust(c.SecondaryBased, 0, secondary).Value);
        VmxInstruction.Write(
            Vmcs.VmExitControls,
            ControlAdjust.Adjust(c.Exit, ExitControl.HostAddressSpaceSize | ExitControl.LoadIa32Pat | ExitControl.LoadIa32Efer, 0).Value);
        VmxInstruction.Write(
            Vmcs.VmEntryControls,
            ControlAdjust.Adjust(
                c.Entry,
                EntryControl.LoadDebugControls | EntryControl.Ia32eModeGuest | EntryControl.LoadIa32Pat | EntryControl.LoadIa32Efer,
                0).Value);
        VmxInstruction.Write(Vmcs.ExceptionBitmap, uint.MaxValue);
        VmcsSetup.Unused();
    }

    private static void Guest(VCpu* vcpu)
    {
        ref var c = ref vcpu->Machine->Capabilities;
        var cr4 = c.Cr4Fixed0 | Cr4.Pae | Cr4.OsFxsr | Cr4.OsXmmExcpt;
        if (c.HasXsave)
        {
            cr4 |= Cr4.OsXsave;
        }

        VmxInstruction.Write(Vmcs.Cr0GuestHostMask, ulong.MaxValue);
        VmxInstruction.Write(Vmcs.Cr0ReadShadow, Running);
        VmxInstruction.Write(Vmcs.GuestCr3, vcpu->Runner.Context->BlobCr3);
        VmxInstruction.Write(Vmcs.GuestCr4, cr4);
        VmxInstruction.Write(Vmcs.Cr4GuestHostMask, ulong.MaxValue);
        VmxInstruction.Write(Vmcs.Cr4ReadShadow, 0);
        VmxInstruction.Write(Vmcs.GuestDr7, Dr7Reset);
        VmxInstruction.Write(Vmcs.GuestIa32DebugCtl, 0);
        VmxInstruction.Write(Vmcs.GuestIa32Pat, VmcsSetup.PatWriteBack);

        // No SCE: SYSCALL is #UD.
        VmxInstruction.Write(Vmcs.GuestIa32Efer, Efer.Lme | Efer.Lma | Efer.Nxe);

        // A null CS: SYSENTER is #GP.
        VmxInstruction.Write(Vmcs.GuestSysenterCs, 0);
        VmxInstruction.Write(Vmcs.GuestSysenterEsp, 0);
        VmxInstruction.Write(Vmcs.GuestSysenterEip, 0);
        VmxInstruction.Write(Vmcs.VmcsLinkPointer, ulong.MaxValue);
        VmxInstruction.Write(Vmcs.GuestActivityState, 0);
        VmxInstruction.Write(Vmcs.GuestGdtrBase, 0);
        VmxInstruction.Write(Vmcs.GuestGdtrLimit, 0);
        VmxInstruction.Write(Vmcs.GuestIdtrBase, 0);
        VmxInstruction.Write(Vmcs.GuestIdtrLimit, 0);
        Segment(6, 0, 0, Unusable);
        Segment(7, TssSelector, TssLimit, BusyTss);
    }

    // Code may load null selectors, so they are set for each run.
    private static void Segments()
    {
        Segment(0, DataSelector, uint.MaxValue, Data);
        Segment(1, CodeSelector, uint.MaxValue, Code64);
        Segment(2, DataSelector, uint.MaxValue, Data);
        Segment(3, DataSelector, uint.MaxValue, Data);
        VmxInstruction.Write(Vmcs.GuestFsSelector, DataSelector);
        VmxInstruction.Write(Vmcs.GuestFsBase, 0);
        VmxInstruction.Write(Vmcs.GuestFsLimit, uint.MaxValue);
        VmxInstruction.Write(Vmcs.GuestFsAccessRights, Data);
        VmxInstruction.Write(Vmcs.GuestGsSelector, DataSelector);
        VmxInstruction.Write(Vmcs.GuestGsLimit, uint.MaxValue);
        VmxInstruction.Write(Vmcs.GuestGsAccessRights, Data);
    }

    // Fields of one kind stand two apart, in the order ES CS SS DS FS GS LDTR TR.
    private static void Segment(uint index, ushort selector, uint limit, uint rights)
    {
        VmxInstruction.Write(Vmcs.GuestEsSelector + (2 * index), selector);
        VmxInstruction.Write(Vmcs.GuestEsBase + (2 * index), 0);
        VmxInstruction.Write(Vmcs.GuestEsLimit + (2 * index), limit);
        VmxInstruction.Write(Vmcs.GuestEsAccessRights + (2 * index), rights);
    }
}
