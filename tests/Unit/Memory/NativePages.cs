using System;
using System.Runtime.InteropServices;
using HvKernel.Memory;

namespace HvKernel.Tests.Memory;

/// <summary>
/// Page-aligned memory that a <see cref="PagePool"/> hands out. Its pages have real addresses, so tables that are built from them can be
/// walked by following their entries; it begins as rubbish, so a page that is not zeroed shows.
/// </summary>
public sealed unsafe class NativePages : IDisposable
{
    private const ulong RubbishPages = 256;

    private readonly byte* _start;
    private readonly ulong _pages;

    public NativePages(ulong pages)
    {
        _pages = pages;
        _start = (byte*)NativeMemory.AlignedAlloc((nuint)(pages == 0 ? 1 : pages) * Page.Bytes, Page.Bytes);
        NativeMemory.Fill(_start, (nuint)(Math.Min(pages, RubbishPages) * Page.Bytes), 0xCC);
    }

    public byte* Start => _start;

    public ulong Bytes => _pages * Page.Bytes;

    /// <summary>A pool over the first pages: all of them, or as many as are asked for.</summary>
    public PagePool Pool(ulong pages = ulong.MaxValue)
    {
        PagePool pool = default;
        pool.Initialize(_start, Math.Min(pages, _pages) * Page.Bytes);
        return pool;
    }

    /// <summary>Pages that a pool made by <see cref="Pool"/> over all of them has handed out.</summary>
    public ulong Taken(in PagePool pool) => _pages - (pool.Remaining / Page.Bytes);

    public bool Owns(ulong address) => address >= (ulong)_start && address < (ulong)_start + Bytes;

    public void Dispose() => NativeMemory.AlignedFree(_start);
}
