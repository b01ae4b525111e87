using System.Runtime;
using System.Runtime.CompilerServices;
using HvKernel.Link;
using HvKernel.Vmx;

namespace HvKernel.Cpu;

/// <summary>Exceptions and interrupts that arrive in VMX root.</summary>
public static unsafe class HostException
{
    private const ulong VectorNmi = 2;
    private const ulong FirstInterruptVector = 32;

    private struct Fixup
    {
        public ulong FaultAt;
        public ulong ContinueAt;
    }

    [RuntimeImport("*", "HvkFixupTable")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern Fixup* FixupTable(ulong* count);

    /// <summary>Raises an invalid-opcode exception at <see cref="RaiseAddress"/>, with the argument in RCX.</summary>
    [RuntimeImport("*", "HvkRaise")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Raise(ulong failure);

    /// <summary>Where <see cref="Raise"/> fails.</summary>
    [RuntimeImport("*", "HvkRaiseAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong RaiseAddress();

    [RuntimeExport("HvkHostException")]
    public static void OnException(HostFrame* frame)
    {
        var vcpu = Processor.Context();
        if (frame->Vector == VectorNmi)
        {
            Injection.NmiInRoot(vcpu, frame->Rip);
            return;
        }

        if (frame->Vector >= FirstInterruptVector)
        {
            // Only let through on purpose: the guest gets it before its next instruction, and ends it at the interrupt controller itself.
            vcpu->TakenInterrupt = (uint)frame->Vector;
            return;
        }

        ulong count;
        var fixups = FixupTable(&count);
        for (ulong i = 0; i < count; i++)
        {
            if (fixups[i].FaultAt == frame->Rip)
            {
                frame->Rip = fixups[i].ContinueAt;
                return;
            }
        }

        Panic.Exception(vcpu, frame);
    }
}
