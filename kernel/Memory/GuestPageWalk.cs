namespace HvKernel.Memory;

/// <summary>How a walk of the guest's paging structures ended.</summary>
public enum GuestWalkResult : byte
{
    /// <summary>The address is mapped; <see cref="GuestPageWalk.Physical"/> and the rights hold.</summary>
    Mapped,

    /// <summary>The entry at <see cref="GuestPageWalk.Level"/> has its present bit clear.</summary>
    NotPresent,

    /// <summary>The address is not canonical for the mode (or above 4 GiB outside the 64-bit modes).</summary>
    NonCanonical,

    /// <summary>The paging structure that holds the entry of <see cref="GuestPageWalk.Level"/> is not in guest RAM.</summary>
    NotRam,

    /// <summary>The entry at <see cref="GuestPageWalk.Level"/> is present and has a reserved bit set: the processor would fault.</summary>
    ReservedBit,
}

/// <summary>
/// A walk of the guest's paging structures for one linear address, in software: no translation of the processor's is used or filled, and
/// no accessed or dirty bit is set. At most five entries are read.
/// </summary>
/// <remarks>
/// The guest's other processors may change the tables meanwhile. Every entry is read once, whole, into a local, so the outcome is one
/// that the processor's own walk could have had. In PAE paging the processor keeps the four uppermost entries in registers; this walk
/// reads them from memory.
/// </remarks>
public unsafe struct GuestPageWalk
{
    public const ulong SmallPage = 4096;
    public const int MaximumLevel = 5;

    private const ulong Present = 1;
    private const ulong WriteBit = 1 << 1;
    private const ulong UserBit = 1 << 2;
    private const ulong PageSizeBit = 1 << 7;
    private const ulong NoExecuteBit = 1UL << 63;
    private const ulong AddressBits = 0x000F_FFFF_FFFF_F000;
    private const ulong Cr4PageSizeExtensions = 1 << 4;
    private const ulong EferNoExecuteEnable = 1 << 11;

    // SDM vol. 3A, "PAE Paging", table of the PDPTE's format: bits 2:1, 8:5 and 63:52.
    private const ulong PaePointerReserved = 0xFFF0_0000_0000_01E6;
    private const ulong PaeReserved = 0x7FF0_0000_0000_0000;
    private const ulong TwoMegabyteReserved = 0x001F_E000;
    private const ulong OneGigabyteReserved = 0x3FFF_E000;
    private const ulong FourMegabyteReserved = 1 << 21;

    private fixed ulong _entries[MaximumLevel + 1];
    private fixed ulong _entryAddresses[MaximumLevel + 1];

    /// <summary>The guest-physical address, when mapped.</summary>
    public ulong Physical;

    /// <summary>Bytes in the page that maps the address: 4 KiB, 2 MiB, 4 MiB or 1 GiB; 4 KiB with paging off.</summary>
    public ulong PageSize;

    public GuestWalkResult Result;
    public GuestPagingMode Mode;

    /// <summary>
    /// The level of the entry at which the walk ended, in the SDM's order: 1 a PTE, 2 a PDE, 3 a PDPTE, 4 a PML4E, 5 a PML5E; 0 when no
    /// entry was looked at.
    /// </summary>
    public byte Level;

    /// <summary>The level of the first entry of this mode (2 to 5), or 0 with paging off.</summary>
    public byte RootLevel;

    /// <summary>All entries allow writing. CR0.WP and protection keys are not taken into account.</summary>
    public bool Writable;

    /// <summary>All entries allow access from CPL 3.</summary>
    public bool User;

    /// <summary>Some entry forbids execution, and IA32_EFER.NXE is set.</summary>
    public bool NoExecute;

    /// <summary>The entry read at <paramref name="level"/> (1 to 5); 0 where the walk did not come.</summary>
    public readonly ulong Entry(int level) => (uint)level <= MaximumLevel ? _entries[level] : 0;

    /// <summary>The guest-physical address of the entry at <paramref name="level"/> (1 to 5); 0 where the walk did not come.</summary>
    public readonly ulong EntryAddress(int level) => (uint)level <= MaximumLevel ? _entryAddresses[level] : 0;

    /// <summary>Translates <paramref name="address"/>; also returns <see cref="Result"/>.</summary>
    public static GuestWalkResult Translate<TMemory>(ref TMemory memory, in GuestPaging paging, ulong address, out GuestPageWalk walk)
        where TMemory : struct, IPhysicalMemory
    {
        walk = default;
        walk.Mode = paging.Mode;
        walk.Result = walk.Run(ref memory, in paging, address);
        return walk.Result;
    }

