using HvKernel.Cpu;
using HvKernel.Link;

namespace HvKernel.Vmx;

/// <summary>Events that the guest takes at the next entry (SDM vol. 3C, "Event Injection").</summary>
public static unsafe class Injection
{
    private const uint Valid = 1U << 31;
    private const uint DeliverErrorCode = 1 << 11;
    private const uint TypeNmi = 2 << 8;
    private const uint TypeHardwareException = 3 << 8;
    private const uint TypeSoftwareInterrupt = 4;
    private const uint TypeMask = 7 << 8;
    private const uint VectorNmi = 2;
    private const uint VectorInvalidOpcode = 6;
    private const uint VectorGeneralProtection = 13;
    private const uint VectorPageFault = 14;

    /// <summary>#UD at the guest's RIP.</summary>
    public static void InvalidOpcode() => Fault(VectorInvalidOpcode | TypeHardwareException | Valid, 0);

    /// <summary>#GP(0) at the guest's RIP.</summary>
    public static void GeneralProtection() => Fault(VectorGeneralProtection | TypeHardwareException | DeliverErrorCode | Valid, 0);

    /// <summary>#PF at the guest's RIP, with CR2, which no exit changes.</summary>
    public static void PageFault(ulong address, uint errorCode)
    {
        ControlRegisters.WriteCr2(address);
        Fault(VectorPageFault | TypeHardwareException | DeliverErrorCode | Valid, errorCode);
    }

    /// <summary>An external interrupt that was taken in root: the guest can take interrupts now.</summary>
    public static void ExternalInterrupt(uint vector) => Event(vector | Valid, 0, 0);

    /// <summary>
    /// VM-entry interruption information for what a user asks for; false for what VM entry would refuse or what is an instruction's own (SDM vol. 3C,
    /// "VM-Entry Control Fields"): left are external interrupts (type 0), NMI (2) and exceptions (3).
    /// </summary>
    public static bool TryDescribe(ulong type, ulong vector, bool hasErrorCode, out uint information)
    {
        information = (uint)vector | ((uint)type << 8) | (hasErrorCode ? DeliverErrorCode : 0) | Valid;
        return type switch
        {
            0 => vector <= 255 && !hasErrorCode && CanTakeInterrupt(),
            2 => vector == VectorNmi && !hasErrorCode,
            3 => vector <= 31 && vector != VectorNmi && hasErrorCode == PushesErrorCode(vector),
            _ => false,
        };
    }

    /// <summary>Injects what <see cref="TryDescribe"/> answered, where nothing else is about to be delivered and the guest still can take it.</summary>
    public static void Carry(VCpu* vcpu, uint information, uint errorCode)
    {
        if ((information & TypeMask) == TypeNmi)
        {
            vcpu->NmiPending = true;
        }
        else if (((uint)VmxInstruction.Read(Vmcs.VmEntryInterruptionInformation) & Valid) == 0
            && ((information & TypeMask) != 0 || CanTakeInterrupt()))
        {
            Event(information, errorCode, 0);
        }
    }

    private static bool CanTakeInterrupt() =>
        (VmxInstruction.Read(Vmcs.GuestRflags) & Rflags.If) != 0 && VmxInstruction.Read(Vmcs.GuestInterruptibilityState) == 0;

    // SDM vol. 3A, table "Protected-Mode Exceptions and Interrupts": #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP.
    private static bool PushesErrorCode(ulong vector) => vector is 8 or (>= 10 and <= 14) or 17 or 21;

    /// <summary>Hands an exception that exited back as it was.</summary>
    public static void Reflect(uint interruptionInformation, ulong errorCode) =>
        Event(interruptionInformation & ~(1U << 12), errorCode, VmxInstruction.Read(Vmcs.VmExitInstructionLength));

    /// <summary>
    /// Repeats the delivery that an exit interrupted (SDM vol. 3C, "Information for VM Exits During Event Delivery"): without this an
    /// interrupt would be lost for ever.
    /// </summary>
    public static void RedoInterruptedDelivery()
    {
        var vectoring = (uint)VmxInstruction.Read(Vmcs.IdtVectoringInformation);
        if ((vectoring & Valid) == 0)
        {
            return;
        }

        if ((vectoring & TypeMask) == TypeNmi)
        {
            Unblock();
        }

        Event(
            vectoring & ~(1U << 12),
            VmxInstruction.Read(Vmcs.IdtVectoringErrorCode),
            VmxInstruction.Read(Vmcs.VmExitInstructionLength));
    }

