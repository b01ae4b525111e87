using HvKernel.Cpu;
using HvKernel.Link;
using HvKernel.Protocol;

namespace HvKernel.Vmx.Exits;

/// <summary>Exits with which the guest's own world ends: triple fault, INIT to the boot processor, hardware task switch.</summary>
public static unsafe class ShutdownExits
{
    private const ushort ResetControlPort = 0xCF9;
    private const byte FullReset = 0x0E;
    private const ushort KeyboardCommandPort = 0x64;
    private const byte PulseResetLine = 0xFE;

    /// <summary>A triple fault: shown to a console that is there, then a reset, as on the bare machine.</summary>
    public static ExitAction TripleFault(VCpu* vcpu)
    {
        Panic.DescribeGuest(vcpu, "guest took a triple fault"u8);
        if (vcpu->Machine->Link.HasConsole && !vcpu->Machine->ObserveOnly)
        {
            MachineLock.Acquire(vcpu);
            StopLoop.Enter(vcpu, StopReason.TripleFault, 0, 0);
            MachineLock.Release(vcpu);
        }

        Reset();
        return ExitAction.Panic;
    }

    /// <summary>INIT to the boot processor, which does not wait for SIPI: the machine restarts.</summary>
    public static ExitAction InitOfBootProcessor(VCpu* vcpu)
    {
        Panic.DescribeGuest(vcpu, "INIT to the boot processor: reset"u8);
        Reset();
        return ExitAction.Panic;
    }

    /// <summary>Task switches do not exist in 64-bit mode and are used by no system that boots from UEFI: refused as a bad TSS selector would be.</summary>
    public static ExitAction TaskSwitch() => ExitAction.InjectGeneralProtection;

    /// <summary>Resets the machine: reset control register, then the keyboard controller.</summary>
    public static void Reset()
    {
        Port.Out8(ResetControlPort, FullReset & ~4);
        Port.Out8(ResetControlPort, FullReset);
        Port.Out8(KeyboardCommandPort, PulseResetLine);
        for (var i = 0; i < 1_000_000; i++)
        {
            Processor.Pause();
        }
    }
}
