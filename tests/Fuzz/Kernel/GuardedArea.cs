using System;
using System.Runtime.InteropServices;

namespace HvKernel.Fuzzing;

/// <summary>
/// Memory between two pages that nobody may touch, used again and again: what is placed in it stands against the one or the other, so
/// that reading one byte too many, or one too few, ends the process.
/// </summary>
public sealed unsafe partial class GuardedArea : IDisposable
{
    private const int Page = 4096;
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;

    private readonly byte* _mapping;
    private readonly nuint _size;

    public GuardedArea(int capacity)
    {
        Capacity = (capacity + Page - 1) & ~(Page - 1);
        _size = (nuint)Capacity + 2 * Page;
        _mapping = (byte*)MemoryMap(null, _size, ReadWrite, PrivateAnonymous, -1, 0);
        if (_mapping == (byte*)-1 || MemoryProtect(_mapping, Page, 0) != 0 || MemoryProtect(_mapping + Page + Capacity, Page, 0) != 0)
            throw new InvalidOperationException("no memory with guard pages");
        Start = _mapping + Page;
    }

    /// <summary>Bytes between the guards.</summary>
    public int Capacity { get; }

    /// <summary>The first byte behind the guard in front.</summary>
    public byte* Start { get; }

    /// <summary>The place of so many bytes that end at the guard behind.</summary>
    public byte* Last(int length) =>
        length <= Capacity ? Start + Capacity - length : throw new ArgumentOutOfRangeException(nameof(length), length, "more than there is room for");

    /// <summary>Copies bytes to where they end at the guard behind, or begin behind the guard in front.</summary>
    public byte* Place(ReadOnlySpan<byte> bytes, bool atStart = false)
    {
        var place = atStart ? Start : Last(bytes.Length);
        bytes.CopyTo(new Span<byte>(place, bytes.Length));
        return place;
    }

    public void Dispose()
    {
        var unmapped = MemoryUnmap(_mapping, _size);
        System.Diagnostics.Debug.Assert(unmapped == 0, "the mapping was there");
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* MemoryMap(void* address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MemoryProtect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int MemoryUnmap(void* address, nuint length);
}
