using HvKernel.Breakpoints;
using HvKernel.Events;
using HvKernel.Link;
using HvKernel.Memory;

namespace HvKernel.Vmx.Exits;

/// <summary>
/// EPT violations: a fetch under a restricted view is a transition of a watched process, a read or write that of a page with breakpoints. Without mode-based
/// execute control a write may be one to the root of such a process; nothing else violates.
/// </summary>
public static unsafe class EptViolation
{
    // SDM vol. 3D, table "Exit Qualification for EPT Violations".
    private const ulong DataRead = 1;
    private const ulong DataWrite = 1 << 1;
    private const ulong InstructionFetch = 1 << 2;
    private const ulong NmiUnblockingByIret = 1 << 12;

    public static ExitAction Handle(VCpu* vcpu)
    {
        var qualification = VmxInstruction.Read(Vmcs.ExitQualification);
        if ((qualification & NmiUnblockingByIret) != 0)
        {
            ExceptionOrNmi.RestoreNmiBlocking();
        }

        if ((qualification & (DataRead | DataWrite)) != 0
            && BreakpointTrap.OnDataAccess(vcpu, VmxInstruction.Read(Vmcs.GuestPhysicalAddress), (qualification & DataWrite) != 0))
        {
            return ExitAction.Resume;
        }

        if (vcpu->View == EptView.Normal || (qualification & InstructionFetch) == 0)
        {
            return vcpu->Machine->HasShadowRoots && ShadowTrap.TryHandleViolation(vcpu, qualification)
                ? ExitAction.Resume
                : Unexpected(vcpu, qualification);
        }

        ModeTrap.OnTransition(vcpu);
        return ExitAction.Resume;
    }

    /// <summary>An EPT entry that the processor does not accept: HvKernel built it wrongly.</summary>
    public static ExitAction HandleMisconfiguration(VCpu* vcpu) => Unexpected(vcpu, 0);

    private static ExitAction Unexpected(VCpu* vcpu, ulong qualification)
    {
        Panic.EptWalk(vcpu, qualification, VmxInstruction.Read(Vmcs.GuestPhysicalAddress));
        return ExitAction.Panic;
    }
}
