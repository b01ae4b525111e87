using HvKernel.Cpu;
using HvKernel.Guest.Linux;
using HvKernel.Memory;
using HvKernel.Vmx;

namespace HvKernel.Guest;

/// <summary>Which operating system runs in the guest.</summary>
public enum GuestOsKind : uint
{
    Unknown = 0,
    Linux = 1,
}

/// <summary>What is known of the guest's operating system. Found on the first request that needs it, and again when another kernel has started.</summary>
public struct GuestOs
{
    public GuestOsKind Kind;

    /// <summary>How the last search ended.</summary>
    public DiscoveryResult Result;

    /// <summary>IA32_LSTAR when the kernel was found: another value means another kernel.</summary>
    public ulong Lstar;

    /// <summary>Ticks that the search took.</summary>
    public ulong DiscoveryTicks;
    public LinuxGuest Linux;
}

/// <summary>Keeps <see cref="GuestOs"/> true to the guest.</summary>
public static unsafe class GuestOsDiscovery
{
    /// <summary>Whether the OS is known, after looking for it where that is needed.</summary>
    public static bool Ensure(VCpu* vcpu)
    {
        var os = &vcpu->Machine->GuestOs;
        var lstar = MsrAccess.Read(Msr.Ia32Lstar);
        if (os->Kind == GuestOsKind.Linux && (os->Lstar == lstar || lstar == 0))
        {
            // A processor that is being started has none yet.
            return true;
        }

        var start = Processor.Tsc();
        var memory = Machine.Memory(vcpu->Machine);
        var paging = Vmx.GuestState.Paging(vcpu);
        Linux.GuestState state = default;
        state.Cr0 = paging.Cr0;
        state.Cr3 = paging.Cr3;
        state.Cr4 = paging.Cr4;
        state.Efer = paging.Efer;
        state.Lstar = lstar;
        os->Result = LinuxGuest.Discover(ref memory, state, ref os->Linux);
        os->Kind = os->Result == DiscoveryResult.Found ? GuestOsKind.Linux : GuestOsKind.Unknown;
        os->Lstar = lstar;
        os->DiscoveryTicks = Processor.Tsc() - start;
        for (uint i = 0; i < vcpu->Machine->ProcessorCount; i++)
        {
            vcpu->Machine->Processors[i]->PerCpuBase = 0;
            vcpu->Machine->Processors[i]->CurrentTask = null;
            vcpu->Machine->Processors[i]->KnownTask = 0;
        }

        return os->Kind == GuestOsKind.Linux;
    }
}
