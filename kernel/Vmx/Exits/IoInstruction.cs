using HvKernel.Cpu;
using HvKernel.Memory;

namespace HvKernel.Vmx.Exits;

/// <summary>
/// Accesses to the debug UART's ports, the only ones that exit: the guest finds no device there. Reads give all ones, writes go nowhere.
/// </summary>
public static unsafe class IoInstruction
{
    private const ulong DirectionIn = 1 << 3;
    private const ulong StringInstruction = 1 << 4;
    private const ulong RepPrefix = 1 << 5;
    private const int UserLevel = 3;

    public static ExitAction Handle(VCpu* vcpu)
    {
        var qualification = VmxInstruction.Read(Vmcs.ExitQualification);
        var size = (int)(qualification & 7) + 1;
        if ((qualification & StringInstruction) != 0)
        {
            return HandleString(vcpu, qualification, size);
        }

        if ((qualification & DirectionIn) != 0)
        {
            // A 32-bit destination clears the upper half, as IN EAX does; AL and AX leave the rest alone.
            vcpu->Registers->Rax = size switch
            {
                1 => vcpu->Registers->Rax | 0xFF,
                2 => vcpu->Registers->Rax | 0xFFFF,
                _ => 0xFFFF_FFFF,
            };
        }

        return ExitAction.Advance;
    }

    // INS and OUTS do one element an exit; REP goes on at the same RIP until RCX is used up.
    private static ExitAction HandleString(VCpu* vcpu, ulong qualification, int size)
    {
        var isIn = (qualification & DirectionIn) != 0;
        var isRep = (qualification & RepPrefix) != 0;
        var addressMask = (VmxInstruction.Read(Vmcs.VmExitInstructionInformation) >> 7 & 7) switch
        {
            0 => 0xFFFFUL,
            1 => 0xFFFF_FFFFUL,
            _ => ulong.MaxValue,
        };
        if (isRep && (vcpu->Registers->Rcx & addressMask) == 0)
        {
            return ExitAction.Advance;
        }

        // The exit comes before the access (SDM vol. 3C, "Relative Priority of Faults and VM Exits"), so its page fault is ours to raise.
        var memory = Machine.Memory(vcpu->Machine);
        var address = VmxInstruction.Read(Vmcs.GuestLinearAddress);
        var access = new GuestAccess(
            GuestState.Paging(vcpu),
            isIn,
            GuestState.Cpl() == UserLevel,
            (VmxInstruction.Read(Vmcs.GuestRflags) & Rflags.Ac) != 0,
            vcpu->Machine->Capabilities.PhysicalAddressBits);
        if (access.Faults(ref memory, address, (ulong)size, out var faultAddress, out var errorCode))
        {
            Injection.PageFault(faultAddress, errorCode);
            return ExitAction.Resume;
        }

        if (isIn)
        {
            var allOnes = ulong.MaxValue;
            GuestMemory.Write(ref memory, access.Paging, address, (byte*)&allOnes, (ulong)size, out _);
        }

        var step = (VmxInstruction.Read(Vmcs.GuestRflags) & Rflags.Df) != 0 ? 0 - (ulong)size : (ulong)size;
        ref var pointer = ref isIn ? ref vcpu->Registers->Rdi : ref vcpu->Registers->Rsi;
        pointer = Merge(pointer, pointer + step, addressMask);
        if (!isRep)
        {
            return ExitAction.Advance;
        }

        vcpu->Registers->Rcx = Merge(vcpu->Registers->Rcx, vcpu->Registers->Rcx - 1, addressMask);
        if ((vcpu->Registers->Rcx & addressMask) == 0)
        {
            return ExitAction.Advance;
        }

        GuestState.AdvanceIteration();
        return ExitAction.Resume;
    }

    // A 16-bit address register keeps its upper part, a 32-bit one clears it.
    private static ulong Merge(ulong before, ulong after, ulong mask) =>
        mask == 0xFFFF ? (before & ~mask) | (after & mask) : after & mask;
}
