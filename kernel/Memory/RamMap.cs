namespace HvKernel.Memory;

/// <summary>
/// Which physical addresses are RAM, from the firmware's memory map: a short sorted list, so that a debugger's read of a device or a hole is
/// refused instead of being performed. Pure.
/// </summary>
public unsafe struct RamMap
{
    public const int MaximumRanges = 64;

    public int Count;

    /// <summary>Ranges that did not fit; 0 on every machine seen.</summary>
    public int Lost;

    /// <summary>Start and end of each range in turn, ascending, not touching.</summary>
    public fixed ulong Bounds[2 * MaximumRanges];

    /// <summary>Adds a range; ranges may come in any order and may touch or overlap.</summary>
    public void Add(ulong start, ulong end)
    {
        if (start >= end)
        {
            return;
        }

        var first = 0;
        while (first < Count && Bounds[(2 * first) + 1] < start)
        {
            first++;
        }

        var last = first;
        while (last < Count && Bounds[2 * last] <= end)
        {
            if (Bounds[2 * last] < start)
            {
                start = Bounds[2 * last];
            }

            if (Bounds[(2 * last) + 1] > end)
            {
                end = Bounds[(2 * last) + 1];
            }

            last++;
        }

        var removed = last - first;
        if (removed == 0 && Count == MaximumRanges)
        {
            Lost++;
            return;
        }

        Shift(last, 1 - removed);
        Bounds[2 * first] = start;
        Bounds[(2 * first) + 1] = end;
    }

    /// <summary>Whether all of a range is RAM.</summary>
    public readonly bool Contains(ulong address, ulong length)
    {
        var end = address + length;
        if (end < address)
        {
            return false;
        }

        for (var i = 0; i < Count; i++)
        {
            if (address < Bounds[(2 * i) + 1])
            {
                return address >= Bounds[2 * i] && end <= Bounds[(2 * i) + 1];
            }
        }

        return false;
    }

    /// <summary>End of the highest range.</summary>
    public readonly ulong End => Count == 0 ? 0 : Bounds[(2 * Count) - 1];

    private void Shift(int from, int by)
    {
        if (by > 0)
        {
            for (var i = Count - 1; i >= from; i--)
            {
                Bounds[2 * (i + by)] = Bounds[2 * i];
                Bounds[(2 * (i + by)) + 1] = Bounds[(2 * i) + 1];
            }
        }
        else if (by < 0)
        {
            for (var i = from; i < Count; i++)
            {
                Bounds[2 * (i + by)] = Bounds[2 * i];
                Bounds[(2 * (i + by)) + 1] = Bounds[(2 * i) + 1];
            }
        }

        Count += by;
    }
}
