using System;
using System.Numerics;
using HvKernel.Memory;

namespace HvKernel.Tests.Memory;

/// <summary>MTRRs as a table: the values that firmware would write, by the layouts of SDM vol. 3A, "Memory Type Range Registers (MTRRs)".</summary>
public sealed unsafe class MtrrTable
{
    private const ulong Valid = 1UL << 11;
    private const ulong Enable = 1UL << 11;
    private const ulong FixedEnable = 1UL << 10;

    private MtrrState _state;

    public MtrrTable(int physicalAddressBits, MemoryType defaultType)
    {
        _state.PhysicalAddressBits = physicalAddressBits;
        _state.DefaultType = Enable | (ulong)defaultType;
    }

    public MtrrState State => _state;

    /// <summary>A variable range; the size is a power of two and the start a multiple of it.</summary>
    public MtrrTable Range(ulong start, ulong size, MemoryType type)
        => Raw(start | (ulong)type, (~(size - 1) & ((1UL << _state.PhysicalAddressBits) - 1)) | Valid);

    /// <summary>IA32_MTRR_PHYSBASEn and IA32_MTRR_PHYSMASKn as they are.</summary>
    public MtrrTable Raw(ulong physBase, ulong physMask)
    {
        _state.Variable[2 * _state.VariableCount] = physBase;
        _state.Variable[(2 * _state.VariableCount) + 1] = physMask;
        _state.VariableCount++;
        return this;
    }

    /// <summary>Turns the fixed ranges on; all of them have one type until <see cref="Fixed"/> says otherwise.</summary>
    public MtrrTable WithFixed(MemoryType type)
    {
        _state.HasFixed = true;
        _state.DefaultType |= FixedEnable;
        return Fixed(0, 0x10_0000, type);
    }

    /// <summary>The fixed sub-ranges that begin in a range of addresses.</summary>
    public MtrrTable Fixed(ulong start, ulong end, MemoryType type)
    {
        var index = 0;
        for (ulong at = 0; at < 0x10_0000; at += SubRangeBytes(at), index++)
        {
            if (at >= start && at < end)
                _state.Fixed[index] = (byte)type;
        }
        return this;
    }

    /// <summary>MTRRs off: IA32_MTRR_DEF_TYPE.E is clear.</summary>
    public MtrrTable Off() => Change(state => state with { DefaultType = state.DefaultType & ~Enable });

    /// <summary>Fixed ranges off: IA32_MTRR_DEF_TYPE.FE is clear.</summary>
    public MtrrTable FixedOff() => Change(state => state with { DefaultType = state.DefaultType & ~FixedEnable });

    /// <summary>A processor without fixed ranges: IA32_MTRRCAP.FIX is clear.</summary>
    public MtrrTable WithoutFixed() => Change(state => state with { HasFixed = false });

    /// <summary>
    /// What firmware leaves on a PC with 8 GiB: RAM below 3 GiB and from 4 GiB to 9 GiB; graphics memory taken from the top of the lower part
    /// (UC range); devices from 3 GiB to 4 GiB; video memory and option ROMs below 1 MiB by fixed ranges.
    /// </summary>
    public static MtrrTable Pc(int physicalAddressBits) => new MtrrTable(physicalAddressBits, MemoryType.Uncacheable)
        .WithFixed(MemoryType.WriteBack)
        .Fixed(0xA_0000, 0xC_0000, MemoryType.Uncacheable)
        .Fixed(0xC_0000, 0xE_0000, MemoryType.WriteProtected)
        .Range(0, 4UL << 30, MemoryType.WriteBack)
        .Range(3UL << 30, 1UL << 30, MemoryType.Uncacheable)
        .Range(0xBC00_0000, 64UL << 20, MemoryType.Uncacheable)
        .Range(4UL << 30, 4UL << 30, MemoryType.WriteBack)
        .Range(8UL << 30, 1UL << 30, MemoryType.WriteBack);

    /// <summary>
    /// The type of one 4-KiB page, page by page as SDM vol. 3A, "MTRR Precedences" has it. Overlaps that it calls undefined count as
    /// uncacheable, which is HvKernel's choice.
    /// </summary>
    public static MemoryType TypeOfPage(in MtrrState mtrrs, ulong page)
    {
        if ((mtrrs.DefaultType & Enable) == 0)
            return MemoryType.Uncacheable;
        if (page < 0x10_0000 && mtrrs.HasFixed && (mtrrs.DefaultType & FixedEnable) != 0)
        {
            var index = 0;
            ulong at = 0;
            for (; page >= at + SubRangeBytes(at); index++)
                at += SubRangeBytes(at);
            return (MemoryType)mtrrs.Fixed[index];
        }

        var seen = 0;
        var width = (1UL << mtrrs.PhysicalAddressBits) - 1;
        for (var i = 0; i < mtrrs.VariableCount; i++)
        {
            var physBase = mtrrs.Variable[2 * i];
            var physMask = mtrrs.Variable[(2 * i) + 1];
            var mask = physMask & width & ~0xFFFUL;
            if ((physMask & Valid) != 0 && (page & mask) == (physBase & mask))
                seen |= 1 << (byte)physBase;
        }

        const int WriteThroughAndBack = (1 << (int)MemoryType.WriteThrough) | (1 << (int)MemoryType.WriteBack);
        if (seen == 0)
            return (MemoryType)(byte)mtrrs.DefaultType;
        if (BitOperations.PopCount((uint)seen) == 1)
            return (MemoryType)BitOperations.Log2((uint)seen);
        return seen == WriteThroughAndBack ? MemoryType.WriteThrough : MemoryType.Uncacheable;
    }

    private static ulong SubRangeBytes(ulong address) => address < 0x8_0000 ? 0x1_0000UL : address < 0xC_0000 ? 0x4000UL : 0x1000UL;

    private MtrrTable Change(Func<MtrrState, MtrrState> change)
    {
        _state = change(_state);
        return this;
    }
}