    private GuestWalkResult Run<TMemory>(ref TMemory memory, in GuestPaging paging, ulong address)
        where TMemory : struct, IPhysicalMemory
    {
        if (!IsCanonical(Mode, address))
            return GuestWalkResult.NonCanonical;

        Writable = true;
        User = true;
        if (Mode == GuestPagingMode.Off)
        {
            Physical = address;
            PageSize = SmallPage;
            return GuestWalkResult.Mapped;
        }

        var wide = Mode != GuestPagingMode.Bits32;
        var indexBits = wide ? 9 : 10;
        var executeRights = wide && (paging.Efer & EferNoExecuteEnable) != 0;
        RootLevel = Mode switch
        {
            GuestPagingMode.Bits32 => 2,
            GuestPagingMode.Pae => 3,
            GuestPagingMode.Level4 => 4,
            _ => 5,
        };
        var table = Mode switch
        {
            GuestPagingMode.Bits32 => paging.Cr3 & 0xFFFF_F000,
            GuestPagingMode.Pae => paging.Cr3 & 0xFFFF_FFE0,
            _ => paging.Cr3 & AddressBits,
        };

        for (Level = RootLevel; ; Level--)
        {
            var shift = 12 + (Level - 1) * indexBits;
            var index = (address >> shift) & ((1UL << indexBits) - 1);
            var entryAddress = table + index * (wide ? 8UL : 4UL);
            var location = memory.Map(entryAddress, wide ? 8UL : 4UL);
            if (location == null)
                return GuestWalkResult.NotRam;

            var entry = wide ? *(ulong*)location : *(uint*)location;
            _entries[Level] = entry;
            _entryAddresses[Level] = entryAddress;
            if ((entry & Present) == 0)
                return GuestWalkResult.NotPresent;

            var leaf = Level == 1 || IsLargePage(in paging, entry);
            if ((entry & ReservedBits(leaf, executeRights)) != 0)
                return GuestWalkResult.ReservedBit;

            // A PDPTE of PAE paging carries no rights.
            if (Mode != GuestPagingMode.Pae || Level != 3)
            {
                Writable &= (entry & WriteBit) != 0;
                User &= (entry & UserBit) != 0;
                NoExecute |= executeRights && (entry & NoExecuteBit) != 0;
            }
            if (leaf)
            {
                PageSize = 1UL << shift;
                Physical = FrameOf(entry) | (address & (PageSize - 1));
                return GuestWalkResult.Mapped;
            }
            table = entry & AddressBits;
        }
    }

    private static bool IsCanonical(GuestPagingMode mode, ulong address) => mode switch
    {
        GuestPagingMode.Level4 => (ulong)((long)(address << 16) >> 16) == address,
        GuestPagingMode.Level5 => (ulong)((long)(address << 7) >> 7) == address,
        _ => address <= uint.MaxValue,
    };

    private readonly bool IsLargePage(in GuestPaging paging, ulong entry)
    {
        if ((entry & PageSizeBit) == 0)
            return false;
        return Mode switch
        {
            GuestPagingMode.Bits32 => (paging.Cr4 & Cr4PageSizeExtensions) != 0,
            GuestPagingMode.Pae => Level == 2,
            _ => Level is 2 or 3,
        };
    }

    // MAXPHYADDR is left out: an address above it is not RAM, and Map says so.
    private readonly ulong ReservedBits(bool leaf, bool executeRights)
    {
        if (Mode == GuestPagingMode.Bits32)
            return leaf && Level == 2 ? FourMegabyteReserved : 0;

        var reserved = executeRights ? 0 : NoExecuteBit;
        if (Mode == GuestPagingMode.Pae)
            reserved |= Level == 3 ? PaePointerReserved : PaeReserved;
        if (Level >= 4)
            reserved |= PageSizeBit;
        else if (leaf && Level == 3)
            reserved |= OneGigabyteReserved;
        else if (leaf && Level == 2)
            reserved |= TwoMegabyteReserved;
        return reserved;
    }

    private readonly ulong FrameOf(ulong entry)
    {
        // PSE-36: bits 20:13 of a 4-MiB page's entry are bits 39:32 of its address.
        if (Mode == GuestPagingMode.Bits32 && Level == 2)
            return (entry & 0xFFC0_0000) | ((entry & 0x001F_E000) << 19);
        return entry & AddressBits & ~(PageSize - 1);
    }
}
