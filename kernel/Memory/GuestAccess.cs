namespace HvKernel.Memory;

/// <summary>
/// Whether the processor would fault on a data access of the guest's, and how: the access rights of SDM vol. 3A, "Access Rights", but for
/// protection keys. Pure.
/// </summary>
/// <param name="paging">The registers that decide how linear addresses are translated.</param>
/// <param name="isWrite">A write, else a read.</param>
/// <param name="isUser">Made at CPL 3.</param>
/// <param name="alignmentCheck">RFLAGS.AC, which lifts SMAP for the supervisor.</param>
/// <param name="physicalAddressBits">MAXPHYADDR: address bits above it are reserved.</param>
public readonly struct GuestAccess(GuestPaging paging, bool isWrite, bool isUser, bool alignmentCheck, int physicalAddressBits)
{
    private const ulong EntryAddress = 0x000F_FFFF_FFFF_F000;
    private const ulong Cr0WriteProtect = 1 << 16;
    private const ulong Cr4Smap = 1 << 21;
    private const uint Protection = 1;
    private const uint Write = 1 << 1;
    private const uint User = 1 << 2;
    private const uint Reserved = 1 << 3;

    public GuestPaging Paging => paging;

    /// <summary>
    /// True where the access is a page fault, with its address and its error code. An access may lie across two pages.
    /// </summary>
    public bool Faults<TMemory>(ref TMemory memory, ulong address, ulong length, out ulong faultAddress, out uint errorCode)
        where TMemory : struct, IPhysicalMemory
    {
        faultAddress = address;
        if (FaultsAt(ref memory, address, out errorCode))
        {
            return true;
        }

        faultAddress = (address + length - 1) & ~(GuestPageWalk.SmallPage - 1);
        return faultAddress > address && FaultsAt(ref memory, faultAddress, out errorCode);
    }

    private bool FaultsAt<TMemory>(ref TMemory memory, ulong address, out uint errorCode)
        where TMemory : struct, IPhysicalMemory
    {
        errorCode = (isWrite ? Write : 0) | (isUser ? User : 0);
        var result = GuestPageWalk.Translate(ref memory, paging, address, out var walk);
        if (HasWideAddress(walk))
        {
            errorCode |= Protection | Reserved;
            return true;
        }

        switch (result)
        {
            case GuestWalkResult.NotPresent:
                return true;
            case GuestWalkResult.ReservedBit:
                errorCode |= Protection | Reserved;
                return true;
            case GuestWalkResult.Mapped when walk.Mode != GuestPagingMode.Off:
                errorCode |= Protection;
                return !Allows(walk);
            default:
                return false;
        }
    }

    private bool HasWideAddress(in GuestPageWalk walk)
    {
        for (int level = walk.Level; level != 0 && level <= walk.RootLevel; level++)
        {
            var entry = walk.Entry(level);
            if ((entry & Protection) != 0 && walk.Mode != GuestPagingMode.Bits32 && (entry & EntryAddress) >> physicalAddressBits != 0)
            {
                return true;
            }
        }

        return false;
    }

    private bool Allows(in GuestPageWalk walk)
    {
        if (isUser)
        {
            return walk.User && (!isWrite || walk.Writable);
        }

        var isPrevented = walk.User && (paging.Cr4 & Cr4Smap) != 0 && !alignmentCheck;
        return !isPrevented && (!isWrite || walk.Writable || (paging.Cr0 & Cr0WriteProtect) == 0);
    }
}
