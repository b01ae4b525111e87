using HvKernel.Memory;

namespace HvKernel.Guest.Linux;

/// <summary>Reads the guest kernel's data by its addresses, whatever address space is current.</summary>
public static unsafe class LinuxMemory
{
    /// <summary>
    /// Where <paramref name="length"/> bytes at a kernel address can be read, or null; they must not cross a 4-KiB boundary. The image and
    /// the direct map are translated by arithmetic, the rest by a walk.
    /// </summary>
    public static byte* Locate<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong address, ulong length)
        where TMemory : struct, IPhysicalMemory
    {
        if (guest.Image.Contains(address))
            return memory.Map(address - guest.Image.Base + guest.Image.Physical, length);

        // What lies behind the direct map has an offset from it that is not RAM: the map is at least as large as memory.
        var offset = address - guest.DirectMap;
        if (offset <= PageRootPair.AddressBits)
        {
            var location = memory.Map(offset, length);
            if (location != null)
                return location;
        }
        return GuestPageWalk.Translate(ref memory, in guest.Kernel, address, out var walk) == GuestWalkResult.Mapped
            ? memory.Map(walk.Physical, length)
            : null;
    }

    /// <summary>Reads 8 bytes at an 8-byte boundary. False, and 0, when there is no memory there, or no boundary.</summary>
    public static bool TryReadUInt64<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong address, out ulong value)
        where TMemory : struct, IPhysicalMemory
    {
        var location = (address & 7) == 0 ? Locate(ref memory, in guest, address, 8) : null;
        value = location == null ? 0 : *(ulong*)location;
        return location != null;
    }

    /// <summary>Reads 4 bytes at a 4-byte boundary.</summary>
    public static bool TryReadUInt32<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong address, out uint value)
        where TMemory : struct, IPhysicalMemory
    {
        var location = (address & 3) == 0 ? Locate(ref memory, in guest, address, 4) : null;
        value = location == null ? 0 : *(uint*)location;
        return location != null;
    }

    /// <summary>The guest-physical address of a kernel address, for data in the image or the direct map; otherwise by a walk. False when unmapped.</summary>
    public static bool TryPhysical<TMemory>(ref TMemory memory, in LinuxGuest guest, ulong address, out ulong physical)
        where TMemory : struct, IPhysicalMemory
    {
        physical = 0;
        if (guest.Image.Contains(address))
            physical = address - guest.Image.Base + guest.Image.Physical;
        else if (address - guest.DirectMap <= PageRootPair.AddressBits && memory.Map(address - guest.DirectMap, 1) != null)
            physical = address - guest.DirectMap;
        else if (GuestPageWalk.Translate(ref memory, in guest.Kernel, address, out var walk) == GuestWalkResult.Mapped)
            physical = walk.Physical;
        else
            return false;
        return true;
    }
}
