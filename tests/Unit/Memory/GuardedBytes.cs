using System;
using System.Runtime.InteropServices;

namespace HvKernel.Tests.Memory;

/// <summary>
/// Bytes that end where the process has no memory, and begin likewise: reading one too many ends the test run at once, instead of
/// reading something.
/// </summary>
public sealed unsafe partial class GuardedBytes : IDisposable
{
    private const nuint Page = 4096;
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;

    private readonly byte* _mapping;
    private readonly nuint _size;

    public GuardedBytes(ReadOnlySpan<byte> content)
    {
        var length = (nuint)content.Length;
        _size = ((length + Page - 1) & ~(Page - 1)) + 2 * Page;
        _mapping = (byte*)MemoryMap(null, _size, ReadWrite, PrivateAnonymous, -1, 0);
        if (_mapping == (byte*)-1 || MemoryProtect(_mapping, Page, 0) != 0 || MemoryProtect(_mapping + _size - Page, Page, 0) != 0)
            throw new InvalidOperationException("no memory with guard pages");
        Start = _mapping + _size - Page - length;
        Length = content.Length;
        content.CopyTo(new Span<byte>(Start, content.Length));
    }

    public byte* Start { get; }

    public int Length { get; }

    public void Dispose() => MemoryUnmap(_mapping, _size);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* MemoryMap(void* address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int MemoryProtect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int MemoryUnmap(void* address, nuint length);
}
