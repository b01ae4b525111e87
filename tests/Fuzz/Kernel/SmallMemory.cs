using HvKernel.Memory;

namespace HvKernel.Fuzzing;

/// <summary>Guest RAM of some pages that end at a guard, one of which is a device's.</summary>
public readonly unsafe struct SmallMemory(byte* start, ulong size, ulong hole) : IPhysicalMemory
{
    /// <summary>The page that is no RAM.</summary>
    public ulong Hole => hole;

    public bool Has(ulong address, ulong length) =>
        address <= size && length <= size - address && (address >= hole + 4096 || address + length <= hole);

    public byte* Map(ulong address, ulong length) => Has(address, length) ? start + address : null;
}

/// <summary>
/// Memory of which each reader gets exactly what it asked for, copied to where it ends at a guard: for code that does not write. Large pieces
/// are given as they are.
/// </summary>
public unsafe struct ExactMemory<TMemory>(TMemory inner, ExactPieces pieces) : IPhysicalMemory
    where TMemory : struct, IPhysicalMemory
{
    private TMemory _inner = inner;

    public byte* Map(ulong address, ulong length)
    {
        var location = _inner.Map(address, length);
        return location == null || length > ExactPieces.Largest ? location : pieces.Next(location, (int)length);
    }
}

/// <summary>The places of <see cref="ExactMemory{TMemory}"/>, used in turn: as many as a reader may hold at a time.</summary>
public sealed unsafe class ExactPieces : System.IDisposable
{
    public const int Largest = 4096;
    private const int Count = 8;

    private readonly GuardedArea[] _areas = new GuardedArea[Count];
    private int _next;

    public ExactPieces()
    {
        for (var i = 0; i < Count; i++)
            _areas[i] = new GuardedArea(Largest);
    }

    /// <summary>Pieces given so far.</summary>
    public long Given { get; private set; }

    public byte* Next(byte* location, int length)
    {
        Given++;
        var area = _areas[_next++ % Count];
        var place = area.Last(length);
        if (length == sizeof(ulong))
            *(ulong*)place = System.Runtime.CompilerServices.Unsafe.ReadUnaligned<ulong>(location);
        else
            new System.ReadOnlySpan<byte>(location, length).CopyTo(new System.Span<byte>(place, length));
        return place;
    }

    public void Dispose()
    {
        foreach (var area in _areas)
            area.Dispose();
    }
}
