namespace HvKernel.Memory;

/// <summary>
/// Folds MTRRs into the type of a range of memory (SDM vol. 3A, "Memory Type Range Registers" and "MTRR Precedences"). Pure.
/// </summary>
public static unsafe class MtrrFold
{
    private const ulong FixedEnd = 0x10_0000;

    /// <summary>
    /// Type of the naturally aligned range of <paramref name="size"/> bytes (a power of two, at least 4 KiB) at <paramref name="address"/>, or
    /// <see cref="MemoryType.Mixed"/> where its parts differ and it must be looked at in smaller pieces. Never Mixed for 4 KiB.
    /// </summary>
    public static MemoryType TypeOf(in MtrrState mtrrs, ulong address, ulong size)
    {
        if ((mtrrs.DefaultType & MtrrState.DefTypeEnable) == 0)
        {
            return MemoryType.Uncacheable;
        }

        if (address < FixedEnd && mtrrs.HasFixed && (mtrrs.DefaultType & MtrrState.DefTypeFixedEnable) != 0)
        {
            return FixedType(mtrrs, address, size);
        }

        return VariableType(mtrrs, address, size);
    }

    private static MemoryType FixedType(in MtrrState mtrrs, ulong address, ulong size)
    {
        if (address + size > FixedEnd)
        {
            return MemoryType.Mixed;
        }

        fixed (byte* types = mtrrs.Fixed)
        {
            var type = types[FixedIndex(address)];
            for (var at = address; at < address + size; at += Page.Bytes)
            {
                if (types[FixedIndex(at)] != type)
                {
                    return MemoryType.Mixed;
                }
            }

            return Known(type);
        }
    }

    private static int FixedIndex(ulong address)
    {
        if (address < 0x8_0000)
        {
            return (int)(address >> 16);
        }

        return address < 0xC_0000 ? 8 + (int)((address - 0x8_0000) >> 14) : 24 + (int)((address - 0xC_0000) >> 12);
    }

    private static MemoryType VariableType(in MtrrState mtrrs, ulong address, ulong size)
    {
        var any = false;
        var partial = false;
        var result = MemoryType.WriteBack;
        fixed (ulong* variable = mtrrs.Variable)
        {
            for (var i = 0; i < mtrrs.VariableCount; i++)
            {
                var start = variable[2 * i];
                var mask = variable[(2 * i) + 1];
                if ((mask & MtrrState.MaskValid) == 0)
                {
                    continue;
                }

                // Bits above the physical width do not take part; bits inside the range decide whether it is covered as a whole.
                mask &= (1UL << mtrrs.PhysicalAddressBits) - Page.Bytes;
                if (((address ^ start) & mask & ~(size - 1)) != 0)
                {
                    continue;
                }

                var type = Known((byte)start);
                if ((mask & (size - 1)) != 0)
                {
                    partial = true;
                    continue;
                }

                if (type == MemoryType.Uncacheable)
                {
                    return MemoryType.Uncacheable;
                }

                result = any ? Combine(result, type) : type;
                any = true;
            }
        }

        if (partial)
        {
            return MemoryType.Mixed;
        }

        return any ? result : Known((byte)mtrrs.DefaultType);
    }

    // "If two or more variable memory ranges match and one of them is WT and the other WB, WT is used"; every other overlap is undefined,
    // and uncacheable is the one that is always correct.
    private static MemoryType Combine(MemoryType one, MemoryType other)
    {
        if (one == other)
        {
            return one;
        }

        var writeThrough = one is MemoryType.WriteThrough or MemoryType.WriteBack && other is MemoryType.WriteThrough or MemoryType.WriteBack;
        return writeThrough ? MemoryType.WriteThrough : MemoryType.Uncacheable;
    }

    private static MemoryType Known(byte encoded) => encoded switch
    {
        1 => MemoryType.WriteCombining,
        4 => MemoryType.WriteThrough,
        5 => MemoryType.WriteProtected,
        6 => MemoryType.WriteBack,
        _ => MemoryType.Uncacheable,
    };
}
