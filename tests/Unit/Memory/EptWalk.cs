using HvKernel.Memory;

namespace HvKernel.Tests.Memory;

/// <summary>What an EPT walk ends with.</summary>
public enum EptWalkResult
{
    Mapped,
    NotPresent,

    /// <summary>An entry that the processor does not accept.</summary>
    Misconfigured,
}

/// <summary>
/// The processor's walk of extended page tables, written from SDM vol. 3C, "The Extended Page Table Mechanism (EPT)": its tables of entry
/// formats and "EPT Misconfigurations". Knows nothing of how HvKernel writes entries. Host addresses are physical ones.
/// </summary>
public readonly unsafe struct EptWalk
{
    private const ulong PermissionBits = 0x407;

    public EptWalkResult Result { get; private init; }

    public ulong Physical { get; private init; }

    public ulong PageSize { get; private init; }

    public MemoryType Type { get; private init; }

    public bool CanRead { get; private init; }

    public bool CanWrite { get; private init; }

    public bool CanExecuteSupervisor { get; private init; }

    public bool CanExecuteUser { get; private init; }

    /// <summary>Whether PAT is ignored: bit 6 of a leaf.</summary>
    public bool IgnoresPat { get; private init; }

    public bool CanAll => CanRead && CanWrite && CanExecuteSupervisor && CanExecuteUser;

    /// <summary>Walks from the value of an EPT pointer. A bad pointer is a VM entry that fails; here it is a misconfiguration.</summary>
    public static EptWalk Translate(ulong eptPointer, ulong address, int physicalAddressBits, bool hasExecuteOnly = false)
    {
        // Write-back structures (6), a walk of four levels (3 in bits 5:3), bits 11:7 reserved; bit 6 would turn accessed and dirty flags on.
        if ((eptPointer & 0xFFF) != 0x1E)
            return new EptWalk { Result = EptWalkResult.Misconfigured };
        if (address >> 48 != 0)
            return new EptWalk { Result = EptWalkResult.NotPresent };

        var table = (ulong*)(eptPointer & ~0xFFFUL);
        var permissions = PermissionBits;
        for (var level = 4; ; level--)
        {
            var shift = 12 + (9 * (level - 1));
            var entry = table[address >> shift & 511];
            if ((entry & PermissionBits) == 0)
                return new EptWalk { Result = EptWalkResult.NotPresent };
            if (!IsWellFormed(hasExecuteOnly && (entry & 3) == 0 ? entry | 1 : entry, level, physicalAddressBits))
                return new EptWalk { Result = EptWalkResult.Misconfigured };
            permissions &= entry;
            if (IsLeaf(entry, level))
            {
                var size = 1UL << shift;
                return new EptWalk
                {
                    Result = EptWalkResult.Mapped,
                    PageSize = size,
                    Physical = (entry & 0x000F_FFFF_FFFF_F000 & ~(size - 1)) | (address & (size - 1)),
                    Type = (MemoryType)(entry >> 3 & 7),
                    IgnoresPat = (entry & 0x40) != 0,
                    CanRead = (permissions & 1) != 0,
                    CanWrite = (permissions & 2) != 0,
                    CanExecuteSupervisor = (permissions & 4) != 0,
                    CanExecuteUser = (permissions & 0x400) != 0,
                };
            }
            table = (ulong*)(entry & 0x000F_FFFF_FFFF_F000);
        }
    }

    /// <summary>Whether the walk ends at this entry: always at a page table's, at bit 7 in the two levels above.</summary>
    public static bool IsLeaf(ulong entry, int level) => level == 1 || (level < 4 && (entry & 0x80) != 0);

    /// <summary>Whether the processor accepts a present entry.</summary>
    public static bool IsWellFormed(ulong entry, int level, int physicalAddressBits)
    {
        // Writable but not readable; or executable only, which needs a capability.
        if ((entry & 1) == 0)
            return false;
        if (!IsLeaf(entry, level))
        {
            // Bits 7:3 of the root's entries, 6:3 of the others that refer to tables. Their addresses are the test's own, of any width.
            return (entry & (level == 4 ? 0xF8UL : 0x78UL)) == 0;
        }

        var type = entry >> 3 & 7;
        var alignment = level == 1 ? 0 : (1UL << (12 + (9 * (level - 1)))) - 0x1000;
        return type is 0 or 1 or 4 or 5 or 6
            && (entry & alignment) == 0
            && (entry & 0x000F_FFFF_FFFF_F000) >> physicalAddressBits == 0;
    }
}
