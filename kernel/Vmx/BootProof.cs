using HvKernel.Cpu;
using HvKernel.Link;

namespace HvKernel.Vmx;

/// <summary>
/// When a boot counts as one that worked: a console has said hello, or the guest has run for a minute. Written to the log that survives a warm reset, the
/// one thing that can be written after ExitBootServices without the guest's help.
/// </summary>
public static unsafe class BootProof
{
    private const ulong Seconds = 60;

    /// <summary>At each beat of the first processor.</summary>
    public static void Watch(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        if (!machine->IsProven && vcpu->Number == 0 && Processor.Tsc() - vcpu->LaunchTick > Seconds * machine->TickFrequency)
        {
            Give(machine);
        }
    }

    /// <summary>This boot works.</summary>
    public static void Give(Machine* machine)
    {
        if (!machine->IsProven)
        {
            machine->IsProven = true;
            LogRing.Prove(machine->Log);
        }
    }
}
