using HvKernel.Cpu;
using HvKernel.Memory;
using HvKernel.Protocol;

namespace HvKernel.Vmx;

/// <summary>The guest's state of the exit being handled, and the changes that several handlers make to it.</summary>
public static unsafe class GuestState
{
    private const ulong BlockingBySti = 1;
    private const ulong BlockingByMovSs = 2;

    /// <summary>Interruptibility-state bit "blocking by NMI".</summary>
    public const ulong BlockingByNmi = 8;

    private const ulong PendingDebugSingleStep = 1 << 14;
    private const ulong DebugCtlBtf = 1 << 1;

    /// <summary>Current privilege level: the DPL of SS (SDM vol. 3C, "Guest Register State": SS.DPL is the CPL).</summary>
    public static int Cpl() => (int)(VmxInstruction.Read(Vmcs.GuestSsAccessRights) >> 5) & 3;

    /// <summary>
    /// The guest's CR3 as the guest knows it. The VMCS holds another value while a shadow root is current, and nobody but that mechanism reads it there.
    /// </summary>
    public static ulong Cr3(VCpu* vcpu) => vcpu->UsesShadow ? vcpu->OwnCr3 : VmxInstruction.Read(Vmcs.GuestCr3);

    /// <summary>Changes the guest's CR3. Under a shadow root the root follows when the mechanism is applied.</summary>
    public static void SetCr3(VCpu* vcpu, ulong value)
    {
        if (vcpu->UsesShadow)
        {
            vcpu->OwnCr3 = value;
        }
        else
        {
            VmxInstruction.Write(Vmcs.GuestCr3, value);
        }
    }

    /// <summary>The registers that decide how linear addresses are translated now.</summary>
    public static GuestPaging Paging(VCpu* vcpu) => new(
        VmxInstruction.Read(Vmcs.GuestCr0),
        Cr3(vcpu),
        VmxInstruction.Read(Vmcs.GuestCr4),
        VmxInstruction.Read(Vmcs.GuestIa32Efer));

    /// <summary>
    /// Goes on behind the instruction that exited: RIP by its length (32 bits wide outside 64-bit mode), blocking by STI and MOV SS and RF
    /// ended, a single-step trap made pending where TF asks for one (SDM vol. 3C, "Pending Debug Exceptions").
    /// </summary>
    public static void Advance()
    {
        var rip = VmxInstruction.Read(Vmcs.GuestRip) + VmxInstruction.Read(Vmcs.VmExitInstructionLength);
        if (!Is64BitCode())
        {
            rip = (uint)rip;
        }

        VmxInstruction.Write(Vmcs.GuestRip, rip);
        EndInstruction(resumeFlag: 0);
    }

    /// <summary>
    /// One repetition of a string instruction is done and more follow: RIP stays, RF keeps its breakpoint from coming again, and TF traps
    /// here too (SDM vol. 2B, "REP/REPE/REPZ/REPNE/REPNZ").
    /// </summary>
    public static void AdvanceIteration() => EndInstruction(Rflags.Rf);

    private static void EndInstruction(ulong resumeFlag)
    {
        var blocking = VmxInstruction.Read(Vmcs.GuestInterruptibilityState);
        if ((blocking & (BlockingBySti | BlockingByMovSs)) != 0)
        {
            VmxInstruction.Write(Vmcs.GuestInterruptibilityState, blocking & ~(BlockingBySti | BlockingByMovSs));
        }

        var flags = VmxInstruction.Read(Vmcs.GuestRflags);
        if ((flags & Rflags.Rf) != resumeFlag)
        {
            VmxInstruction.Write(Vmcs.GuestRflags, (flags & ~Rflags.Rf) | resumeFlag);
        }

        // With BTF only branches trap, and none of them exits.
        if ((flags & Rflags.Tf) != 0 && (VmxInstruction.Read(Vmcs.GuestIa32DebugCtl) & DebugCtlBtf) == 0)
        {
            var pending = VmxInstruction.Read(Vmcs.GuestPendingDebugExceptions);
            VmxInstruction.Write(Vmcs.GuestPendingDebugExceptions, pending | PendingDebugSingleStep);
        }
    }

    /// <summary>Whether code runs in 64-bit mode: bit 13 (L) of CS's access rights.</summary>
    public static bool Is64BitCode() => (VmxInstruction.Read(Vmcs.GuestCsAccessRights) & (1 << 13)) != 0;

    /// <summary>Operand size of the code segment: 64, 32 or 16.</summary>
    public static int CodeBits()
    {
        var rights = VmxInstruction.Read(Vmcs.GuestCsAccessRights);
        if ((rights & (1 << 13)) != 0)
        {
            return 64;
        }

        return (rights & (1 << 14)) != 0 ? 32 : 16;
    }

    /// <summary>A general register by its number in instruction encodings, 0 to 15; RSP comes from the VMCS.</summary>
    public static ulong Register(VCpu* vcpu, int number) =>
        number == 4 ? VmxInstruction.Read(Vmcs.GuestRsp) : (&vcpu->Registers->Rax)[number];

    /// <summary>Changes a general register by its number in instruction encodings.</summary>
    public static void SetRegister(VCpu* vcpu, int number, ulong value)
    {
        if (number == 4)
        {
            VmxInstruction.Write(Vmcs.GuestRsp, value);
        }
        else
        {
            (&vcpu->Registers->Rax)[number] = value;
        }
    }

    /// <summary>Puts the guest's RSP into its slot of <see cref="VCpu.Registers"/>, which the exit stub leaves undefined.</summary>
    public static void SyncRsp(VCpu* vcpu) => vcpu->Registers->Rsp = VmxInstruction.Read(Vmcs.GuestRsp);

    /// <summary>Drops this VPID's translations: all of them, or all but global ones.</summary>
    /// <remarks>Without VPIDs every entry drops them, and there is no INVVPID to execute.</remarks>
    public static void FlushTranslations(VCpu* vcpu, bool globalsToo)
    {
        if (!SecondaryControls.UsesVpid(vcpu->Machine->Capabilities))
        {
            return;
        }

        InvalidationDescriptor descriptor;
        descriptor.Context = Vpid(vcpu);
        descriptor.LinearAddress = 0;
        var retain = !globalsToo && (vcpu->Machine->Capabilities.EptVpid & EptVpidCapability.InvvpidSingleContextRetainingGlobals) != 0;
        VmxInstruction.Invvpid(
            retain ? VmxInstruction.InvvpidSingleContextRetainingGlobals : VmxInstruction.InvalidateSingleContext,
            &descriptor);
    }

    /// <summary>VPID of a processor: never 0, which is root's.</summary>
    public static ulong Vpid(VCpu* vcpu) => vcpu->Number + 1;
}
