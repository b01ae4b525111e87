namespace HvKernel.Memory;

/// <summary>What an instruction fetch that faulted under a shadow root means.</summary>
public enum FetchFaultKind : byte
{
    /// <summary>The guest's own tables forbid the fetch: the fault is the guest's.</summary>
    Genuine,

    /// <summary>The first fetch in the other mode.</summary>
    Transition,

    /// <summary>User code in the kernel half, or kernel code in the user half: no transition, and only the guest's own root lets it run.</summary>
    OtherHalf,

    /// <summary>Neither the guest nor the shadow forbids it: a translation from before.</summary>
    Stale,
}

/// <summary>Tells transitions from page faults of the guest's own. Pure.</summary>
public static class FetchFault
{
    // Page-fault error code (SDM vol. 3A, "Page-Fault Exceptions").
    private const ulong ErrorPresent = 1;
    private const ulong ErrorReserved = 1 << 3;
    private const ulong Cr4Smep = 1 << 20;

    /// <summary>Judges a page fault with the I/D bit.</summary>
    /// <param name="memory">Guest RAM.</param>
    /// <param name="paging">The guest's own translation.</param>
    /// <param name="view">The current view: which half the shadow root forbids.</param>
    /// <param name="cpl">Current privilege level.</param>
    /// <param name="address">Linear address of the fetch.</param>
    /// <param name="errorCode">The fault's error code; but for the forbidden half it is what the guest's own tables give.</param>
    public static FetchFaultKind Classify<TMemory>(
        ref TMemory memory, in GuestPaging paging, EptView view, int cpl, ulong address, ulong errorCode)
        where TMemory : struct, IPhysicalMemory
    {
        if ((errorCode & (ErrorPresent | ErrorReserved)) != ErrorPresent)
        {
            return FetchFaultKind.Genuine;
        }

        var kernelHalf = (long)address < 0;
        var forbidden = view == EptView.KernelExecuteOff ? kernelHalf : !kernelHalf;

        // The processor is in the kernel, whatever the guest's tables say of this page: should they forbid the fetch, it faults again.
        if (forbidden && kernelHalf && cpl != 3)
        {
            return FetchFaultKind.Transition;
        }

        if (!Allows(ref memory, paging, cpl, address))
        {
            return FetchFaultKind.Genuine;
        }

        if (!forbidden)
        {
            return FetchFaultKind.Stale;
        }

        return !kernelHalf && cpl == 3 ? FetchFaultKind.Transition : FetchFaultKind.OtherHalf;
    }

    private static bool Allows<TMemory>(ref TMemory memory, in GuestPaging paging, int cpl, ulong address)
        where TMemory : struct, IPhysicalMemory
    {
        if (GuestPageWalk.Translate(ref memory, paging, address, out var walk) != GuestWalkResult.Mapped || walk.NoExecute)
        {
            return false;
        }

        return cpl == 3 ? walk.User : !walk.User || (paging.Cr4 & Cr4Smep) == 0;
    }
}
