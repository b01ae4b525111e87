using HvKernel.Breakpoints;
using HvKernel.Events;

namespace HvKernel.Vmx.Exits;

/// <summary>Exits of reason 0: NMIs, #BP while there are breakpoints, and page faults of fetches while a shadow root is current.</summary>
public static unsafe class ExceptionOrNmi
{
    private const uint TypeMask = 7 << 8;
    private const uint TypeNmi = 2 << 8;
    private const uint VectorAndType = TypeMask | 0xFF;

    // INT3 is the software exception 3; INT n never exits.
    private const uint Breakpoint = (6 << 8) | 3;
    private const uint NmiUnblockingByIret = 1 << 12;
    private const uint PageFault = (3 << 8) | 14;

    public static ExitAction Handle(VCpu* vcpu)
    {
        var information = (uint)VmxInstruction.Read(Vmcs.VmExitInterruptionInformation);
        if ((information & TypeMask) == TypeNmi)
        {
            vcpu->NmiPending |= !Rendezvous.TakeNmi(vcpu);
            Injection.RedoInterruptedDelivery();
            return ExitAction.Resume;
        }

        if ((information & VectorAndType) == Breakpoint && BreakpointTrap.OnBreakpoint(vcpu))
        {
            return ExitAction.Resume;
        }

        // SDM vol. 3C, "Information About NMI Unblocking Due to IRET": a fault of the IRET itself leaves NMIs blocked.
        if ((information & NmiUnblockingByIret) != 0)
        {
            RestoreNmiBlocking();
        }

        if ((information & VectorAndType) == PageFault && vcpu->UsesShadow)
        {
            return ShadowTrap.OnFetchFault(vcpu, information);
        }

        Injection.Reflect(information, VmxInstruction.Read(Vmcs.VmExitInterruptionErrorCode));
        return ExitAction.Resume;
    }

    /// <summary>The guest can take the NMI that waits, if one does; dispatch delivers it.</summary>
    public static ExitAction HandleWindow(VCpu* vcpu)
    {
        Injection.CloseNmiWindow(vcpu);
        return ExitAction.Resume;
    }

    /// <summary>Sets blocking by NMI again.</summary>
    public static void RestoreNmiBlocking()
    {
        var blocking = VmxInstruction.Read(Vmcs.GuestInterruptibilityState);
        VmxInstruction.Write(Vmcs.GuestInterruptibilityState, blocking | GuestState.BlockingByNmi);
    }
}
