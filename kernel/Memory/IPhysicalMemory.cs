namespace HvKernel.Memory;

/// <summary>
/// Guest-physical memory as the debugger may see it. The image implements it over its identity map, the host tests over a dump;
/// code that reads the guest is generic over it, so that the same source runs in both.
/// </summary>
public unsafe interface IPhysicalMemory
{
    /// <summary>
    /// The address at which <paramref name="length"/> bytes of guest RAM starting at guest-physical <paramref name="address"/> can be
    /// read and written, or null when any of those bytes is not RAM (a device, a hole, HvKernel's own memory) or the range wraps.
    /// </summary>
    byte* Map(ulong address, ulong length);
}
