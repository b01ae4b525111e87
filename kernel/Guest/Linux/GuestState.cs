using HvKernel.Memory;

namespace HvKernel.Guest.Linux;

/// <summary>What discovery needs to know of a processor of the guest. Any processor will do, in user or kernel mode.</summary>
public struct GuestState
{
    public ulong Cr0;
    public ulong Cr3;
    public ulong Cr4;
    public ulong Efer;

    /// <summary>IA32_LSTAR: where SYSCALL enters the kernel.</summary>
    public ulong Lstar;

    public readonly GuestPaging Paging => new(Cr0, Cr3, Cr4, Efer);
}
