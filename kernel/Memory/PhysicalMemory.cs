namespace HvKernel.Memory;

/// <summary>Guest RAM through the resident identity map: every address is its own pointer, if it is RAM and not HvKernel's.</summary>
public readonly unsafe struct PhysicalMemory : IPhysicalMemory
{
    private readonly RamMap* _ram;
    private readonly ulong _hiddenStart;
    private readonly ulong _hiddenEnd;

    /// <param name="ram">What is RAM; lives as long as the machine.</param>
    /// <param name="hiddenStart">First byte of HvKernel's own memory.</param>
    /// <param name="hiddenEnd">End of HvKernel's own memory.</param>
    public PhysicalMemory(RamMap* ram, ulong hiddenStart, ulong hiddenEnd)
    {
        _ram = ram;
        _hiddenStart = hiddenStart;
        _hiddenEnd = hiddenEnd;
    }

    /// <inheritdoc/>
    public byte* Map(ulong address, ulong length)
    {
        if (!_ram->Contains(address, length) || (address < _hiddenEnd && address + length > _hiddenStart))
        {
            return null;
        }

        return (byte*)address;
    }
}