    /// <summary>
    /// Gives the guest an NMI that is pending: at once where it can take one, else at the NMI window (SDM vol. 3C, "NMI-window exiting":
    /// with virtual NMIs, the exit comes when there is no virtual-NMI blocking).
    /// </summary>
    public static void DeliverPendingNmi(VCpu* vcpu)
    {
        if (!vcpu->NmiPending)
        {
            return;
        }

        var blocking = VmxInstruction.Read(Vmcs.GuestInterruptibilityState);
        var occupied = (VmxInstruction.Read(Vmcs.VmEntryInterruptionInformation) & Valid) != 0;
        if (blocking == 0 && !occupied)
        {
            vcpu->NmiPending = false;
            Event(VectorNmi | TypeNmi | Valid, 0, 0);
            SetNmiWindow(vcpu, false);
        }
        else
        {
            SetNmiWindow(vcpu, true);
        }
    }

    /// <summary>
    /// An NMI arrived in root. The entry may already be under way, behind all checks: so the exit at the NMI window is asked for here, and what
    /// it finds then is up to date. It comes at once where the guest can take an NMI.
    /// </summary>
    /// <param name="vcpu">This processor.</param>
    /// <param name="rip">Where root was.</param>
    public static void NmiInRoot(VCpu* vcpu, ulong rip)
    {
        if ((vcpu->Work & (uint)RemoteWork.Panic) != 0)
        {
            PanicStop.Join(vcpu, rip);
        }

        vcpu->NmiPending |= !Rendezvous.TakeNmi(vcpu);
        if (!vcpu->InContained)
        {
            VmxInstruction.Write(Vmcs.PrimaryProcessorBasedControls, vcpu->PrimaryControls | PrimaryBased.NmiWindowExiting);
        }
    }

    /// <summary>The exit at the NMI window has come: ends it, also where <see cref="NmiInRoot"/> has asked for it.</summary>
    public static void CloseNmiWindow(VCpu* vcpu)
    {
        vcpu->PrimaryControls &= ~PrimaryBased.NmiWindowExiting;
        VmxInstruction.Write(Vmcs.PrimaryProcessorBasedControls, vcpu->PrimaryControls);
    }

    private static void SetNmiWindow(VCpu* vcpu, bool on)
    {
        var controls = on ? vcpu->PrimaryControls | PrimaryBased.NmiWindowExiting : vcpu->PrimaryControls & ~PrimaryBased.NmiWindowExiting;
        if (controls != vcpu->PrimaryControls)
        {
            vcpu->PrimaryControls = controls;
            VmxInstruction.Write(Vmcs.PrimaryProcessorBasedControls, controls);
        }
    }

    // A fault pushes RFLAGS with RF set (SDM vol. 3B, "Instruction-Breakpoint Exception Condition"); injection takes RFLAGS as they are.
    private static void Fault(uint information, ulong errorCode)
    {
        VmxInstruction.Write(Vmcs.GuestRflags, VmxInstruction.Read(Vmcs.GuestRflags) | Rflags.Rf);
        Event(information, errorCode, 0);
    }

    private static void Event(uint information, ulong errorCode, ulong instructionLength)
    {
        // Real-address mode pushes no error code, and VM entry refuses one (SDM vol. 3C, "VM-Entry Control Fields").
        if ((information & DeliverErrorCode) != 0 && (VmxInstruction.Read(Vmcs.GuestCr0) & Cr0.Pe) == 0)
        {
            information &= ~DeliverErrorCode;
        }

        VmxInstruction.Write(Vmcs.VmEntryInterruptionInformation, information);
        if ((information & DeliverErrorCode) != 0)
        {
            VmxInstruction.Write(Vmcs.VmEntryExceptionErrorCode, errorCode);
        }

        // Types 4, 5 and 6 come from instructions and push the address behind them.
        if (((information & TypeMask) >> 8) >= TypeSoftwareInterrupt)
        {
            VmxInstruction.Write(Vmcs.VmEntryInstructionLength, instructionLength);
        }
    }

    private static void Unblock()
    {
        var blocking = VmxInstruction.Read(Vmcs.GuestInterruptibilityState);
        VmxInstruction.Write(Vmcs.GuestInterruptibilityState, blocking & ~GuestState.BlockingByNmi);
    }
}
