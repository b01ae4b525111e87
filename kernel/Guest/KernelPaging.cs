using HvKernel.Memory;
using HvKernel.Vmx;

namespace HvKernel.Guest;

/// <summary>
/// The translation with which the guest's kernel sees memory. Where it isolates page tables, user mode's root is still current at a transition, both at the last
/// moment before user mode and at the first instruction of the kernel, and maps next to nothing of the kernel.
/// </summary>
public static unsafe class KernelPaging
{
    /// <summary>The current translation, from the kernel's root of the current address space.</summary>
    public static GuestPaging Current(VCpu* vcpu)
    {
        var paging = GuestState.Paging(vcpu);
        var root = paging.Cr3 & PageRootPair.AddressBits;
        if (vcpu->CurrentWatch >= 0)
        {
            var watch = &vcpu->Machine->Events.Watches[vcpu->CurrentWatch];
            return watch->HasRoot(root) ? paging.WithRoot(watch->Root) : paging;
        }

        var memory = Machine.Memory(vcpu->Machine);
        return PageRootPair.Classify(ref memory, root) == PageRootKind.Pair ? paging.WithRoot(root & ~PageRootPair.PairBit) : paging;
    }
}
