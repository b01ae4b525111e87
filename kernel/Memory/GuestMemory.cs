using System;

namespace HvKernel.Memory;

/// <summary>
/// Reads and writes ranges of guest linear addresses, across pages, through a walk of the guest's own tables. The guest's write protection
/// does not hold a debugger back; memory that is not the guest's does (<see cref="IPhysicalMemory"/>).
/// </summary>
public static unsafe class GuestMemory
{
    /// <summary>
    /// Copies <paramref name="length"/> bytes from the guest and returns how many were copied: fewer when a page on the way is not mapped or
    /// not RAM, or the address space ends. <paramref name="end"/> says why it ended; Mapped when all were copied.
    /// </summary>
    public static ulong Read<TMemory>(ref TMemory memory, in GuestPaging paging, ulong address, byte* destination, ulong length, out GuestWalkResult end)
        where TMemory : struct, IPhysicalMemory
        => Transfer(ref memory, in paging, address, destination, length, write: false, out end);

    /// <summary>As <see cref="Read{TMemory}(ref TMemory, in GuestPaging, ulong, byte*, ulong, out GuestWalkResult)"/>, in the other direction.</summary>
    public static ulong Write<TMemory>(ref TMemory memory, in GuestPaging paging, ulong address, byte* source, ulong length, out GuestWalkResult end)
        where TMemory : struct, IPhysicalMemory
        => Transfer(ref memory, in paging, address, source, length, write: true, out end);

    /// <summary>Fills <paramref name="destination"/> from the guest; returns how many bytes were copied.</summary>
    public static int Read<TMemory>(ref TMemory memory, in GuestPaging paging, ulong address, Span<byte> destination)
        where TMemory : struct, IPhysicalMemory
    {
        if (destination.Length == 0)
            return 0;
        fixed (byte* start = &destination[0])
            return (int)Transfer(ref memory, in paging, address, start, (ulong)destination.Length, write: false, out _);
    }

    /// <summary>Copies <paramref name="source"/> to the guest; returns how many bytes were copied.</summary>
    public static int Write<TMemory>(ref TMemory memory, in GuestPaging paging, ulong address, ReadOnlySpan<byte> source)
        where TMemory : struct, IPhysicalMemory
    {
        if (source.Length == 0)
            return 0;
        fixed (byte* start = &source[0])
            return (int)Transfer(ref memory, in paging, address, start, (ulong)source.Length, write: true, out _);
    }

    /// <summary>Reads 8 bytes. An aligned value is read at once, so that a value which the guest is changing is the old or the new one.</summary>
    public static bool TryReadUInt64<TMemory>(ref TMemory memory, in GuestPaging paging, ulong address, out ulong value)
        where TMemory : struct, IPhysicalMemory
    {
        if ((address & 7) == 0)
        {
            value = 0;
            if (GuestPageWalk.Translate(ref memory, in paging, address, out var walk) != GuestWalkResult.Mapped)
                return false;
            var location = memory.Map(walk.Physical, 8);
            if (location == null)
                return false;
            value = *(ulong*)location;
            return true;
        }
        ulong read = 0;
        var done = Transfer(ref memory, in paging, address, (byte*)&read, 8, write: false, out _);
        value = read;
        return done == 8;
    }

    private static ulong Transfer<TMemory>(ref TMemory memory, in GuestPaging paging, ulong address, byte* buffer, ulong length, bool write, out GuestWalkResult end)
        where TMemory : struct, IPhysicalMemory
    {
        end = GuestWalkResult.Mapped;
        ulong done = 0;
        ulong pageLeft = 0;
        ulong physical = 0;
        while (done < length)
        {
            if (pageLeft == 0)
            {
                // 0 follows the highest address: nothing is mapped "beyond" the end of the address space.
                var linear = address + done;
                if (linear < address)
                {
                    end = GuestWalkResult.NonCanonical;
                    break;
                }
                end = GuestPageWalk.Translate(ref memory, in paging, linear, out var walk);
                if (end != GuestWalkResult.Mapped)
                    break;
                physical = walk.Physical;
                pageLeft = walk.PageSize - (linear & (walk.PageSize - 1));
            }

            // In steps of 4 KiB, because a large page may lie partly outside RAM.
            var step = GuestPageWalk.SmallPage - (physical & (GuestPageWalk.SmallPage - 1));
            if (step > length - done)
                step = length - done;
            var location = memory.Map(physical, step);
            if (location == null)
            {
                end = GuestWalkResult.NotRam;
                break;
            }
            if (write)
                Copy(location, buffer + done, step);
            else
                Copy(buffer + done, location, step);
            done += step;
            physical += step;
            pageLeft -= step;
        }
        return done;
    }

    private static void Copy(byte* destination, byte* source, ulong length)
    {
        ulong i = 0;
        for (; i + 8 <= length; i += 8)
            *(ulong*)(destination + i) = *(ulong*)(source + i);
        for (; i < length; i++)
            destination[i] = source[i];
    }
}
