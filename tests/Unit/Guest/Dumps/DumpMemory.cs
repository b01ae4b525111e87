using HvKernel.Memory;

namespace HvKernel.Tests.Guest.Dumps;

/// <summary>A piece of a dumped guest's memory.</summary>
public unsafe struct DumpSegment
{
    public ulong Physical;
    public ulong Length;
    public byte* Start;
}

/// <summary>The memory of a dumped guest. What the guest had no RAM for is not mapped.</summary>
public readonly unsafe struct DumpMemory(DumpSegment* segments, int count) : IPhysicalMemory
{
    public byte* Map(ulong address, ulong length)
    {
        for (var i = 0; i < count; i++)
        {
            var offset = address - segments[i].Physical;
            if (offset <= segments[i].Length && length <= segments[i].Length - offset)
                return segments[i].Start + offset;
        }
        return null;
    }
}
