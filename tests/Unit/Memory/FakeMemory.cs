using System;
using System.Runtime.InteropServices;
using HvKernel.Memory;

namespace HvKernel.Tests.Memory;

/// <summary>Guest RAM for tests: from 0 up to a size, zeroed, nothing beyond.</summary>
public sealed unsafe class FakeMemory : IDisposable
{
    private readonly byte* _start;
    private readonly ulong _size;

    public FakeMemory(ulong size)
    {
        _size = size;
        _start = (byte*)NativeMemory.AlignedAlloc((nuint)size, 4096);
        NativeMemory.Clear(_start, (nuint)size);
    }

    public byte* Start => _start;

    public View Open() => new(_start, _size);

    public void Write32(ulong address, uint value) => *(uint*)At(address, 4) = value;

    public void Write64(ulong address, ulong value) => *(ulong*)At(address, 8) = value;

    public void Fill(ulong address, ReadOnlySpan<byte> bytes) => bytes.CopyTo(new Span<byte>(At(address, (ulong)bytes.Length), bytes.Length));

    public ReadOnlySpan<byte> Bytes(ulong address, int length) => new(At(address, (ulong)length), length);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_start);
        GC.SuppressFinalize(this);
    }

    private byte* At(ulong address, ulong length)
        => address <= _size && length <= _size - address ? _start + address : throw new ArgumentOutOfRangeException(nameof(address));

    public readonly struct View(byte* start, ulong size) : IPhysicalMemory
    {
        public byte* Map(ulong address, ulong length) => address <= size && length <= size - address ? start + address : null;
    }
}
