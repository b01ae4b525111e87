using HvKernel.Cpu;

namespace HvKernel.Vmx.Exits;

/// <summary>INIT signals and start-up IPIs.</summary>
public static unsafe class StartupExits
{
    private const ulong IsBootProcessor = 1 << 8;

    /// <summary>INIT: the machine restarts where the boot processor gets it, any other processor waits for its SIPI.</summary>
    public static ExitAction InitSignal(VCpu* vcpu)
    {
        vcpu->InitPending = false;
        if (vcpu->JustStarted && VmxInstruction.Read(Vmcs.GuestRip) == 0)
        {
            // A second INIT that came while the processor waited for SIPI: there it is blocked (SDM vol. 3C, "Other Causes of VM Exits") and comes
            // behind the start, where on the bare processor it would have come before it, and changed nothing.
            vcpu->JustStarted = false;
            return ExitAction.Resume;
        }

        if ((MsrAccess.Read(Msr.Ia32ApicBase) & IsBootProcessor) != 0)
        {
            return ShutdownExits.InitOfBootProcessor(vcpu);
        }

        ProcessorStartup.Init(vcpu);
        return ExitAction.Resume;
    }

    /// <summary>SIPI: only a processor that waits for one has this exit; a running one never sees it.</summary>
    public static ExitAction StartupIpi(VCpu* vcpu)
    {
        // SDM vol. 3C, "Exit Qualification": the vector is in bits 7:0.
        ProcessorStartup.Start(vcpu, (uint)VmxInstruction.Read(Vmcs.ExitQualification) & 0xFF);
        return ExitAction.Resume;
    }
}
