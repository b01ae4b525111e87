namespace HvKernel.Cpu;

/// <summary>One segment as the VMCS wants it.</summary>
public struct Segment
{
    public ushort Selector;
    public ulong Base;
    public uint Limit;

    /// <summary>Access rights in VMCS format: descriptor bits 40 to 47 and 52 to 55, and bit 16 for "unusable".</summary>
    public uint AccessRights;
}

/// <summary>Decodes descriptor-table entries (SDM vol. 3A, "Segment Descriptors"). Pure.</summary>
public static unsafe class SegmentDescriptor
{
    /// <summary>Access-rights bit of a segment register that holds no segment.</summary>
    public const uint Unusable = 1 << 16;

    /// <summary>A present, busy 64-bit TSS: the only access rights of TR that VM entry accepts in IA-32e mode.</summary>
    public const uint BusyTss64 = 0x8B;

    private const ulong Present = 1UL << 47;

    /// <summary>
    /// The segment that <paramref name="selector"/> names in the table at <paramref name="table"/>. A null selector, one into the LDT, one
    /// behind the limit and one of an entry that is not present give an unusable segment.
    /// </summary>
    public static Segment Decode(ulong* table, ushort limit, ushort selector)
    {
        var segment = default(Segment);
        segment.Selector = selector;
        if ((selector & ~3) == 0 || (selector & 4) != 0 || (selector | 7) > limit)
        {
            segment.AccessRights = Unusable;
            return segment;
        }

        // Loaded segments were present; where the table has changed since, VM entry would refuse a usable segment with P = 0.
        var low = table[selector >> 3];
        if ((low & Present) == 0)
        {
            segment.AccessRights = Unusable;
            return segment;
        }

        segment.Base = ((low >> 16) & 0xFF_FFFF) | ((low >> 32) & 0xFF00_0000);
        segment.Limit = (uint)((low & 0xFFFF) | ((low >> 32) & 0xF_0000));
        segment.AccessRights = (uint)((low >> 40) & 0xF0FF);
        var granular = (low & (1UL << 55)) != 0;
        if (granular)
        {
            segment.Limit = (segment.Limit << 12) | 0xFFF;
        }

        // A segment that is loaded has been accessed; VM entry insists on it. System descriptors (TSS, LDT) are 16 bytes in IA-32e mode, and
        // the second half has the upper half of the base.
        var isSystem = (low & (1UL << 44)) == 0;
        if (!isSystem)
        {
            segment.AccessRights |= 1;
        }
        else if ((selector | 7) + 8 <= limit)
        {
            segment.Base |= table[(selector >> 3) + 1] << 32;
        }

        return segment;
    }
}
