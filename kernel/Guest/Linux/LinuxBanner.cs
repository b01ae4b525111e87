using System;
using HvKernel.Memory;

namespace HvKernel.Guest.Linux;

/// <summary>The text that the kernel prints first, and shows in /proc/version.</summary>
public static class LinuxBanner
{
    /// <summary>Writes the banner without its line end, cut where <paramref name="text"/> ends; returns its length, 0 when it cannot be read.</summary>
    public static int Read<TMemory>(ref TMemory memory, in LinuxGuest guest, Span<byte> text)
        where TMemory : struct, IPhysicalMemory
    {
        var offset = guest.Symbols.Banner - guest.Image.Base;
        if (offset >= guest.Image.Size || !guest.TryOpenImage(ref memory, out var image))
            return 0;
        var length = 0;
        while (length < text.Length)
        {
            var letter = image.Byte((uint)offset + (uint)length);
            if (letter is 0 or (byte)'\n')
                break;
            text[length++] = letter;
        }
        return length;
    }
}
