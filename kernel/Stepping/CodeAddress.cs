using HvKernel.Guest;
using HvKernel.Memory;
using HvKernel.Vmx;

namespace HvKernel.Stepping;

/// <summary>Where the guest executes, as this processor's VMCS has it.</summary>
public static unsafe class CodeAddress
{
    private const int LongestInstruction = 15;
    private const int FrameBytes = 48;

    /// <summary>The guest-physical address of an instruction; false where it is not mapped, or not in the guest's RAM.</summary>
    public static bool TryPhysical(VCpu* vcpu, ulong rip, out ulong physical)
    {
        var memory = Machine.Memory(vcpu->Machine);
        var mapped = GuestPageWalk.Translate(ref memory, GuestState.Paging(vcpu), Linear(rip), out var walk) == GuestWalkResult.Mapped;
        physical = walk.Physical;
        return mapped && memory.Map(physical, 1) != null;
    }

    /// <summary>Reads the instruction at RIP; answers how many bytes could be read, at most 15.</summary>
    public static int Read(VCpu* vcpu, byte* code)
    {
        var memory = Machine.Memory(vcpu->Machine);
        var linear = Linear(VmxInstruction.Read(Vmcs.GuestRip));
        return (int)GuestMemory.Read(ref memory, GuestState.Paging(vcpu), linear, code, LongestInstruction, out _);
    }

    /// <summary>The page root of user code, and 0 for all kernel code: kernels run one thread with the tables of another one.</summary>
    public static ulong Root(VCpu* vcpu) => GuestState.Cpl() == 3 ? GuestState.Cr3(vcpu) & PageRootPair.AddressBits : 0;

    /// <summary>
    /// Whether an event was delivered in the place of an instruction, or by it, so that a handler runs which goes back to it: then the frame on the stack says so
    /// (SDM vol. 3A, "64-Bit Mode Stack Frame": RIP, CS, RFLAGS, RSP, SS, below it the error code of those that have one).
    /// </summary>
    public static bool IsInHandlerOf(VCpu* vcpu, ulong rip, ulong rsp)
    {
        var now = VmxInstruction.Read(Vmcs.GuestRip);
        if (!GuestState.Is64BitCode() || (now > rip && now - rip <= LongestInstruction) || GuestState.Cpl() == 3)
        {
            return false;
        }

        var memory = Machine.Memory(vcpu->Machine);
        var frame = stackalloc ulong[FrameBytes / sizeof(ulong)];
        var wanted = GuestMemory.Read(ref memory, GuestState.Paging(vcpu), VmxInstruction.Read(Vmcs.GuestRsp), (byte*)frame, FrameBytes, out _);
        return wanted == FrameBytes && ((frame[0] == rip && frame[3] == rsp) || (frame[1] == rip && frame[4] == rsp));
    }

    /// <summary>The address at which a call that was just executed will go on.</summary>
    public static bool TryReturnAddress(VCpu* vcpu, out ulong address)
    {
        var memory = Machine.Memory(vcpu->Machine);
        var bits = GuestState.CodeBits();
        ulong value = 0;
        var stack = VmxInstruction.Read(Vmcs.GuestRsp);
        if (bits != 64)
        {
            stack = (uint)(stack + VmxInstruction.Read(Vmcs.GuestSsBase));
        }

        var bytes = (ulong)bits / 8;
        var done = GuestMemory.Read(ref memory, GuestState.Paging(vcpu), stack, (byte*)&value, bytes, out _);
        address = value;
        return done == bytes;
    }

    private static ulong Linear(ulong rip) =>
        GuestState.Is64BitCode() ? rip : (uint)(rip + VmxInstruction.Read(Vmcs.GuestCsBase));
}
